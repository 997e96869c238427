"""An account's permission to read it, given to an app: what the settings say of OAuth."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_stripe_td.auth import Secret


@dataclass(frozen=True)
class Grant:
    """An account's permission to read it, given to an app.

    Attributes:
        client_secret: The app's secret key.
        refresh_token: What the account's owner allowed.
        token_file: Where the tokens that follow from it are kept.
    """

    client_secret: Secret
    refresh_token: Secret
    token_file: Path


def default_token_file(refresh_token: str, environment: Mapping[str, str]) -> Path:
    """Return where the tokens are kept when the settings do not say."""
    # Named after the first token: a new authorization starts with a file of its own.
    name = hashlib.sha256(refresh_token.encode()).hexdigest()[:16]
    home = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(home) / "tap-stripe-td" / f"{name}.json"
