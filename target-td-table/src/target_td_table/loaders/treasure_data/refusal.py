"""What Treasure Data refuses, and the sentence for the person who runs the load."""

from target_td_table.errors import BusyError, DestinationError, SettingsError, TargetError
from target_td_table.loaders.treasure_data.address import REGIONS
from target_td_table.report import log


class RefusedError(Exception):
    """An answer that repeating would not change. Callers read it, or `told` makes a sentence.

    With status 0 there was none, and the message says why and what to do.
    """

    def __init__(
        self, path: str, status: int, message: str, conflicts_with: str | None = None
    ) -> None:
        super().__init__(f"{path}: {status} {message}")
        self.path = path
        self.status = status
        self.message = message
        self.conflicts_with = conflicts_with


class AwayError(BusyError):
    """There was no answer, or no end of a job, for long: asking more would take as long again."""


class LostSessionError(DestinationError):
    """A session does not tell any more which rows it brought, or whether it did.

    Sessions are forgotten by the service after some days: those that were not committed after 7.
    https://docs.treasuredata.com/articles/pd/data-retention
    """

    def __init__(self, session: str, table: str, advice: str) -> None:
        super().__init__(
            f"What became of the bulk import session `{session}` for `{table}` cannot be known "
            f"here. {advice}"
        )
        self.session = session
        self.table = table


# What a key is good for, and what to do with one that may not.
_MODES = (
    "A write-only key can append; replace, merge and `--print-state` need a master key. Use a "
    "master key, or mode append with the state of standard output."
)
STATES = (
    "With a write-only key no state is kept, so none can be read. Use a master key, or the last "
    "state that a load printed on its standard output."
)


def told(refusal: RefusedError, doing: str, keys: str = _MODES) -> TargetError:
    """A refusal as a sentence; `doing` says what was wanted, e.g. "append to `db.t`"."""
    said = f" It says: {refusal.message}" if refusal.message else ""
    if refusal.status == 401:
        return SettingsError(
            [
                (
                    "Treasure Data does not know the API key. A key is known in its own region only: "
                    f"correct the region in `destination`, one of {', '.join(REGIONS)}, or take a "
                    "key of that region from its console, as `apikey` or in TD_API_KEY."
                )
            ]
        )
    if refusal.status == 403:
        return SettingsError(
            [(f"Treasure Data does not let this API key {doing} (403 at {refusal.path}). {keys}")]
        )
    if refusal.status == 0:
        return SettingsError([f"Treasure Data was not reached: {refusal.message}"])
    return DestinationError(
        f"Treasure Data refused to {doing} ({refusal.status} at {refusal.path}).{said} Nothing "
        "more was committed. Correct what it names, and run again from the last state."
    )


def not_created(refusal: RefusedError, database: str, table: str) -> TargetError:
    """A refusal to make a table that is missing, or its database, as a sentence."""
    if refusal.status != 403:
        return told(refusal, f"create `{database}.{table}`")
    return SettingsError(
        [
            (
                f'Database "{database}" or table "{table}" doesn\'t exist, and this API key may not '
                f"create it (403 at {refusal.path}). Create it in the console, or use the key of "
                "someone who may create it."
            )
        ]
    )


def warn_of_the_rest(error: RefusedError | TargetError) -> None:
    """Tell of what failed after a publication was complete."""
    log.warning(
        "All of this publication is visible, and its state stands. Only what follows is not done: "
        "to tell of the load in `_td_loads`, by which pipelines that share a table know each other, "
        "and to delete sessions that have done their work. This is why: %s", error,
    )  # fmt: skip
