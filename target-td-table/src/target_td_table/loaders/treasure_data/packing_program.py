"""The process beside: packs what the load that started it asks for, and ends with that load."""

import os
import sys
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from queue import SimpleQueue
from threading import Thread
from typing import Any

from target_td_table.heap import keep_freed_blocks
from target_td_table.loaders.treasure_data.packing import (
    Form,
    PackingHere,
    StoppedError,
    Take,
)
from target_td_table.loaders.treasure_data.parts import Part

# Of its two threads one compresses: it must not wait until the other has had its turn.
_TURN_SECONDS = 0.0001
Request = tuple[int, str, Sequence[Any]]


def main(descriptor: int) -> None:
    """Do what comes over this end of a pipe, one thing after the other, until it is closed."""
    keep_freed_blocks()
    sys.setswitchinterval(_TURN_SECONDS)
    pipe = Connection(descriptor)
    requests: SimpleQueue[Request] = SimpleQueue()
    may_go_on: SimpleQueue[bool] = SimpleQueue()
    Thread(target=_listen, args=(pipe, requests, may_go_on), daemon=True).start()

    def take(part: Part) -> None:
        _say(pipe, part)
        if not may_go_on.get():
            raise StoppedError

    packings: dict[int, PackingHere] = {}
    _say(pipe, True)
    while True:
        _say(pipe, _answer(packings, requests.get(), take))


def _say(pipe: Connection, message: object) -> None:
    try:
        pipe.send(message)
    except OSError:
        # The load has ended, perhaps before it was answered for the first time.
        os._exit(0)


def _listen(pipe: Connection, requests: SimpleQueue[Request], may_go_on: SimpleQueue[bool]) -> None:
    """Also while something is being packed, so that the process ends at once with its load."""
    while True:
        try:
            message = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)
        if isinstance(message, bool):
            may_go_on.put(message)
        else:
            requests.put(message)


def _answer(packings: dict[int, PackingHere], request: Request, take: Take) -> Any:
    """What came of it: what it returned or raised."""
    number, verb, arguments = request
    try:
        if verb == "open":
            packings[number] = _opened(take, *arguments)
            return None
        packing = packings.pop(number) if verb == "abandon" else packings[number]
        return getattr(packing, verb)(*arguments)
    except Exception as error:  # noqa: BLE001 -- raised by the one who asked
        error.add_note(traceback.format_exc())
        return error


def _opened(take: Take, form: Form) -> PackingHere:
    return PackingHere(form, take)


if __name__ == "__main__":
    main(int(sys.argv[1]))
