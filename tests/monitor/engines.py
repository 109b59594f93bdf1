"""A real engine on a real store, with looks that a test scripts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

from statuspage.clock import SystemClock
from statuspage.config import Check
from statuspage.config.tables import CheckHead
from statuspage.core.clock import Clock
from statuspage.core.observation import Observation, Outcome, Reason, Stage
from statuspage.core.site import Component, Site
from statuspage.delivery.courier import Sender
from statuspage.fields import Options
from statuspage.monitor.engine import Engine, Times
from statuspage.monitor.look import Probe, Watch
from statuspage.store import Store, open_store

QUICK = Times(
    due=0.02,
    decide=0.1,
    watchdog=0.1,
    beat=0.3,
    anchors=0.2,
    checkpoint=0.5,
    roll_up=5,
    prune=60,
    first_within=0.1,
    rest=0.5,
)

CLOCK = SystemClock()


class MovedClock:
    """A wall clock that can be moved; the monotonic one stays."""

    def __init__(self) -> None:
        self.moved = timedelta(0)

    def now(self) -> datetime:
        return CLOCK.now() + self.moved

    def monotonic(self) -> float:
        return CLOCK.monotonic()


def seen(
    check: str, outcome: Outcome, stage: str = "upgrade", reason: Reason | None = None, took: float = 0.001
) -> Observation:
    """What a look at `check` gives right now."""
    if outcome is Outcome.OK:
        return Observation(check, "local", CLOCK.now(), outcome, took * 1000, stages=(Stage("connect", took * 1000),))
    return Observation(check, "local", CLOCK.now(), outcome, took * 1000, reason or Reason.TIMEOUT, stage)


class Scripted:
    """A look whose answer the test changes. Counts how often it was asked."""

    def __init__(self, check: str, answer: Callable[[], Observation] | None = None) -> None:
        self.check = check
        self.answer = answer or (lambda: seen(check, Outcome.OK))
        self.asked = 0

    async def __call__(self) -> Observation:
        self.asked += 1
        return self.answer()


def watch(name: str, probe: Probe, *, every: str = "0.3s", timeout: str = "1s", component: str | None = None) -> Watch:
    """A check of that name for the component of the same name."""
    head = CheckHead.model_validate(
        {
            "id": name,
            "component": component or name,
            "type": "tcp",
            "every": every,
            "timeout": timeout,
            "slow_over": timeout,
            "confirm_every": "50ms",
        }
    )
    return Watch(Check(head, Options()), probe)


def site_of(*watches: Watch) -> Site:
    """A page with one component a check."""
    names = dict.fromkeys(each.check.head.component for each in watches)
    return Site(
        "Acme",
        "http://127.0.0.1",
        "Etc/UTC",
        tuple(
            Component(
                name, name.title(), n + 1, checks=tuple(w.check.id for w in watches if w.check.head.component == name)
            )
            for n, name in enumerate(names)
        ),
    )


def store_at(path: Path) -> Store:
    store = open_store(f"sqlite:///{path / 'status.db'}")
    store.upgrade(CLOCK.now())
    return store


@asynccontextmanager
async def running(
    store: Store,
    *watches: Watch,
    anchors: tuple[Watch, ...] = (),
    times: Times = QUICK,
    clock: Clock = CLOCK,
    site: Site | None = None,
    senders: Mapping[str, Sender] | None = None,
) -> AsyncIterator[Engine]:
    """An engine at work; it is stopped at the end and what it raises is raised."""
    engine = Engine(store, clock, times=times)
    work = engine.run(site or site_of(*watches), watches, anchors, senders)
    task = asyncio.get_running_loop().create_task(work)
    try:
        yield engine
    finally:
        engine.stop()
        await asyncio.wait_for(task, 20)


def statuses(store: Store) -> Mapping[str, str]:
    """Every component's state as stored."""
    return {name: held.status.value for name, held in store.state().components.items()}
