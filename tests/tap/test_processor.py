"""Whether the process has time for more threads, as a made-up clock tells it."""

from __future__ import annotations

from dataclasses import dataclass

from tap_stripe_td.processor import Processor


@dataclass
class Machine:
    """A clock, and the processor time that was used."""

    now: float = 100.0
    used: float = 7.0

    def work(self, seconds: float, *, share: float) -> None:
        self.now += seconds
        self.used += seconds * share

    def processor(self) -> Processor:
        return Processor(lambda: self.now, lambda: self.used)


def test_a_process_that_waits_has_time() -> None:
    machine = Machine()
    processor = machine.processor()

    machine.work(0.2, share=0.3)

    assert not processor.is_busy()


def test_a_process_that_never_pauses_has_none() -> None:
    machine = Machine()
    processor = machine.processor()

    machine.work(0.2, share=0.95)

    assert processor.is_busy()


def test_until_something_is_known_nothing_is_added() -> None:
    machine = Machine()
    processor = machine.processor()

    machine.work(0.05, share=0.0)

    assert processor.is_busy()


def test_only_what_was_used_lately_counts() -> None:
    machine = Machine()
    processor = machine.processor()
    machine.work(60.0, share=1.0)
    assert processor.is_busy()

    machine.work(0.2, share=0.1)

    assert not processor.is_busy()
