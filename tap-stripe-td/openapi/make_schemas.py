"""Make the JSON Schemas of every object in the stream table from the `stripe` package.

    python tap-stripe-td/openapi/make_schemas.py           # writes src/tap_stripe_td/schemas/
    python tap-stripe-td/openapi/make_schemas.py --check   # exits 1 if they are out of date

What the schemas promise is told in `json_schema.py`, and why in
docs/decisions/0201-schemas-come-from-the-stripe-package.md.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Final

import generated
from json_schema import object_schema
from json_text import format_json
from sdk import read_sdk
from unix_times import read_unix_times

from tap_stripe_td.streams.table import STREAMS

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER: Final = Path(__file__).parents[1] / "src" / "tap_stripe_td" / "schemas"


def wanted_files() -> Mapping[Path, str]:
    """Return every file that should be there, with its text."""
    sdk = read_sdk()
    times = read_unix_times()
    schemas = {
        FOLDER / f"{name}.json": format_json(object_schema(sdk, name, times.get(name, frozenset())))
        for name in sorted({kind for stream in STREAMS for kind in stream.kinds})
    }
    return {**schemas, FOLDER / "api_version.txt": sdk.api_version + "\n"}


def main() -> None:
    """Write the files, or check them."""
    parser = argparse.ArgumentParser(description="Make the JSON Schemas of Stripe's objects.")
    parser.add_argument("--check", action="store_true", help="write nothing, exit 1 if they differ")
    wanted, existing = wanted_files(), sorted(FOLDER.glob("*.json"))
    if parser.parse_args().check:
        stale = generated.stale(wanted, existing)
        generated.refuse_stale(stale, remake="python tap-stripe-td/openapi/make_schemas.py")
        return
    generated.write(wanted, existing)
    print(f"{len(wanted)} files in {FOLDER}")


if __name__ == "__main__":
    main()
