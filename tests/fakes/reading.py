"""The tap inside the test's own process: half a second instead of three."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_stripe_td.command_line import exit_code
from tap_stripe_td.tap import TapStripeTd
from tests.fakes.messages import Message, Messages

if TYPE_CHECKING:
    from tap_stripe_td.errors import TapError


@dataclass(frozen=True)
class Run(Messages):
    """One run of the tap.

    Attributes:
        failures: Why some streams could not be read.
    """

    failures: tuple[TapError, ...]

    @property
    def exit_code(self) -> int:
        """What the program would exit with."""
        return exit_code(list(self.failures))


@dataclass(frozen=True)
class Tap:
    """The tap with the settings that reach a sandbox.

    Attributes:
        base_url: Where the sandbox answers.
        secret_key: The key to ask with.
        program: The tap itself.
    """

    base_url: str
    secret_key: str
    program: type[TapStripeTd] = TapStripeTd

    @property
    def settings(self) -> dict[str, Any]:
        """The settings as a file would hold them."""
        return {
            "base_url": self.base_url,
            "secret_key": self.secret_key,
            # The fake has no limits unless a test sets them.
            "requests_per_second": 10_000,
        }

    def read(
        self,
        *target: str,
        state: Message | None = None,
        catalog: Message | None = None,
        **settings: Any,
    ) -> Run:
        """Run the tap once, to its end."""
        named = {"target": list(target)} if target else {}
        tap = self.program(
            config={**self.settings, **named, **settings}, state=state, catalog=catalog
        )
        stdout = io.BytesIO()
        with io.TextIOWrapper(stdout, write_through=True) as text:
            with redirect_stdout(text):
                failures = tap.sync_selected()
            return Run(stdout.getvalue(), tuple(failures))

    def catalog(self) -> Message:
        """What `--discover` prints."""
        tap = self.program(config=self.settings, setup_mapper=False)
        catalog: Message = tap.catalog_dict
        return catalog
