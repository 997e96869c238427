"""The newest OAuth tokens on disk: Stripe Apps give a new refresh token at every exchange.

https://docs.stripe.com/stripe-apps/api-authentication/oauth
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec

from tap_stripe_td.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Tokens(msgspec.Struct, frozen=True):
    """What an exchange gave.

    Attributes:
        refresh_token: What the next exchange must be made with.
        access_token: The key that requests are made with; empty before the first exchange.
        obtained_at: When, in Unix seconds by this machine's clock.
        expires: Whether the access token lives an hour only.
    """

    refresh_token: str
    access_token: str = ""
    obtained_at: float = 0.0
    expires: bool = True

    def __repr__(self) -> str:
        return "Tokens(…)"


_tokens_decoder = msgspec.json.Decoder(Tokens)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the tokens alone, so that two processes do not exchange the same refresh token.

    Raises:
        ConfigError: If the folder cannot be written.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError(_unwritable(path, error)) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def read_tokens(path: Path) -> Tokens | None:
    """Return the tokens that were stored last, None when there are none.

    Raises:
        ConfigError: If the file is damaged.
    """
    try:
        return _tokens_decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is damaged"
        raise ConfigError(
            f"The token file `{path}` cannot be read: {reason}. Remove it, let the account's owner "
            "authorize again, and put the new `refresh_token` into the settings."
        ) from None


def write_tokens(path: Path, tokens: Tokens) -> None:
    """Store the tokens, readable by their owner only; a crash leaves the old or the new ones.

    Raises:
        ConfigError: If the file cannot be written.
    """
    fresh = path.with_name(path.name + ".new")
    try:
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "wb") as stream:
            stream.write(msgspec.json.encode(tokens))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    except OSError as error:
        raise ConfigError(_unwritable(path, error)) from None


def _unwritable(path: Path, error: OSError) -> str:
    return (
        f"The token file `{path}` cannot be written: {error.strerror}. Stripe gives a new refresh "
        "token at every exchange and it must be kept: name a file in a writable folder in "
        "`token_file`."
    )
