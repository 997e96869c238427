"""A way to the server that breaks once, at a word the client says."""

import contextlib
import shutil
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_NAME = ".s.PGSQL.5432"


@dataclass(frozen=True)
class Cut:
    """Where the way breaks, and that it did."""

    word: bytes
    before: bool
    is_done: threading.Event = field(default_factory=threading.Event)


@contextlib.contextmanager
def proxy_to(server: Path, *, cuts_at: bytes, before: bool) -> Iterator[Path]:
    """Pass everything on; cut one connection at a word, before or after it is passed on."""
    folder, cut = Path(tempfile.mkdtemp(prefix="px")), Cut(cuts_at, before)
    passing: list[threading.Thread] = []
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / _NAME))
        listening.listen()

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listening.accept()
                    passing.append(threading.Thread(target=_pass_on, args=(client, server, cut)))
                    passing[-1].start()

        accepting = threading.Thread(target=accept)
        accepting.start()
        yield folder
        listening.shutdown(socket.SHUT_RDWR)
        for each in [accepting, *passing]:
            each.join()
    shutil.rmtree(folder)


def _pass_on(client: socket.socket, server: Path, cut: Cut) -> None:
    with client, socket.socket(socket.AF_UNIX) as upstream:
        upstream.connect(str(server / _NAME))
        answering = threading.Thread(target=_answers, args=(client, upstream))
        answering.start()
        while said := _received(client):
            if cut.word in said and not cut.is_done.is_set():
                cut.is_done.set()
                if not cut.before:
                    upstream.sendall(said)
                client.shutdown(socket.SHUT_RDWR)
                break
            upstream.sendall(said)
        with contextlib.suppress(OSError):
            upstream.shutdown(socket.SHUT_WR)
        answering.join()


def _answers(client: socket.socket, upstream: socket.socket) -> None:
    while said := _received(upstream):
        with contextlib.suppress(OSError):
            client.sendall(said)
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)


def _received(side: socket.socket) -> bytes:
    try:
        return side.recv(1 << 16)
    except OSError:
        return b""
