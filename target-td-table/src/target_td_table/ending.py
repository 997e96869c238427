"""Whether the input ended where its tap meant it to.

Singer has no last message. A tap that begins with a STATE, as ours does, says where it is from the
first row on; rows that no STATE follows are then what it was at when it died.
Decision: docs/decisions/0121-a-tap-that-dies-is-noticed.md.
"""

from collections import Counter
from collections.abc import Mapping


class Ending:
    """What came since the last STATE.

    Attributes:
        begins_with_state: Whether the tap says where it is from the first row on.
    """

    def __init__(self) -> None:
        self.begins_with_state = False
        self._has_rows = False
        self._rows: Counter[str] = Counter()

    def add(self, stream: str, rows: int) -> None:
        """Note rows."""
        self._has_rows = True
        self._rows[stream] += rows

    def note_state(self) -> None:
        """Note a STATE."""
        self.begins_with_state |= not self._has_rows
        self._rows.clear()

    def cut_streams(self) -> Mapping[str, int]:
        """The streams that the end of the input cuts, and how many rows no STATE followed."""
        return dict(self._rows) if self.begins_with_state else {}


def cut(streams: Mapping[str, int]) -> str:
    """Why rows are not loaded although the input came to its end."""
    rows = ", ".join(f"{count:,} of `{stream}`" for stream, count in streams.items())
    return (
        f"The input ended with rows that no STATE followed, as it does when the tap dies: {rows}. "
        "What came after the last state that this program wrote was not loaded, for the tap sends "
        "it again from there. Look at the tap's own errors and run both again from that state. A "
        "tap that never ends with a STATE can be loaded in mode merge."
    )
