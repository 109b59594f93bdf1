"""A web process in this process: real bundle, real store, real application, without a socket."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING

from werkzeug.test import Client

from statuspage.core.state import Change, Decision, Heartbeat, Snapshot
from statuspage.core.status import Status
from statuspage.store import Store, open_store
from statuspage.web.app import create_app
from statuspage.web.bundle import build
from statuspage.web.middleware import serve_first
from statuspage.web.shown import Shown
from tests.web.snapshots import make_site, make_snapshot

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


class SetClock:
    """A clock that stands where it is put; the monotonic one follows it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


def eventually(condition: Callable[[], object], seconds: float = 15.0) -> None:
    """Wait until the condition holds."""
    deadline = monotonic() + seconds
    while not condition():
        assert monotonic() < deadline, "the awaited condition never held"
        sleep(0.02)


def application(public: Path, snapshot: Snapshot | None, now: datetime) -> "tuple[WSGIApplication, Shown]":
    """The whole application, showing a snapshot, or nothing yet."""
    shown = Shown()
    if snapshot is not None:
        shown.swap(build(public, snapshot, now))
    return serve_first(shown, create_app(shown, public, SetClock(now))), shown


def client(public: Path, snapshot: Snapshot | None, now: datetime) -> Client:
    """A client of it. `use_cookies` is off: the public site has none."""
    return Client(application(public, snapshot, now)[0], use_cookies=False)


def seeded_store(folder: Path, now: datetime | None = None, url: str = "http://127.0.0.1:8000") -> tuple[str, Store]:
    """A real SQLite database with the made-up site in it, everything operational, and a fresh heartbeat."""
    now = now or datetime.now(UTC)
    address = f"sqlite:///{folder / 'statuspage.db'}"
    store = open_store(address)
    store.upgrade(now)
    site = make_site(url=url)
    created = tuple(make_snapshot(now=now, site=site).components.values())
    store.transact(lambda _: Decision(site=site, created=created), now)
    beat(store, now)
    return address, store


def beat(store: Store, now: datetime) -> None:
    """A sign of life of the monitor."""
    store.beat(Heartbeat("main", now, now - timedelta(hours=1), now - timedelta(seconds=1)))


def move(store: Store, component: str, old: Status, new: Status, now: datetime) -> None:
    """A component changes its state, as the monitor would write it."""
    store.transact(lambda _: Decision(changes=(Change(component, old, new, now),)), now)
