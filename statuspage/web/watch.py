"""Keeps a worker's table the newest. One worker of a host holds the lock and builds; the others load what it built.

The builder never waits for the database: the feed does. So a page turns stale by this host's own clock even
while the database is locked, hung or gone. The holder of the lock dies with its process, and another takes over.
A holder that lives and writes nothing (its disk is full, it is stopped) keeps nobody green: the others turn stale by
their own clock. So does everybody where the folder cannot be written and nobody can hold the lock.
"""

import fcntl
import json
import logging
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from statuspage.core.clock import Clock
from statuspage.core.state import Snapshot
from statuspage.web.bundle import Bundle, build, current_name, load_newest, load_snapshot, make
from statuspage.web.feed import Feed, Reading, Source, moment_between
from statuspage.web.freshness import judge
from statuspage.web.kept import Kept
from statuspage.web.shown import Shown

PERIOD = 0.2
PATIENCE = timedelta(seconds=15)
"""A bundle of a living monitor is rendered anew every ten seconds; one that is older has been left by its builder."""

READING_FILE = "reading.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Built:
    """What the present bundle was made of, and when."""

    snapshot: Snapshot
    at: datetime


def needs_building(built: Built | None, snapshot: Snapshot, now: datetime) -> bool:
    """A new snapshot; or the same one that reads differently now: stale, blind, another day, a maintenance edge."""
    if built is None or built.snapshot is not snapshot:
        return True
    then, today = judge(snapshot.heartbeats, built.at), judge(snapshot.heartbeats, now)
    return (then.stale, then.blind) != (today.stale, today.blind) or moment_between(snapshot, built.at, now)


class Keeper(threading.Thread):
    """The thread of one worker. `tick` is one round of it."""

    def __init__(
        self, public: Path, shown: Shown, clock: Clock, open_source: Callable[[], Source], feed_period: float
    ) -> None:
        super().__init__(name="statuspage-keeper", daemon=True)
        self._public, self.shown, self._clock = public, shown, clock
        self._open_source, self._feed_period = open_source, feed_period
        self._feed: Feed | None = None
        self._lock: int | None = None
        self._built: Built | None = None
        self._followed: Bundle | None = None
        self._fallback: Snapshot | None = None
        self._written: Reading | None = None
        self._kept = Kept()
        self._ending = threading.Event()
        self._complaint: str | None = None

    @property
    def is_builder(self) -> bool:
        """Whether this worker builds for its host."""
        return self._lock is not None

    def stop(self) -> None:
        """End soon; `join` waits for it."""
        self._ending.set()

    def run(self) -> None:
        while not self._ending.is_set():
            self.tick()
            if self._feed is not None:
                self._feed.fresh.wait(PERIOD)
                self._feed.fresh.clear()
            else:
                self._ending.wait(PERIOD)
        self._release()

    def tick(self) -> None:
        """Take the lock if it is free, build if that is due, show what is newest. Never raises."""
        try:
            if self._lock is None and self._take_lock():
                self._begin_building()
            if self._lock is not None:
                self._build_if_due()
            else:
                self._follow()
                self._age()
        except Exception as error:  # A full disk or a broken template leaves the last table in place.
            if str(error) != self._complaint:
                log.exception("the bundle cannot be renewed, serving the last one")
            self._complaint = str(error)

    def _complain(self, text: str) -> None:
        if text != self._complaint:
            log.error("%s", text)
        self._complaint = text

    def _take_lock(self) -> bool:
        """Become the builder of this host, if there is none and the folder can be written at all."""
        try:
            self._public.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._public / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            # A folder that went read-only still holds the last pages.
            self._complain(f"pages cannot be written to {self._public}, the last ones are shown: {error.strerror}")
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            return False
        self._lock = handle
        return True

    def _begin_building(self) -> None:
        """Start from what is on disk, so that the page is there before the database has answered."""
        self._follow()
        if self._followed is not None:
            self._fallback = load_snapshot(self._public, self._followed.name)
        self._feed = Feed(self._open_source, self._clock, self._feed_period, expected=self._fallback is not None)
        self._feed.start()

    def _build_if_due(self) -> None:
        now = self._clock.now()
        with suppress(OSError):
            self._write_reading()
        snapshot = (self._feed.latest if self._feed is not None else None) or self._fallback
        if snapshot is None or not needs_building(self._built, snapshot, now):
            return
        try:
            bundle = build(self._public, snapshot, now, self._kept, self.shown.bundle)
        except OSError as error:
            # A full disk must not keep the page green: what it says is shown from memory, and tried again.
            self._complain(f"the bundle cannot be written, it is shown from memory: {error.strerror}")
            bundle = make(self._public, snapshot, now, self._kept, self.shown.bundle)
        # What was made in memory may bear the name of what is written after it.
        if self.shown.bundle is not bundle:
            self.shown.swap(bundle)
        self._built = Built(snapshot, now)

    def _follow(self) -> None:
        """Load what another worker, or the process before this one, made."""
        if self._followed is not None and self._followed.name == current_name(self._public):
            return
        bundle = load_newest(self._public, self.shown.bundle)
        if bundle is not None and (self._followed is None or self._followed.name != bundle.name):
            self.shown.swap(bundle)
            self._followed, self._built = bundle, None

    def _age(self) -> None:
        """Show what is followed as it reads now, from memory, once its builder has left it alone for too long."""
        now = self._clock.now()
        if self._followed is None or now - self._followed.rendered_at <= PATIENCE:
            return
        if self._built is None:
            snapshot = load_snapshot(self._public, self._followed.name)
            if snapshot is None:
                return
            self._built = Built(snapshot, self._followed.rendered_at)
        snapshot = self._built.snapshot
        if needs_building(self._built, snapshot, now):
            self.shown.swap(make(self._public, snapshot, now, self._kept, self.shown.bundle))
            self._built = Built(snapshot, now)

    def _write_reading(self) -> None:
        """Tell the other workers' health pages how reading goes: on every change, and every second."""
        reading = self._feed.reading if self._feed is not None else None
        if reading is None:
            return
        last = self._written
        if last is not None and last.error == reading.error and (reading.at - last.at).total_seconds() < 1:
            return
        draft = self._public / f".reading-{os.getpid()}"
        draft.write_text(json.dumps({"at": reading.at.isoformat(), "error": reading.error}), encoding="utf-8")
        draft.replace(self._public / READING_FILE)
        self._written = reading

    def _release(self) -> None:
        if self._feed is not None:
            self._feed.stop()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def read_reading(public: Path) -> Reading | None:
    """How the builder of this host last fared with the database; None when it never tried."""
    try:
        found = json.loads((public / READING_FILE).read_bytes())
        return Reading(datetime.fromisoformat(found["at"]), found["error"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
