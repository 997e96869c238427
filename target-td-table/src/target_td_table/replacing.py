"""When a stream may replace its table. Decision: docs/decisions/0103-what-replaces-a-table.md."""

from collections.abc import Sequence

from target_td_table.report import log
from target_td_table.sink import Sink


def is_whole(sink: Sink, *, is_cut: bool = False) -> bool:
    """Whether the tap read the stream to its end, as far as Singer lets it say so.

    Records with a version are whole when their ACTIVATE_VERSION came and all of them came in this
    run. Records without one come from a tap that never says it, or from an incremental read; they
    are not if the end of the input is seen to have cut them.
    """
    if sink.version is None and is_cut:
        return False
    return sink.version in (None, sink.activated) and not sink.is_resumed


def has_news(sink: Sink) -> bool:
    """Whether there is something to put in the place of the table's rows.

    A stream that sent neither a record nor ACTIVATE_VERSION may be empty, or its tap may have
    died early; its table is left alone.
    """
    return is_whole(sink) and (sink.rows > 0 or sink.activated is not None)


def warn(sinks: Sequence[Sink]) -> None:
    """Say what a person might not expect of mode replace."""
    silent = [sink for sink in sinks if is_whole(sink) and not has_news(sink)]
    if silent:
        log.warning(
            "%s sent no record and no ACTIVATE_VERSION; the table is left as it was. If the "
            "stream is empty now, delete the rows yourself.",
            _named(silent),
        )
    unversioned = [sink for sink in sinks if sink.rows and sink.version is None]
    if unversioned:
        log.warning(
            "%s sent records without a version in mode replace. If the tap started from a state, "
            "it read only what is new, and now the table holds only that. Run the tap without a "
            "state, or use mode append.",
            _named(unversioned),
        )


def unfinished(sinks: Sequence[Sink]) -> str:
    """Why the load is refused although the input came to its end."""
    resumed = [sink for sink in sinks if sink.is_resumed]
    if resumed:
        return (
            f"The tap resumed {_named(resumed)} from a state, and the first part came in an earlier "
            "run, so mode replace would leave a part of the stream. Its rows were discarded, its "
            "table is as it was, and no state was written. Run the tap without the state."
        )
    signs = (
        "ACTIVATE_VERSION" if any(sink.version for sink in sinks) else "the STATE after its rows"
    )
    return (
        f"{_named(sinks)} ended without {signs}, so the tap did not read it to its end. "
        "Its rows were discarded, its table is as it was, and no state was written. Look at the "
        "tap's own errors and run again."
    )


def _named(sinks: Sequence[Sink]) -> str:
    return ", ".join(f"`{sink.table.stream}`" for sink in sinks)
