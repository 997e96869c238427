"""One run: everything it needs is opened together, and closed together however it ends."""

import contextlib
import signal
import threading
from collections.abc import Callable, Mapping
from types import FrameType
from typing import IO, Any

from target_td_table import scratch
from target_td_table.blocks import Line
from target_td_table.config import Settings
from target_td_table.dry_run import DryRun
from target_td_table.errors import InterruptedLoadError
from target_td_table.heap import keep_freed_blocks
from target_td_table.load import Load
from target_td_table.loaders.opening import loader_for
from target_td_table.publisher import Publisher
from target_td_table.quarantine import Quarantine
from target_td_table.reader import blocks
from target_td_table.rejects import Limit
from target_td_table.report import log, warn_of_empty_input
from target_td_table.sinks import Sinks

Transforming = Callable[[list[Line]], list[Line]]


class Run:
    """Reads an input to its end and publishes it."""

    def __init__(
        self, settings: Settings, config: Mapping[str, Any], *, dry_run: bool = False
    ) -> None:
        keep_freed_blocks()
        self._signal = 0
        self._transform = _transform_for(config)
        with contextlib.ExitStack() as stack:
            limit = Limit(settings.max_rejected)
            publisher = _dry(settings) if dry_run else _publisher(settings, limit)
            stack.callback(publisher.close)
            folder = stack.enter_context(scratch.folder())
            sinks = Sinks(settings, publisher, folder)
            stack.callback(sinks.abandon)
            self._load = Load(settings, publisher, sinks, limit, is_dry=dry_run)
            self._resources = stack.pop_all()

    def read(self, source: IO[Any]) -> None:
        """Load what comes until the input ends or a signal comes.

        Raises:
            InterruptedLoadError: After a signal, when what came before the last STATE is published.
        """
        with self._closed_on_error(), self._signals():
            is_empty = True
            for block in blocks(source, one_by_one=self._transform is not None):
                is_empty = is_empty and not block
                if self._signal:
                    break
                self._load.take(self._transform(block) if self._transform else block)

            # A signal often ends the tap too, so the end of the input is no reason to go on.
            if self._signal:
                self._load.stop()
                raise InterruptedLoadError(self._signal)
            if is_empty:
                warn_of_empty_input()

    def finish(self) -> None:
        """Publish the rest and let the destination go."""
        with self._closed_on_error():
            self._load.finish()
        self._resources.close()

    @contextlib.contextmanager
    def _closed_on_error(self) -> Any:
        try:
            yield
        except BaseException:
            self._resources.close()
            raise

    @contextlib.contextmanager
    def _signals(self) -> Any:
        """Note the first SIGINT or SIGTERM; the second one ends the program at once."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._note) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number
        signal.signal(number, signal.SIG_DFL)


def _publisher(settings: Settings, limit: Limit) -> Publisher:
    loader = loader_for(settings)
    quarantine = Quarantine(loader, limit, settings)
    is_wanted = settings.on_invalid == "quarantine"
    return Publisher(loader, settings.pipeline, quarantine=quarantine if is_wanted else None)


def _dry(settings: Settings) -> Publisher:
    """Looks at the destination, and lets no state out."""
    return Publisher(
        DryRun(loader_for(settings, read_only=True)), settings.pipeline, write=lambda _: None
    )


def _transform_for(config: Mapping[str, Any]) -> Transforming | None:
    """What to do to the messages of a block; None, the fast path, if no setting asks for it."""
    wanted = ("stream_maps", "flattening_enabled", "add_record_metadata")
    asked = [name for name in wanted if config.get(name)]
    if not asked:
        return None
    names = ", ".join(f"`{name}`" for name in asked)
    log.info("%s: records take the slow path through singer-sdk.", names)
    from target_td_table.transform import Transform

    return Transform(config).block
