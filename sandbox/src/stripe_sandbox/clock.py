"""The sandbox's time: real, or standing still until it is moved."""

from __future__ import annotations

import time
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stripe_sandbox.json_types import UnixSeconds


@dataclass
class Clock:
    """Stands at `fixed`, or follows the real clock when `fixed` is `None`; `ahead` is added."""

    fixed: UnixSeconds | None = None
    ahead: int = 0

    def now(self) -> UnixSeconds:
        """The present second."""
        base = int(time.time()) if self.fixed is None else self.fixed
        return base + self.ahead

    def http_date(self) -> str:
        """The present second as the header `Date` writes it."""
        return formatdate(self.now(), usegmt=True)
