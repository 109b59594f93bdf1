"""The whole monitor: it probes a real port that opens and closes, decides, tells, and is killed at any moment.

Meanwhile an independent client posts to the same database. After a few deaths the port stays open and a monitor
lives: then the incident that it opened by itself must have had its end, and everything must have been told.
"""

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from statuspage.store import StoreError, open_store
from tests.accepting import accepting_port
from tests.faults import laws
from tests.faults.children import Monitor, Poster
from tests.faults.kills import MONITOR, Anywhere
from tests.faults.rounds import Bench, Kill, receiver, write_config
from tests.secret_key import secret_key
from tests.waiting import wait_for

STEP = Anywhere(MONITOR)
LONGEST = 2.5
"""Seconds that a monitor lives at most before it is killed."""

INCIDENTS = """
incident_after = "100ms"
resolve_after = "300ms"
merge_within = "1s"
reopen_within = "3s"
"""
CHECK = """
[[component]]
id = "api"
name = "API"
[[check]]
id = "api"
component = "api"
type = "tcp"
host = "127.0.0.1"
port = {port}
every = "100ms"
confirm_every = "50ms"
timeout = "90ms"
slow_over = "90ms"
flap_changes = 100
[store]
url = "{url}"
"""


class Target:
    """A port that is there or not."""

    def __init__(self) -> None:
        self._held = accepting_port()
        self.port = self._held.__enter__()
        self.open = True

    def turn(self, *, on: bool) -> None:
        """Open or close it."""
        if on and not self.open:
            self._held = accepting_port(self.port)
            self._held.__enter__()
        elif not on and self.open:
            self._held.__exit__(None, None, None)
        self.open = on


@contextmanager
def monitored(folder: Path, seed: int, events: str = '"incident.*"') -> Iterator[tuple[Bench, Target]]:
    """A database that a monitor sets up, and the port that it looks at."""
    target, url = Target(), f"sqlite:///{folder / 'status.db'}"
    with receiver(folder) as port:
        more = CHECK.format(port=target.port, url=url)
        config = write_config(folder, port, site=secret_key(folder), incidents=INCIDENTS, events=events, more=more)
        store = open_store(url)
        yield Bench(folder, config, url, store, random.Random(seed), secrets.token_hex(3), torn=True), target
        store.close()
    target.turn(on=False)


def run(on: Bench, target: Target, kills: int) -> Iterator[Kill]:
    """So many deaths, then the recovery, whose violations are the last death's."""
    _set_up(on)
    for n in range(1, kills + 1):
        violations = _kill_a_monitor(on, target)
        if n == kills:
            violations |= _recover(on, target)
        yield on.kill(STEP, violations)


def _set_up(on: Bench) -> None:
    monitor = Monitor(on.config)
    wait_for(lambda: status(on) == "operational", "the first verdict")
    monitor.end()


def _kill_a_monitor(on: Bench, target: Target) -> set[str]:
    target.turn(on=not target.open)
    acts = on.script()
    victim, poster = Monitor(on.config), Poster(on.url, acts)
    victim.kill_later(on.chance.uniform(0, LONGEST))
    victim.killed()
    poster.acknowledged()
    poster.ended()
    on.there += acts
    return set(on.violations(settled=False))


def _recover(on: Bench, target: Target) -> set[str]:
    target.turn(on=True)
    monitor = Monitor(on.config)
    wait_for(lambda: _is_over(on), "the end of every incident", 60)
    on.settle()
    monitor.end()
    return set(on.violations(settled=True))


def _is_over(on: Bench) -> bool:
    books = laws.read_books(on.store)
    return books.statuses["api"] == "operational" and not any(each.is_open for each in books.incidents.values())


def status(on: Bench) -> str | None:
    """What the component that is looked at is; None before there is a database."""
    with suppress(StoreError):
        return laws.read_books(on.store).statuses.get("api")
    return None
