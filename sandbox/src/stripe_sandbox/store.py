"""A world as a JSON document, and documents as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stripe_sandbox.keys import Access
from stripe_sandbox.oauth import Grants
from stripe_sandbox.runs import Bulk
from stripe_sandbox.shelf import Row

if TYPE_CHECKING:
    from stripe_sandbox.ledger import Ledger
    from stripe_sandbox.shelves import Shelves

FORMAT = 1


def write(path: str | Path, document: dict[str, Any]) -> None:
    """Write a document to a file, all or nothing."""
    target = Path(path)
    unfinished = target.with_name(target.name + ".unfinished")
    text = json.dumps({"format": FORMAT, **document}, ensure_ascii=False)
    try:
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(target)
    except OSError:
        # On a full disk it would take the room that is left.
        unfinished.unlink(missing_ok=True)
        raise


def read(path: str | Path) -> dict[str, Any]:
    """The document in a file.

    Raises:
        ValueError: If the file was written by another version of the sandbox.
    """
    document: dict[str, Any] = json.loads(Path(path).read_text(encoding="utf-8"))
    if document.get("format") != FORMAT:
        raise ValueError(f"{path} is not a sandbox of this version. Delete it to start a new one.")
    return document


def of_access(access: Access) -> list[Any]:
    """A key as JSON."""
    permissions = None if access.permissions is None else sorted(access.permissions)
    return [access.key, access.account, permissions, access.expires_at]


def to_access(
    key: str, account: str, permissions: list[str] | None, expires_at: int | None
) -> Access:
    """A key from JSON."""
    granted = None if permissions is None else frozenset(permissions)
    return Access(key, account, granted, expires_at)


def of_grants(grants: Grants) -> dict[str, Any]:
    """What account holders allowed, as JSON."""
    return {
        "codes": grants.codes,
        "refresh_tokens": grants.refresh_tokens,
        "issued": grants.issued,
    }


def to_grants(stored: dict[str, Any]) -> Grants:
    """What account holders allowed, from JSON."""
    codes, tokens = (
        {name: (flow, account) for name, (flow, account) in stored[key].items()}
        for key in ("codes", "refresh_tokens")
    )
    return Grants(codes, tokens, stored["issued"])


def of_ledger(ledger: Ledger) -> dict[str, Any]:
    """An account as JSON; the objects of runs stay a rule."""
    by_kind = ledger.shelves.by_kind
    rows = [
        [row.kind, row.identity, row.key, row.text, row.parent, row.visible_at, row.listed]
        for shelf in by_kind.values()
        for row in shelf.rows.values()
    ]
    runs = [
        [run.kind, run.count, run.since, run.until, run.first_sequence, run.given]
        for shelf in by_kind.values()
        for run in shelf.runs
        if isinstance(run, Bulk)
    ]
    return {
        "event_api_version": ledger.event_api_version,
        "late_seconds": ledger.late_seconds,
        "sequence": ledger.shelves.sequence,
        "deleted": ledger.shelves.deleted,
        "runs": runs,
        "rows": rows,
    }


def fill(shelves: Shelves, stored: dict[str, Any]) -> None:
    """Put an account's objects from JSON on empty shelves."""
    shelves.sequence = stored["sequence"]
    for run in stored["runs"]:
        shelves.add_run(run[0], Bulk(*run))
    for identity, kind in stored["deleted"].items():
        if (row := shelves.shelf(kind).get(identity)) is not None:
            shelves.remove(row)
    for row in stored["rows"]:
        shelves.put(Row(*row))
    shelves.deleted.update(stored["deleted"])
