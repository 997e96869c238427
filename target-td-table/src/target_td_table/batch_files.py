"""BATCH messages: files of records that the tap wrote, jsonl with or without gzip, or Parquet.

https://sdk.meltano.com/en/latest/batch.html
"""

import contextlib
import gzip
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, cast
from urllib.parse import unquote, urlparse

from target_td_table.errors import InputError
from target_td_table.messages import Batch

Opener = Callable[[Path], contextlib.AbstractContextManager[IO[bytes]]]
_BLOCK_BYTES = 1 << 20


def read(message: Batch, line: int) -> Iterator[list[bytes]]:
    """Yield the records of the files, a block at a time.

    Raises:
        InputError: If a file is of another format, elsewhere, or cannot be read.
    """
    opener = _opener(message, line)
    for url in message.manifest:
        path = _path(message, url, line)
        try:
            with opener(path) as file:
                yield from _blocks(file)
        except (OSError, EOFError, ValueError, zlib.error) as error:
            raise InputError(
                f"The file `{path}` of the BATCH of `{message.stream}` on line {line} cannot be "
                f"read: {getattr(error, 'strerror', None) or error}. Nothing of its batch was "
                "published. See that the tap writes it where this program can read it, and run "
                "both again."
            ) from error


def _opener(message: Batch, line: int) -> Opener:
    file_format = str(message.encoding.get("format"))
    compression = str(message.encoding.get("compression") or "none")
    # In a Parquet file the compression is a matter of its own, and stands in it.
    opener = _OPENERS.get((file_format, "" if file_format == "parquet" else compression))
    if opener is None:
        raise InputError(
            f"The BATCH of `{message.stream}` on line {line} has the format {file_format} with "
            f"compression {compression}. Let the tap's `batch_config` say jsonl, with compression "
            "gzip or none, or parquet."
        )
    return opener


def _plain(path: Path) -> IO[bytes]:
    return path.open("rb")


def _gzipped(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path))


@contextlib.contextmanager
def _parquet(path: Path) -> Iterator[IO[bytes]]:
    from target_td_table.parquet import as_json_lines

    with as_json_lines(path) as written, written.open("rb") as file:
        yield file


_OPENERS: Mapping[tuple[str, str], Opener] = {
    ("jsonl", "none"): _plain,
    ("jsonl", "gzip"): _gzipped,
    ("parquet", ""): _parquet,
}


def _blocks(file: IO[bytes]) -> Iterator[list[bytes]]:
    while lines := file.readlines(_BLOCK_BYTES):
        records = [line.rstrip(b"\r\n") for line in lines]
        if found := [record for record in records if record.strip()]:
            yield found


def _path(message: Batch, url: str, line: int) -> Path:
    parts = urlparse(url)
    if parts.scheme not in ("", "file"):
        raise InputError(
            f"The BATCH of `{message.stream}` on line {line} is at `{parts.scheme}://`. Only files "
            "of this machine can be read. Give the tap a `batch_config` with a `file://` root."
        )
    return Path(unquote(parts.path))
