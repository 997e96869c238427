"""Whether memory and disk stay flat, whatever the size of the input.

    python bench/bench_target_memory.py [charges|balance_transactions] [rows]

Makes the records on the fly and pipes them into the target. Prints, for each tenth of the input,
the resident memory and the size of the batches on disk, and at the end the peaks.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import bench_target_records as records  # type: ignore[import-not-found]

MIB = 1 << 20
SAMPLE_SECONDS = 0.1
# As many records as are made once; their ids are made anew.
POOL_ROWS = 1_000


def lines(stream: str, rows: int) -> Iterator[bytes]:
    """Yield a SCHEMA, records of ever new ids, and a STATE after each page."""
    head = {"type": "SCHEMA", "stream": stream, "key_properties": ["id"]}
    yield json.dumps(head | {"schema": records.schema(stream)}).encode() + b"\n"
    make = records.KINDS[stream][1]
    pool = [
        json.dumps(make(number), separators=(",", ":"), ensure_ascii=False).encode().split(b'"', 4)
        for number in range(POOL_ROWS)
    ]
    start = f'{{"type":"RECORD","stream":"{stream}","record":{{"id":"'.encode()
    for number in range(rows):
        yield b'%s%024d"%s}\n' % (start, number, pool[number % POOL_ROWS][4])
        if number % records.PAGE_RECORDS == records.PAGE_RECORDS - 1:
            yield b'{"type":"STATE","value":{"n":%d}}\n' % number


class Watch:
    """Samples a process and a folder until the process ends."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.memory_bytes = self.disk_bytes = self.peak_memory_bytes = self.peak_disk_bytes = 0
        self._statm, self._folder = Path(f"/proc/{pid}/statm"), folder
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                pages = int(self._statm.read_text().split()[1])
                self.memory_bytes = pages * os.sysconf("SC_PAGE_SIZE")
                files = self._folder.rglob("*")
                self.disk_bytes = sum(file.stat().st_size for file in files if file.is_file())
            except (OSError, IndexError):
                # A file or the process may go away while it is looked at.
                if not self._statm.exists():
                    return
            self.peak_memory_bytes = max(self.peak_memory_bytes, self.memory_bytes)
            self.peak_disk_bytes = max(self.peak_disk_bytes, self.disk_bytes)
            time.sleep(SAMPLE_SECONDS)


def feed(sink: IO[bytes], stream: str, rows: int, watch: Watch) -> None:
    """Write the input, and tell of each tenth."""
    page: list[bytes] = []
    for number, line in enumerate(lines(stream, rows)):
        page.append(line)
        if len(page) == records.PAGE_RECORDS:
            sink.write(b"".join(page))
            page = []
        if number and number % (rows // 10) == 0:
            memory, disk = watch.memory_bytes / MIB, watch.disk_bytes / MIB
            print(
                f"{number:>10,} lines: {memory:>5,.0f} MiB of memory, {disk:>5,.0f} MiB of batches"
            )
    sink.write(b"".join(page))
    sink.close()


def main() -> None:
    """Print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stream", nargs="?", default="charges", choices=list(records.KINDS))
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name) / "scratch"
        scratch.mkdir()
        program = subprocess.Popen(
            [Path(sys.executable).with_name("target-td-table"), f"--destination=duckdb:///{name}/x.duckdb"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(scratch)},
        )  # fmt: skip
        assert program.stdin is not None
        watch = Watch(program.pid, scratch)
        feed(program.stdin, given.stream, given.rows, watch)
        code = program.wait()
    memory, disk = watch.peak_memory_bytes / MIB, watch.peak_disk_bytes / MIB
    print(
        f"exit {code}; at most {memory:,.0f} MiB of memory and {disk:,.0f} MiB of batches on disk"
    )


if __name__ == "__main__":
    main()
