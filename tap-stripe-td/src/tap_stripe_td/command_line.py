"""What surrounds a run of the program: log lines, signals, and how a refusal ends it."""

from __future__ import annotations

import errno
import gc
import json
import logging
import os
import signal
import sys
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click
from singer_sdk.logging import StructuredFormatter

from tap_stripe_td.errors import ConfigError, StripeRefusedError, TapError, TryLaterError
from tap_stripe_td.messages import OutputError, ReaderGoneError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

PROGRAM = "tap-stripe-td"

OPTIONS_HELP = {
    "discover": "Print the catalog of all streams and exit.",
    "catalog": "A catalog that chooses streams and fields, as --discover prints it.",
    "state": "The state of the last run: what came since is read.",
}
"""Ours in the place of singer-sdk's words."""

CLOSED_PIPE_EXIT_CODE = 128 + signal.SIGPIPE
"""What a shell gives for a program whose reader went away."""


PATIENCE_SECONDS = 10
"""How long a run that is asked to stop may take to write its last state."""


class StoppedBySignal(BaseException):
    """The run ended early, in order, because somebody asked for it."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.exit_code = 128 + number
        super().__init__(number)


def main(command: Callable[[], click.Command]) -> None:
    """Run a command line and exit with the code that says how it ended."""
    set_up_logging()
    # What is imported stays; records come and go without cycles, so looking for some is in vain.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)
    code = _exit_code(command)
    # Python's own end would tell of Ctrl-C by a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


def _exit_code(command: Callable[[], click.Command]) -> int:
    try:
        # A shell starts programs in the background with Ctrl-C ignored; asked to stop, this one
        # stops.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        return _run(command())
    except TapError as error:
        refuse(error)
        return error.exit_code
    except click.ClickException as error:
        with suppress(OSError):
            error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except (ReaderGoneError, OutputError, OSError) as error:
        return _end_without_output(error)
    except StoppedBySignal as stopped:
        name = "Ctrl-C" if stopped.number == signal.SIGINT else "SIGTERM"
        _tell(
            f"Stopped by {name}. What was written stays valid; run again with the last state that "
            "the target let out."
        )
        return stopped.exit_code


def _run(command: click.Command) -> int:
    """Run the command, and write all of its output; return its exit code.

    Click's own `main` would end with 1 whatever is wrong with the output.
    """
    try:
        with command.make_context(PROGRAM, sys.argv[1:]) as context:
            result = command.invoke(context)
    except click.exceptions.Exit as ended:
        result = ended.exit_code
    sys.stdout.flush()
    return result if isinstance(result, int) else 0


def _end_without_output(error: Exception) -> int:
    if isinstance(error, OSError) and error.errno not in _OUTPUT_ERRORS:
        raise error
    _abandon_stdout()
    if isinstance(error, (ReaderGoneError, BrokenPipeError)):
        return CLOSED_PIPE_EXIT_CODE
    reason = error.strerror if isinstance(error, OSError) else error
    refuse(
        TryLaterError(
            f"Standard output cannot be written: {reason}. What it holds is cut short. Make room "
            "on its disk and run again."
        )
    )
    return TryLaterError.exit_code


_OUTPUT_ERRORS = frozenset({errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def exit_code(failures: list[TapError]) -> int:
    """Return 0 when all was read, 75 when a later run may read the rest, 1 when it will not."""
    if any(isinstance(failure, StripeRefusedError) for failure in failures):
        return 1
    codes = {failure.exit_code for failure in failures}
    return TryLaterError.exit_code if codes == {TryLaterError.exit_code} else min(codes, default=0)


def refuse(error: TapError) -> None:
    """Print a refusal for people, one line a problem."""
    problems = error.problems if isinstance(error, ConfigError) else (str(error),)
    for problem in problems:
        _tell(problem)


def _tell(sentence: str) -> None:
    """Print the program's last word; where its disk is full, the exit code says it alone."""
    with suppress(OSError):
        print(f"{PROGRAM}: {sentence}", file=sys.stderr)  # noqa: T201


class _Stderr:
    """Standard error as it is now: while a table is drawn there, lines go above it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


def set_up_logging() -> None:
    """Log sentences to a terminal and JSON lines to everything else."""
    handler = logging.StreamHandler(_Stderr())
    terminal = sys.stderr.isatty()
    handler.setFormatter(
        logging.Formatter(f"{PROGRAM}: %(message)s") if terminal else StructuredFormatter()
    )
    level = os.environ.get("TAP_STRIPE_TD_LOGLEVEL") or os.environ.get("LOGLEVEL") or "INFO"
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # `TAP_STRIPE_TD_TARGET=charge,customer` is how people write a list; we take it.
    logging.getLogger("singer_sdk.configuration._dict_config").addFilter(
        lambda record: not str(record.msg).startswith("Parsing array of the form 'x,y,z'")
    )
    if level.upper() == "INFO":
        # Its notes about environment variables and versions are for people who debug it.
        logging.getLogger(PROGRAM).addFilter(lambda record: record.levelno >= logging.WARNING)


@contextmanager
def stop_on_signals() -> Iterator[threading.Event]:
    """Yield an event that SIGINT and SIGTERM set; leaving then raises `StoppedBySignal`.

    A second signal ends the program at once, as it would have without us.
    """
    stop = threading.Event()
    received: list[int] = []

    impatient: list[threading.Timer] = []

    def on_signal(number: int, _frame: object) -> None:
        received.append(number)
        stop.set()
        signal.signal(number, signal.SIG_DFL)
        # A write waits as long as nobody reads, and would never notice.
        timer = threading.Timer(PATIENCE_SECONDS, os._exit, (128 + number,))
        timer.daemon = True
        timer.start()
        impatient.append(timer)

    before = {number: signal.signal(number, on_signal) for number in _SIGNALS}
    try:
        yield stop
    finally:
        for timer in impatient:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
    if received:
        raise StoppedBySignal(received[0])


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def check_form(form: str | None, command: str | None, formats: Mapping[str, Sequence[str]]) -> None:
    """Check that what is asked for can be written so; `formats` are those of each command.

    Raises:
        ConfigError: If it cannot.
    """
    forms = formats.get(command or "", ())
    if form is None or form in forms:
        return
    if command is None:
        raise ConfigError(
            f"Only --about and --preview are written in a format, but --format is {form}. Give one "
            "of them, or leave --format out."
        )
    raise ConfigError(
        f"{command} cannot be written as {form}. Use --format with one of: {', '.join(forms)}."
    )


def state_in(path: Path) -> dict[str, Any]:
    """Return the state in a file, empty when the file is.

    Raises:
        ConfigError: If it holds none.
    """
    content = read_json_file(path, "state", "--state")
    if content is not None and not isinstance(content, dict):
        raise ConfigError(
            f"The state in `{path}` must be a JSON object with `bookmarks`. Give the last line "
            "that the target wrote, or leave `--state` out to start anew."
        )
    return content or {}


def catalog_in(path: Path) -> dict[str, Any]:
    """Return the catalog in a file.

    Raises:
        ConfigError: If it holds none.
    """
    content = read_json_file(path, "catalog", "--catalog")
    streams = content.get("streams") if isinstance(content, dict) else None
    if not isinstance(streams, list) or not all(_is_catalog_entry(entry) for entry in streams):
        raise ConfigError(
            f"The file `{path}` holds no catalog. Make one with `tap-stripe-td --discover`."
        )
    return {"streams": streams}


def _is_catalog_entry(entry: object) -> bool:
    return isinstance(entry, dict) and {"tap_stream_id", "schema"} <= entry.keys()


def read_json_file(path: Path, what: str, flag: str) -> object:
    """Return the JSON in a file; of several lines, which a target appended, the last.

    None is returned for an empty file.

    Raises:
        ConfigError: If there is no such file, or its last line is no JSON.
    """
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except FileNotFoundError:
        raise ConfigError(
            f"There is no {what} file `{path}`. Check the path, or leave `{flag}` out for a first "
            "run."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(f"The {what} file `{path}` is not UTF-8. Give another file.") from None
    except OSError as error:
        raise ConfigError(
            f"The {what} file `{path}` cannot be read: {error.strerror}. Name a file that can."
        ) from None
    return _parse_json(text, path, what) if text else None


def _parse_json(text: str, path: Path, what: str) -> object:
    for candidate in (text, text.splitlines()[-1]):
        try:
            return json.loads(candidate)
        except ValueError:
            continue
    raise ConfigError(
        f"The {what} file `{path}` does not end in a line of JSON: it is damaged or cut short. "
        "Remove its last line, or give another file."
    )


def _abandon_stdout() -> None:
    # Python flushes stdout when it exits, and would complain again.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
