"""How fast RECORD lines become parts at Treasure Data, against the official client's way.

    python bench/bench_treasure_data.py [rows]
    python bench/bench_treasure_data.py --memory     # ours alone, with text that hardly compresses

Both read the same RECORD lines and upload parts to one server in a process of its own, which keeps
them and does not look inside. Ours is the whole target, from the first line to the STATE; theirs
packs as td-client does: json, msgpack, and gzip record by record at its default level, 9. Both are
started once before, with a few rows: what is measured is not the start of a program. The process
that ours packs in is started within what is measured, and its CPU time and memory count.
"""

import contextlib
import gzip
import io
import json
import multiprocessing
import os
import platform
import random
import resource
import sys
import threading
import time
from collections.abc import Callable
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
_WARM_UP_ROWS = 100
_PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
_RANDOM_ROWS, _RANDOM_BYTES = 150_000, 1500


def serve(told: Connection) -> None:
    """Serve an account that keeps parts without looking inside."""

    def kept(session: FakeSession, _is_broken: object) -> None:
        session.is_performed = True

    FakeSession.check = kept  # type: ignore[method-assign, assignment]
    with served(FakeTreasureData()) as state:
        told.send(state.host)
        threading.Event().wait()


class Moment(io.StringIO):
    """Notes when something is written."""

    at = 0.0

    def write(self, text: str) -> int:
        """Note it."""
        self.at = time.perf_counter()
        return super().write(text)


def ours(lines: Path, host: str) -> float:
    """Load with the target; return when its STATE came out."""
    target = TargetTdTable(
        config={
            "destination": f"td://{host}/{DATABASE}",
            "apikey": MASTER,
            "time_column": "created",
        }
    )
    with lines.open("rb") as file, contextlib.redirect_stdout(Moment()) as out:
        target.listen(file)  # type: ignore[arg-type]
    if not out.getvalue():
        raise SystemExit("No state came out.")
    return out.at


def theirs(lines: Path, host: str) -> float:
    """Load with td-client; return when its last part was uploaded."""
    with tdclient.Client(MASTER, endpoint=f"http://{host}/") as client:
        name = f"theirs_{time.time_ns()}"
        client.create_log_table(DATABASE, name)
        client.create_bulk_import(name, DATABASE, name)
        with lines.open("rb") as file:
            messages = map(json.loads, file)
            found = (each["record"] for each in messages if each["type"] == "RECORD")
            for number, part in enumerate(parts(found)):
                size_bytes = part.tell()
                part.seek(0)
                client.bulk_import_upload_part(name, f"part_{number}", part, size_bytes)
    return time.perf_counter()


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


def write_random(folder: Path) -> None:
    """Write records of which every part holds few."""
    schema = {"properties": {"created": {"type": "integer"}, "text": {"type": "string"}}}
    line = {"type": "SCHEMA", "stream": STREAM, "schema": schema, "key_properties": ["created"]}
    with (folder / "in.singer").open("w") as file:
        file.write(json.dumps(line) + "\n")
        for number in range(_RANDOM_ROWS):
            record = {"created": number, "text": random.randbytes(_RANDOM_BYTES // 2).hex()}
            file.write(json.dumps({"type": "RECORD", "stream": STREAM, "record": record}) + "\n")
        file.write(json.dumps({"type": "STATE", "value": {"a": 1}}) + "\n")


def measured(label: str, load: Callable[[Path, str], float], lines: Path, host: str) -> list[float]:
    """Load, print how it went, and return the seconds and the CPU seconds.

    The CPU seconds hold what comes after the STATE, too: forgetting the session.
    """
    with lines.open("rb") as file:
        rows = sum(b'"RECORD"' in line[:20] for line in file)
    began, cpu = time.perf_counter(), cpu_seconds()
    wall = load(lines, host) - began
    busy = cpu_seconds() - cpu
    peak_mib = sum(resource.getrusage(each).ru_maxrss for each in _PROCESSES) / 1024
    print(f"{label:16}{wall:9.2f}{busy:7.2f}{rows / wall:10,.0f}{peak_mib:10,.0f}")
    return [wall, busy]


def cpu_seconds() -> float:
    """Of this process and of those it started that have ended; the server has not."""
    used = [resource.getrusage(each) for each in _PROCESSES]
    return sum(each.ru_utime + each.ru_stime for each in used)


def compare(folder: Path, host: str, rows: int) -> None:
    """Measure both and print the ratio."""
    for count in (_WARM_UP_ROWS, rows):
        records.write(folder, STREAM, count)
        lines = folder / "in.singer"
        our_wall, our_cpu = measured("ours", ours, lines, host)
        their_wall, their_cpu = measured("td-client's way", theirs, lines, host)
    print(f"ratio: {their_wall / our_wall:.1f} in time, {their_cpu / our_cpu:.1f} in CPU seconds")


def main() -> None:
    """Serve, and measure."""
    given = sys.argv[1] if len(sys.argv) > 1 else "50000"
    told, telling = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("spawn")
    server = context.Process(target=serve, args=(telling,), daemon=True)
    server.start()
    host = told.recv()
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"Python {platform.python_version()}, load {load}")
    print(f"{'':16}{'seconds':>9}{'CPU':>7}{'rows/s':>10}{'peak MiB':>10}")
    with TemporaryDirectory() as name:
        if given == "--memory":
            write_random(Path(name))
            measured("ours, random", ours, Path(name) / "in.singer", host)
        else:
            compare(Path(name), host, min(int(given), _MOST_ROWS))
    server.terminate()


if __name__ == "__main__":
    main()
