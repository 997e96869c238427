"""Workers that read lists side by side.

Every worker reads a share page by page, and then what the `worklist` has next. Workers for whom
there is nothing sleep; one thread looks out for them.
"""

from __future__ import annotations

import logging
import queue
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from tap_stripe_td.backfill import whole_of
from tap_stripe_td.children import Children, family_rows, gone_rows, read_children
from tap_stripe_td.errors import ENDS_THE_RUN, NoSuchObjectError, NotEnabledError, TapError
from tap_stripe_td.processor import Processor
from tap_stripe_td.source import narrows_by_created
from tap_stripe_td.splitting import STRIPES_FIRST_SECOND
from tap_stripe_td.steps import Failed, Finished, Rows
from tap_stripe_td.upkeep import bookmark_of
from tap_stripe_td.worklist import Job, Task, Worklist

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_stripe_td.backfill import Reading
    from tap_stripe_td.handover import Taker
    from tap_stripe_td.pagination import Page
    from tap_stripe_td.records import Record
    from tap_stripe_td.slicing import Slice
    from tap_stripe_td.source import Source
    from tap_stripe_td.state import Bookmark
    from tap_stripe_td.streams.row import Stream
    from tap_stripe_td.units import UnixSeconds

_logger = logging.getLogger("tap-stripe-td.crew")

_POLL_SECONDS = 0.02


class Crew:
    """Reads lists with so many workers, and hands over what they read."""

    def __init__(  # noqa: PLR0913 - each is named where it is made
        self,
        source: Source,
        readings: Iterable[Reading],
        taker: Taker,
        *,
        workers: int,
        floor: UnixSeconds = STRIPES_FIRST_SECOND,
        processor: Processor | None = None,
    ) -> None:
        """Take what is to be read; nothing begins before `run`.

        Args:
            source: What is read.
            readings: The streams, in the order in which they begin.
            taker: Takes the rows.
            workers: How many threads read.
            floor: No object is expected to be older; stands for an open lower edge.
            processor: Tells whether there is time for more workers; None: that of this process.
        """
        self._source = source
        self._taker = taker
        self._workers = workers
        self._worklist = Worklist(
            readings,
            workers=workers,
            floor=floor,
            has_room=source.has_room,
            processor=processor or Processor(),
        )
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._busy_workers = 0
        # Re-entrant: finishing a stream is a part of committing its last page.
        self._changed = threading.Condition(threading.RLock())
        self._finished: dict[Stream, Bookmark] = {}
        self._broken = False

    def run(self) -> Mapping[Stream, Bookmark]:
        """Read everything; return how far every stream is read that did not fail.

        Returns early when nobody takes rows any more, or something ends the whole reading.
        """
        threads: list[threading.Thread] = []
        with self._changed:
            while not self._is_over() and not self._worklist.is_read:
                task = self._next() if self._busy_workers < self._workers else None
                if task is None:
                    self._changed.wait(_POLL_SECONDS)
                    continue
                self._busy_workers += 1
                self._tasks.put(task)
                if len(threads) < self._busy_workers:
                    threads.append(self._started(len(threads)))
        for _ in threads:
            self._tasks.put(None)
        for thread in threads:
            thread.join()
        return self._finished

    def _next(self) -> Task | None:
        return self._worklist.next(self._finish)

    def _started(self, number: int) -> threading.Thread:
        thread = threading.Thread(target=self._work, name=f"worker-{number}", daemon=True)
        thread.start()
        return thread

    def _work(self) -> None:
        try:
            while (task := self._tasks.get()) is not None:
                self._read_shares(task)
        except BaseException as error:  # noqa: BLE001 - the writer raises it again
            self._break(error)

    def _read_shares(self, first: Task) -> None:
        """Read a share, and what there is to do after it."""
        task: Task | None = first
        while task is not None:
            self._read_share(task)
            with self._changed:
                task = None if self._is_over() else self._next()
                if task is None:
                    self._busy_workers -= 1
                    self._changed.notify()

    def _read_share(self, task: Task) -> None:
        """Read a share to its end; what goes wrong with a stream ends that stream only."""
        try:
            while (asked := self._unread(task)) is not None:
                self._read_page(task, asked)
        except ENDS_THE_RUN:
            raise
        except NotEnabledError as refused:
            for stream in task.job.members:
                _logger.warning("`%s` is empty: %s", stream.name, refused)
            self._end(task.job)
        except TapError as error:
            self._fail(task.job, task.job.members, error)

    def _read_page(self, task: Task, asked: Slice) -> None:
        stream = task.job.progress.reading.stream
        try:
            page = self._source.page(stream, asked)
        except NoSuchObjectError as gone:
            if gone.param != "starting_after" or asked.cursor is None:
                raise
            self._replace_cursor(task)
        else:
            self._commit(task, asked, page, self._children(task, asked, page))

    def _children(self, task: Task, asked: Slice, page: Page) -> Children:
        """Read the children of what a page has for the list; one that fails fails alone."""
        children: Children = {}
        for stream in task.job.members:
            if stream == task.job.progress.reading.stream:
                continue
            parents = self._foreseen(task, asked, page)
            try:
                children[stream] = read_children(self._source, stream, parents, page.date)
            except ENDS_THE_RUN:
                raise
            except NotEnabledError as refused:
                _logger.warning("`%s` is empty: %s", stream.name, refused)
            except TapError as error:
                self._fail(task.job, (stream,), error)
        return children

    def _foreseen(self, task: Task, asked: Slice, page: Page) -> tuple[Record, ...]:
        """What a page has for the list, or more, when its share is split meanwhile."""
        with self._changed:
            job = task.job
            if job.ended or task.number not in job.progress.shares:
                return ()
            records = job.progress.foreseen(task.number, asked, page)
        return self._source.kept(job.progress.reading.stream, records)

    def _unread(self, task: Task) -> Slice | None:
        with self._changed:
            share = task.job.progress.shares.get(task.number)
            if share is None or task.job.ended or self._is_over():
                task.job.taken.discard(task.number)
                return None
            return share.unread

    def _commit(self, task: Task, asked: Slice, page: Page, children: Children) -> None:
        """Hand over a page's rows with the bookmark that holds once they are written.

        In the lock, so that rows arrive in the order of their bookmarks.
        """
        job, reading = task.job, task.job.progress.reading
        with self._changed:
            if job.ended or self._is_over():
                return
            job.progress, records = job.progress.after(task.number, asked, page)
            kept = self._source.kept(reading.stream, records)
            bookmark = None if job.progress.is_finished else job.progress.bookmark
            rows = Rows(reading.stream, (), page.date, reading.version, bookmark)
            for step in family_rows(self._source, job.members, kept, children, rows):
                self._taker.put(step)
            if job.progress.is_finished:
                self._finish(job)

    def _finish(self, job: Job) -> None:
        """Say that a stream is read; first, what of it is gone."""
        progress = job.progress
        reading = progress.reading
        with self._changed:
            if (ids := progress.gone_ids) and not job.ended:
                at = progress.signpost
                for rows in gone_rows(self._source, job.members, ids, reading.stream, at):
                    self._taker.put(rows)
            self._end(job, progress.end)

    def _end(self, job: Job, end: Bookmark | None = None) -> None:
        """End a reading; without `end` nothing of it could be read, and so nothing is whole."""
        reading = job.progress.reading
        is_whole = end is not None and not reading.harvests
        if end is None:
            start = reading.start
            end = replace(reading.end, seen=start.seen, digests=start.digests, recent=start.recent)
        elif reading.harvests:
            end = reading.harvesting
        with self._changed:
            if not job.ended:
                job.ended = True
                for stream in job.members:
                    self._finished[stream] = bookmark_of(stream, end)
                    whole = whole_of(reading, stream, self._source) if is_whole else None
                    self._taker.put(Finished(stream, whole, end))
            self._changed.notify()

    def _fail(self, job: Job, streams: tuple[Stream, ...], error: TapError) -> None:
        """Give up streams of a reading; nothing is left to read when those are all."""
        with self._changed:
            if not job.ended and not job.failed.issuperset(streams):
                job.failed.update(streams)
                job.ended = not job.members
                self._taker.put(Failed(streams, error))
            self._changed.notify()

    def _replace_cursor(self, task: Task) -> None:
        stream = task.job.progress.reading.stream
        with self._changed:
            task.job.progress = task.job.progress.after_vanished_cursor(task.number)
            unread = task.job.progress.shares[task.number].unread
        if unread is not None and unread.cursor is None and not narrows_by_created(stream):
            _logger.warning(
                "The place where `%s` was left is gone, and its list cannot be narrowed: it is "
                "read from its top again.",
                stream.name,
            )

    def _break(self, error: BaseException) -> None:
        with self._changed:
            self._broken = True
            self._changed.notify()
        self._taker.fail(error)

    def _is_over(self) -> bool:
        return self._broken or self._taker.is_abandoned
