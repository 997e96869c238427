"""singer-sdk's own tests of a target."""

from pathlib import Path

import pytest
from singer_sdk.testing import get_target_test_class

from target_td_table.target import TargetTdTable

# The working directory is the test's own, so the default destination is too.
StandardTests = get_target_test_class(TargetTdTable, config={})


@pytest.mark.usefixtures("working_directory")
class TestStandardTargetTests(StandardTests):  # type: ignore[misc, valid-type]
    pass


def test_standard_tests_left_their_tables(working_directory: Path) -> None:
    assert not list(working_directory.iterdir())
