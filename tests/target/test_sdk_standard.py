"""singer-sdk's own tests of a target."""

import pytest
from singer_sdk.testing import get_target_test_class

from target_td_table.target import TargetTdTable

# The working directory is the test's own, and with it the default destination.
StandardTests = get_target_test_class(TargetTdTable, config={})


@pytest.mark.usefixtures("working_directory")
class TestStandardTargetTests(StandardTests):  # type: ignore[misc, valid-type]
    pass
