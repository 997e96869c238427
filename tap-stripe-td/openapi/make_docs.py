"""Make docs/streams.md from the stream table.

python tap-stripe-td/openapi/make_docs.py           # writes the page
python tap-stripe-td/openapi/make_docs.py --check   # exits 1 if it is out of date
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

import generated

from tap_stripe_td.streams.row import Coverage, CreatedFilter, Paging
from tap_stripe_td.streams.table import GONE, LEFT_OUT, STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_stripe_td.streams.row import Stream

PAGE: Final = Path(__file__).parents[2] / "docs" / "streams.md"

_BEFORE: Final = """\
<!-- Made by tap-stripe-td/openapi/make_docs.py from the stream table. Do not edit. -->

# Streams

One stream is one kind of Stripe object. `target` in the settings names what is read: stream names, old names, `core` (the default; marked •) or
`all`. A catalog overrides it.

- **Old name**: what the hosted connector called it; `target` takes it too. The old `account` stands for `account` (the key's own) and `accounts`
  (connected ones).
- **Changes are seen by**: how the tap learns of an update. *Events* are Stripe's own log of the last 30 days. No list of Stripe can be narrowed by
  the time of an update, so what events do not tell is only seen by reading again. Of what is read again, only what changed is sent.
- **Hangs on**: the stream whose objects have the list. It is read where its parent is read, whole, also past the ten that the parent carries; the
  parent's own record stays as Stripe sent it. Where the parent carries no list this costs a request for each parent. `start_datetime` and
  `end_datetime` are compared with the parent's creation.
- **Permission**: what a restricted key needs to read it. Where Stripe's pages name none, its refusal does.
"""

_HEAD: Final = (
    "Stream",
    "",
    "Old name",
    "Key",
    "Hangs on",
    "Changes are seen by",
    "What events or its list do not tell",
    "Permission",
)


def page() -> str:
    """Return the whole page."""
    rows = [_line(_HEAD), _line("---" for _ in _HEAD), *(_line(_cells(row)) for row in STREAMS)]
    return (
        "\n".join([_BEFORE, *rows, "", "## Gone", "", *_gone(), *_not_in_all(), *_left_out()])
        + "\n"
    )


def _cells(row: Stream) -> tuple[str, ...]:
    return (
        f"`{row.name}`",
        "•" if row.core else "",
        _code(row.aliases),
        _code(row.key),
        "" if row.parent is None else f"`{row.parent.stream}`",
        _seen_by(row),
        f"{row.gap} {row.unlisted}".strip(),
        f"`{row.permission}`" if row.permission else "",
    )


def _seen_by(row: Stream) -> str:
    if row.parent is not None:
        followed = [f"changes of `{row.parent.stream}`"] if row.parent.tells else []
        return "; ".join([*(["events"] if row.events else []), *followed])
    match row.coverage:
        case Coverage.FULL:
            return "events"
        case Coverage.PARTIAL if row.created_filter is CreatedFilter.NONE:
            return "events"
        case Coverage.PARTIAL:
            return f"events; {_again(row)}"
        case Coverage.NONE | Coverage.PARENT:
            return _again(row)
        case Coverage.SELF:
            return "nothing changes; reading on"


def _again(row: Stream) -> str:
    if row.paging is Paging.SINGLE:
        return "reading it again"
    if row.created_filter is CreatedFilter.NONE or row.relisted:
        return "reading the whole list again"
    return "reading the last `reconcile_days` again"


def _gone() -> Iterable[str]:
    for sentence in dict.fromkeys(GONE.values()):
        names = (name for name, reason in GONE.items() if reason == sentence)
        yield f"- {_code(names)}: {sentence}"


def _not_in_all() -> Iterable[str]:
    yield from ("", "## Not part of `all`", "")
    for row in STREAMS:
        if row.requires:
            yield f"- `{row.name}`: Stripe refuses this list without {_code(row.requires)}."


def _left_out() -> Iterable[str]:
    yield from ("", "## Lists that are no streams", "")
    for path, reason in LEFT_OUT.items():
        yield f"- `{path}`: {reason}"


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Write the page, or check it."""
    parser = argparse.ArgumentParser(description="Make docs/streams.md.")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if it differs")
    wanted = {PAGE: page()}
    if parser.parse_args().check:
        stale = generated.stale(wanted, [])
        generated.refuse_stale(stale, remake="python tap-stripe-td/openapi/make_docs.py")
        return
    generated.write(wanted, [])
    print(PAGE)


if __name__ == "__main__":
    main()
