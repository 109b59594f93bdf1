"""When notices come and when streams end: with a clock that a test moves, and chances that it knows."""

import json
import random
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta

from statuspage.web.directives import Directives, read_directives
from statuspage.web.shown import Shown
from statuspage.web.streams import COMMENT, HEARTBEAT, LONGEST, SHORTEST, Notices, Streams
from tests.core.values import T0
from tests.web.served import SetClock

JITTER = 5.0


def directives(number: int) -> Directives:
    document = {"config_epoch": ["g1", number], "routes": {}, "limited_mode": False, "stale": False}
    return read_directives(json.dumps(document).encode())


class Counted(SetClock):
    """Its monotonic side counts from zero: a sum of small numbers is exact enough to come to an end."""

    def __init__(self) -> None:
        super().__init__(T0)
        self.passed = 0.0

    def monotonic(self) -> float:
        return self.passed

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self.passed += seconds


class Waited(threading.Condition):
    """A condition whose waiting costs time of the test's clock only, as long as nothing else ends it."""

    def __init__(self, clock: Counted) -> None:
        super().__init__()
        self._clock = clock
        self.waits: list[float] = []

    def wait_for(self, predicate: Callable[[], object], timeout: float | None = None) -> bool:  # type: ignore[override]
        if not predicate():
            assert timeout is not None
            self.waits.append(timeout)
            self._clock.advance(timeout)
        return bool(predicate())


class Worker:
    """Streams of one worker, and what they waited for."""

    def __init__(self, jitter: float = JITTER, seed: int = 1) -> None:
        self.clock = Counted()
        self.shown = Shown()
        self.shown.directives = directives(1)
        self.waited = Waited(self.clock)
        self.shown.changed = self.waited
        self.pauses: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens while a stream pauses."""
        chance, notices = random.Random(seed), Notices(jitter, 10_000)
        self.streams = Streams(self.shown, self.clock, notices, uniform=chance.uniform, pause=self._pause)

    def _pause(self, gone: threading.Event, seconds: float) -> bool:
        self.pauses.append(seconds)  # all streams pause at the same time: the clock stands
        self.meanwhile()
        return gone.is_set()

    def show(self, number: int) -> None:
        self.shown.directives = directives(number)

    def open(self) -> Iterator[bytes]:
        """A stream that has said its first word."""
        found = self.streams.open()
        assert found is not None
        assert next(found) == b"retry: 5000\n\n"
        return found


def told(chunk: bytes) -> str:
    """The ETag that a notice names."""
    lines = dict(line.split(": ", 1) for line in chunk.decode().strip().split("\n"))
    etag: str = json.loads(lines["data"])["etag"]
    return etag


def test_notices_of_one_change_are_spread_between_half_of_the_jitter_and_the_whole() -> None:
    worker = Worker()
    streams = [worker.open() for _ in range(400)]
    worker.show(2)
    assert {told(next(each)) for each in streams} == {directives(2).tag}
    assert all(JITTER / 2 <= each <= JITTER for each in worker.pauses)
    tenths = {int((each - JITTER / 2) / (JITTER / 2) * 10) for each in worker.pauses}
    assert (len(worker.pauses), tenths) == (400, set(range(10)))


def test_without_jitter_everybody_hears_at_once() -> None:
    worker = Worker(0.0)
    stream = worker.open()
    worker.show(2)
    assert told(next(stream)) == directives(2).tag
    assert (worker.pauses, worker.waited.waits) == ([], [])


def test_what_changes_before_a_notice_is_sent_is_one_notice() -> None:
    worker = Worker()
    stream = worker.open()
    worker.show(2)
    worker.meanwhile = lambda: worker.show(3)
    assert told(next(stream)) == directives(3).tag
    assert next(stream) == COMMENT


def test_a_silent_stream_has_a_comment_every_fifteen_seconds() -> None:
    worker = Worker()
    stream = worker.open()
    for number in range(1, 11):
        assert next(stream) == COMMENT
        assert worker.clock.now() - T0 == timedelta(seconds=number * HEARTBEAT)
    assert (HEARTBEAT, set(worker.waited.waits)) == (15.0, {15.0})
    worker.show(1)  # made anew, and says the same
    assert next(stream) == COMMENT


def test_streams_end_by_themselves_after_four_to_six_minutes_each_at_its_own_moment() -> None:
    lasted = []
    for seed in range(200):
        worker = Worker(seed=seed)
        assert set(worker.open()) == {COMMENT}
        assert worker.streams.count == 0
        lasted.append(worker.clock.passed)
    assert (SHORTEST, LONGEST) == (240.0, 360.0)
    assert all(240 <= each <= 360.001 for each in lasted)
    assert {int((each - 240) / 12) for each in lasted} == set(range(10))
