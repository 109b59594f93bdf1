"""Beacons counted in the memory of one worker, and the thread that brings finished slots to the store.

No request waits for the database, and none makes anything that is kept: however many come, a slot of a provider is a
handful of numbers. While the database is away slots wait for some minutes; then the oldest go.
"""

import logging
import secrets
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Protocol

from statuspage.core.clock import Clock
from statuspage.core.felt import SLOT, Beacon, Counts, Stretch

PERIOD = 1.0
"""Seconds from one look for finished slots to the next: all workers bring a slot soon after its end."""
PAUSE = 10.0
"""Seconds before the next try where the store took nothing."""
KEPT = 30
"""Slots that wait for the store, five minutes."""

log = logging.getLogger(__name__)

Counted = tuple[str, Stretch]


class Sink(Protocol):
    """What is needed of the store."""

    def add_felt(self, worker: str, counted: Sequence[Counted]) -> None: ...

    def close(self) -> None: ...


class Counting:
    """The counts of one worker. Safe to use from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: dict[tuple[int, str], Counts] = {}
        self._present = 0

    def count(self, beacon: Beacon) -> None:
        """Count a beacon of a provider that there is: each has numbers of its own."""
        with self._lock:
            key = (self._advance(), beacon.provider)
            self._counts[key] = self._counts.get(key, Counts()).with_one(beacon.outcome, beacon.ms)

    def finished(self) -> tuple[Counted, ...]:
        """The slots that will not change any more, the oldest first."""
        with self._lock:
            present = self._advance()
            return tuple(
                (provider, Stretch(_moment(number), counts))
                for (number, provider), counts in sorted(self._counts.items(), key=lambda each: each[0])
                if number < present
            )

    def forget(self, brought: Sequence[Counted]) -> None:
        """These are stored."""
        with self._lock:
            for provider, slot in brought:
                self._counts.pop((_number(slot.at), provider), None)

    def _advance(self) -> int:
        """The number of the present slot. A clock that is set back a little does not open a finished slot again."""
        number = _number(self._clock.now())
        if number != self._present and not 0 < self._present - number < KEPT:
            self._present = number
            # Whatever lies in the future was counted before the clock was set back.
            kept = {key: counts for key, counts in self._counts.items() if 0 <= number - key[0] <= KEPT}
            self._counts = kept
        return self._present


class Bringer(threading.Thread):
    """The thread of one worker. `tick` is one round of it."""

    def __init__(self, counting: Counting, open_sink: Callable[[], Sink]) -> None:
        super().__init__(name="statuspage-beacons", daemon=True)
        self._counting, self._open_sink = counting, open_sink
        self._sink: Sink | None = None
        self._worker = secrets.token_hex(6)  # no name of a machine: it says who counted, and nothing else
        self._ending = threading.Event()
        self._is_well = True

    def stop(self) -> None:
        """End soon; `join` waits for it. What is finished is brought before."""
        self._ending.set()

    def run(self) -> None:
        while not self._ending.wait(PERIOD if self._is_well else PAUSE):
            self.tick()
        self.tick()
        if self._sink is not None:
            self._sink.close()

    def tick(self) -> None:
        """Bring what is finished. Never raises: what the store does not take stays, and is brought again."""
        found = self._counting.finished()
        if not found:
            return
        try:
            self._sink = self._sink or self._open_sink()
            self._sink.add_felt(self._worker, found)
        except Exception as error:  # Whatever the database does, beacons go on being counted.
            if self._is_well:
                log.warning("what users felt waits for the store: %s", error)
            self._is_well = False
        else:
            self._counting.forget(found)
            self._is_well = True


def _number(at: datetime) -> int:
    return int(at.timestamp()) // int(SLOT.total_seconds())


def _moment(number: int) -> datetime:
    return datetime.fromtimestamp(number * int(SLOT.total_seconds()), UTC)
