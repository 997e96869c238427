"""How fast RECORD lines become parts at Treasure Data, against the official client's way.

    python bench/bench_treasure_data.py [rows]

Both read the same RECORD lines and upload parts to one server in a process of its own, which keeps
them and does not look inside. Ours is the whole target, from the first line to the STATE; theirs
packs as td-client does: json, msgpack, and gzip record by record at its default level, 9.
"""

import contextlib
import gzip
import io
import json
import multiprocessing
import platform
import resource
import sys
import threading
import time
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

import bench_target_records as records  # type: ignore[import-not-found]
import msgpack  # type: ignore[import-untyped]
import tdclient

from target_td_table.target import TargetTdTable
from tests.fakes.treasure_data import MASTER, FakeTreasureData
from tests.fakes.treasure_data_server import served
from tests.fakes.treasure_data_tables import FakeSession

STREAM, DATABASE = "charges", "shop"
_MOST_ROWS = 100_000
_THEIR_PART_ROWS = 25_000


def serve(told: Connection) -> None:
    """Serve an account that keeps parts without looking inside."""

    def kept(session: FakeSession, _is_broken: object) -> None:
        session.is_performed = True

    FakeSession.check = kept  # type: ignore[method-assign, assignment]
    with served(FakeTreasureData()) as state:
        told.send(state.host)
        threading.Event().wait()


def ours(lines: Path, host: str) -> None:
    """Load with the target."""
    target = TargetTdTable(
        config={
            "destination": f"td://{host}/{DATABASE}",
            "apikey": MASTER,
            "time_column": "created",
        }
    )
    with lines.open("rb") as file, contextlib.redirect_stdout(io.StringIO()) as out:
        target.listen(file)  # type: ignore[arg-type]
    if not out.getvalue():
        raise SystemExit("No state came out.")


def theirs(lines: Path, host: str) -> None:
    """Load with td-client."""
    with tdclient.Client(MASTER, endpoint=f"http://{host}/") as client:
        client.create_log_table(DATABASE, "theirs")
        client.create_bulk_import("theirs", DATABASE, "theirs")
        with lines.open("rb") as file:
            messages = map(json.loads, file)
            found = (each["record"] for each in messages if each["type"] == "RECORD")
            for number, part in enumerate(parts(found)):
                size_bytes = part.tell()
                part.seek(0)
                client.bulk_import_upload_part("theirs", f"part_{number}", part, size_bytes)


def parts(found: Any) -> Any:
    """Yield parts as td-client's `_prepare_file` makes them."""
    packer = msgpack.Packer()
    buffer = io.BytesIO()
    packed = gzip.GzipFile(fileobj=buffer, mode="wb")
    for number, record in enumerate(found, 1):
        packed.write(packer.pack(flat(record)))
        if number % _THEIR_PART_ROWS == 0:
            packed.close()
            yield buffer
            buffer = io.BytesIO()
            packed = gzip.GzipFile(fileobj=buffer, mode="wb")
    packed.close()
    yield buffer


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """A record as columns: nested values as JSON text, and the key."""
    text = {
        name: json.dumps(value) if isinstance(value, dict | list) else value
        for name, value in record.items()
    }
    return {**text, "time": 1767225600}


def main() -> None:
    """Measure both and print."""
    rows = min(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000, _MOST_ROWS)
    told, telling = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(telling,), daemon=True)
    server.start()
    host = told.recv()
    print(f"{rows:,} charges, Python {platform.python_version()}")
    print(f"{'':16}{'seconds':>9}{'CPU':>7}{'rows/s':>10}{'peak MiB':>10}")
    seconds = []
    with TemporaryDirectory() as name:
        records.write(Path(name), STREAM, rows)
        for label, load in (("ours", ours), ("td-client's way", theirs)):
            began, cpu = time.perf_counter(), time.process_time()
            load(Path(name) / "in.singer", host)
            seconds.append((time.perf_counter() - began, time.process_time() - cpu))
            peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            wall, busy = seconds[-1]
            print(f"{label:16}{wall:9.2f}{busy:7.2f}{rows / wall:10,.0f}{peak_mib:10,.0f}")
    (our_wall, our_cpu), (their_wall, their_cpu) = seconds
    print(f"ratio: {their_wall / our_wall:.1f} in time, {their_cpu / our_cpu:.1f} in CPU seconds")
    server.terminate()


if __name__ == "__main__":
    main()
