"""The one thread of a host that reads the database for the public pages. It may hang or fail; the site does not.

SQLite is asked for its head five times a second, PostgreSQL once. A snapshot is read on a new revision, with
each slice of 10 s (the last check, the day's figures) and at known moments. Signs of life take no revision: they
are looked at every second, so that a page turns blind, stale or fresh again without waiting for its slice.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from statuspage.core.clock import Clock
from statuspage.core.maintenance import edges
from statuspage.core.state import Heartbeat, Snapshot
from statuspage.store.head import Head
from statuspage.web.freshness import STALE_AFTER, judge

SLICE_SECONDS = 10
BEATS_EVERY = timedelta(seconds=1)
LOCAL_PERIOD, REMOTE_PERIOD = 0.2, 1.0

log = logging.getLogger(__name__)


class Source(Protocol):
    """What is needed of the store."""

    def head(self) -> Head: ...

    def snapshot(self, now: datetime) -> Snapshot | None: ...

    def heartbeats(self) -> tuple[Heartbeat, ...]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Reading:
    """How the last attempt to read went: `error` is None for a good one."""

    at: datetime
    error: str | None


class Feed(threading.Thread):
    """Holds the newest snapshot in `latest`; `fresh` is set whenever it or `reading` changed."""

    def __init__(self, open_source: Callable[[], Source], clock: Clock, period: float, *, expected: bool) -> None:
        """`expected` says that there was a store before: on a first start the monitor may still be making it."""
        super().__init__(name="statuspage-feed", daemon=True)
        self.latest: Snapshot | None = None
        self.reading: Reading | None = None
        self.fresh = threading.Event()
        self._open_source, self._clock, self._period, self._expected = open_source, clock, period, expected
        self._beats_at: datetime | None = None
        self._ending = threading.Event()

    def stop(self) -> None:
        """End after the present read."""
        self._ending.set()

    def run(self) -> None:
        source: Source | None = None
        while not self._ending.is_set():
            try:
                source = source or self._open_source()
                self._look(source)
            except Exception as error:  # Whatever the database does, the last page goes on being served.
                self._note(str(error) or type(error).__name__)
            else:
                self._expected = True
            self._ending.wait(self._period)
        if source is not None:
            source.close()

    def _look(self, source: Source) -> None:
        now = self._clock.now()
        head = source.head()
        if is_due(self.latest, head, now):
            snapshot = source.snapshot(now)
            if snapshot is not None:
                self.latest = snapshot
        elif self.latest is not None and (self._beats_at is None or now - self._beats_at >= BEATS_EVERY):
            beats, self._beats_at = source.heartbeats(), now
            if is_news(self.latest.heartbeats, beats, now):
                self.latest = replace(self.latest, heartbeats=beats)
        self._note(None)

    def _note(self, error: str | None) -> None:
        before, self.reading = self.reading, Reading(self._clock.now(), error)
        if error is not None and (before is None or before.error is None):
            log.log(logging.ERROR if self._expected else logging.INFO, "cannot read the store: %s", error)
        elif error is None and before is not None and before.error is not None:
            log.info("the store can be read again")
        self.fresh.set()


def is_due(last: Snapshot | None, head: Head, now: datetime) -> bool:
    """Whether the database is worth a whole snapshot."""
    if last is None or (last.generation, last.revision) != (head.generation, head.revision):
        return True
    return moment_between(last, last.read_at, now) or slice_of(now) != slice_of(last.read_at)


def is_news(shown: Sequence[Heartbeat], found: Sequence[Heartbeat], now: datetime) -> bool:
    """Whether new signs of life change what the page says, or keep it from turning stale soon."""
    old, new = judge(shown, now), judge(found, now)
    aging = old.heartbeat_at is None or now - old.heartbeat_at > STALE_AFTER / 2
    return (old.stale, old.blind) != (new.stale, new.blind) or (aging and old.heartbeat_at != new.heartbeat_at)


def moment_between(snapshot: Snapshot, before: datetime, now: datetime) -> bool:
    """Whether midnight of the site's zone or an edge of a maintenance lies in (before, now]."""
    zone = ZoneInfo(snapshot.site.time_zone)
    if before.astimezone(zone).date() != now.astimezone(zone).date():
        return True
    coming = edges(snapshot.windows, before)
    return bool(coming) and coming[0] <= now


def slice_of(at: datetime) -> int:
    """The number of the 10-second slice that a moment is in."""
    return int(at.timestamp()) // SLICE_SECONDS
