"""The demo of the repository."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

import click

from td_connector.errors import UserError


@click.command()
def demo() -> None:
    """Load a sandbox's Stripe objects into tables, then only what changed.

    With STRIPE_API_KEY it reads that account instead, and changes nothing there.
    """
    if find_spec("stripe_sandbox") is None:
        raise UserError(
            "The demo needs the Stripe sandbox of this project's repository. Clone it and type "
            "`make demo`; or use a Stripe test key with `td-connector guess`."
        )
    sys.stdout.flush()
    # In the place of this program: then a Ctrl-C reaches one, and its exit code is the command's.
    os.execv(sys.executable, [sys.executable, "-m", "stripe_sandbox.demo"])  # noqa: S606 - ours
