"""What is wrong with the text of one setting, as the rest of a sentence; None when nothing is."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
FORMULAS = ("gt", "gte", "lt", "lte")


def key(value: str) -> str | None:
    """Refuse what is no secret key, restricted key or token."""
    text = value.strip()
    if text.startswith(("pk_", "ca_", "whsec_")):
        return (
            "holds a publishable key, a client id or a webhook secret. Use the secret key "
            "(`sk_…`) or a restricted key (`rk_…`)."
        )
    if not text.isascii() or re.search(r"\s", text) or not text:
        return "is empty or has characters that no key has. Copy it again."
    return None


def formula(value: str) -> str | None:
    """Refuse what is no comparison."""
    if value in FORMULAS:
        return None
    return (
        f"is {value!r}, but must be one of gt, gte, lt, lte: how `created` compares with "
        "`start_datetime`."
    )


def version(value: str) -> str | None:
    """Refuse what no API version looks like."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d(\.[a-z]+)?", value):
        return None
    return f"is {value!r}, but must look like '2026-10-28.endive'."


def url(value: str) -> str | None:
    """Refuse where the key would travel in the open."""
    try:
        url = urlsplit(value)
        host, _ = url.hostname, url.port
    except ValueError:
        return f"is {value!r}, which is no URL. Leave it out for Stripe itself."
    if url.scheme == "https" and host:
        return None
    if url.scheme == "http" and host in LOOPBACK:
        return None
    return (
        f"is {value!r}, but must be https, or http on this machine: the key would travel in the "
        "open."
    )
