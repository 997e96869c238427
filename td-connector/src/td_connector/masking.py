"""What is secret in settings, so that it is neither shown nor logged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MASK = "***"

_SECRET_NAME = re.compile(
    r"(?:^|_)(?:secret|token|password|passwd|apikey|api_key|key)(?:$|_)", re.IGNORECASE
)
# Names that only sound secret; what is behind them is a path or the name of a field.
_OPEN_NAMES = frozenset({"token_file", "key_properties", "flattening_max_key_length"})
# Stripe's and Treasure Data's keys, wherever they stand.
_SECRET_SHAPE = re.compile(
    r"\b(?:sk|rk|whsec|rt|ac|uk)_(?:live_|test_)?[A-Za-z0-9_]{6,}|\b\d+/[0-9a-f]{40}\b"
)
_URL_PASSWORD = re.compile(r"(?P<before>\b[\w+.-]+://[^\s/:@]*:)(?P<secret>[^\s@]+)(?P<after>@)")
_URL_PARAMETER = re.compile(
    r"(?P<before>[?&](?:password|passwd|sslpassword|apikey|api_key|token)=)(?P<secret>[^&\s#]+)"
    r"(?P<after>)",
    re.IGNORECASE,
)

# Shorter ones would make the log unreadable, and no vendor gives out such.
_SHORTEST_SECRET = 6


def mask(value: Any, name: str = "") -> Any:
    """Return settings as they may be shown: every secret is `***`, all else as it was."""
    if isinstance(value, Mapping):
        return {key: mask(each, str(key)) for key, each in value.items()}
    if isinstance(value, list):
        return [mask(each, name) for each in value]
    if value is None or value == "":
        return value
    if _is_secret_name(name):
        return MASK
    return mask_text(value) if isinstance(value, str) else value


def mask_text(text: str) -> str:
    """Return a text in which keys and the passwords of URLs are `***`."""
    for pattern in (_URL_PASSWORD, _URL_PARAMETER):
        text = pattern.sub(rf"\g<before>{MASK}\g<after>", text)
    return _SECRET_SHAPE.sub(MASK, text)


@dataclass(frozen=True)
class Redactor:
    """Takes known secrets, and all that look like one, out of what programs say."""

    secrets: frozenset[str]

    @classmethod
    def of(cls, settings: Mapping[str, Any], environment: Mapping[str, str]) -> Redactor:
        """A redactor that knows the secrets of settings and of an environment."""
        named = {value for name, value in environment.items() if _is_secret_name(name)}
        found = named | set(_secrets(settings))
        return cls(frozenset(each for each in found if len(each) >= _SHORTEST_SECRET))

    def __repr__(self) -> str:
        """Show none of them."""
        return f"Redactor({len(self.secrets)} secrets)"

    def __call__(self, text: str) -> str:
        """Return the text without secrets."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return mask_text(text)


def _is_secret_name(name: str) -> bool:
    return name.lower() not in _OPEN_NAMES and bool(_SECRET_NAME.search(name))


def _secrets(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _secrets(each, str(key))
    elif isinstance(value, list):
        for each in value:
            yield from _secrets(each, name)
    elif isinstance(value, str):
        yield from [value] if _is_secret_name(name) else _passwords(value)


def _passwords(text: str) -> Iterator[str]:
    for pattern in (_URL_PASSWORD, _URL_PARAMETER):
        yield from (found["secret"] for found in pattern.finditer(text))
