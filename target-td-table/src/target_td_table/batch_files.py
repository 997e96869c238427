"""BATCH messages: files of records that the tap wrote, jsonl with or without gzip.

https://sdk.meltano.com/en/latest/batch.html
"""

import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

from target_td_table.errors import InputError
from target_td_table.messages import Batch

_BLOCK_BYTES = 1 << 20


def read(message: Batch, line: int) -> Iterator[list[bytes]]:
    """Yield the records of the files, a block at a time.

    Raises:
        InputError: If a file is of another format, elsewhere, or cannot be read.
    """
    file_format = message.encoding.get("format")
    compression = message.encoding.get("compression") or "none"
    if file_format != "jsonl" or compression not in ("gzip", "none"):
        raise InputError(
            f"The BATCH of `{message.stream}` on line {line} is {file_format} with compression "
            f"{compression}. Let the tap write jsonl, with compression gzip or none."
        )
    for url in message.manifest:
        path = _path(message, url, line)
        try:
            with gzip.open(path) if compression == "gzip" else path.open("rb") as file:
                yield from _blocks(file)
        except (OSError, EOFError, zlib.error) as error:
            raise InputError(
                f"The file `{path}` of the BATCH of `{message.stream}` on line {line} cannot be "
                f"read: {error}. Nothing of its batch was published."
            ) from error


def _blocks(file: io.BufferedIOBase) -> Iterator[list[bytes]]:
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
