"""Files of records, which BATCH messages name instead of carrying them.

https://sdk.meltano.com/en/latest/batch.html
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from singer_sdk.helpers._batch import BatchConfig

from tap_stripe_td.errors import ConfigError
from tap_stripe_td.messages import batch_line, encoded_lines

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COMPRESSION_LEVEL = 1
"""A file is read once: the least work for nine tenths of what the highest level saves."""


@dataclass(frozen=True)
class BatchFiles:
    """Where records of this run are written to.

    Attributes:
        settings: singer-sdk's, made sense of.
        prefix: What the names of all files begin with.
    """

    settings: BatchConfig
    prefix: str

    @classmethod
    def of(cls, raw: Mapping[str, Any] | None, program: str) -> BatchFiles | None:
        """Return where singer-sdk's setting `batch_config` says, None when it is not set.

        Raises:
            ConfigError: If it says nothing of use.
        """
        if not raw:
            return None
        try:
            settings = BatchConfig.from_dict(dict(raw))
        except (TypeError, KeyError) as error:
            raise ConfigError(
                f"`batch_config` cannot be made sense of: {error}. Give `encoding` with a `format`, "
                "and `storage` with a `root` such as `file:///var/spool/stripe`."
            ) from None
        encoding = settings.encoding
        if encoding.format != "jsonl" or encoding.compression not in {None, "none", "gzip"}:
            raise ConfigError(
                f"`batch_config` asks for {encoding.format} with compression "
                f"{encoding.compression or 'none'}. This tap writes jsonl, with gzip or none."
            )
        return cls(settings, f"{settings.storage.prefix or ''}{program}-{uuid4()}")

    @property
    def rows(self) -> int:
        """How many records go into the files of one moment at the most."""
        return self.settings.batch_size

    def write(
        self, stream: str, records: Sequence[Mapping[str, object]], version: int | None, number: int
    ) -> bytes:
        """Write records to a file; return the BATCH line that names it.

        Raises:
            ConfigError: If the file cannot be written.
        """
        encoding = self.settings.encoding
        is_small = encoding.compression == "gzip"
        name = f"{self.prefix}-{stream}-{number}.jsonl{'.gz' if is_small else ''}"
        lines = encoded_lines(records)
        try:
            with self.settings.storage.open(name, "wb") as file:
                file.write(gzip.compress(lines, _COMPRESSION_LEVEL) if is_small else lines)
        except OSError as error:
            raise ConfigError(
                f"The batch file `{name}` cannot be written ({error.strerror or error}). Make room "
                "there, or name another `storage` in `batch_config`."
            ) from None
        url = self.settings.storage.get_url(name)
        described = {"format": encoding.format, "compression": encoding.compression or "none"}
        return batch_line(stream, described, url, version)
