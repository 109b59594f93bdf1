"""A courier at work on a real store, with a wall clock that can be moved on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from statuspage.clock import SystemClock
from statuspage.core.site import Site
from statuspage.core.state import Decision, JournalEvent
from statuspage.core.telling import Destination, Message, MessageState, Telling
from statuspage.delivery.courier import Courier, Sender, Times
from statuspage.fields import Secret
from statuspage.notifiers import pagerduty, webhook
from statuspage.store import Store
from tests.delivery.receivers import HERE
from tests.waiting import wait_until

T = TypeVar("T")

SIGNING_KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ROUTING_KEY = "0123456789abcdef0123456789abcdef"
TIMES = Times(poll=0.02, mark_again=0.02, house=0.02, grace=3.0)


class MovableClock(SystemClock):
    """The machine's clock; `skip` moves the wall, the monotonic one goes on as it was."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self._ahead

    def skip(self, seconds: float) -> None:
        """It is later now."""
        self._ahead += timedelta(seconds=seconds)


def hook(url: str, deadline: float = 5.0) -> Sender:
    """A signed webhook to that address."""
    config = webhook.Config(url=url, secrets=(Secret(SIGNING_KEY),))
    return Sender(
        partial(webhook.compose, config), HERE, deadline, (SIGNING_KEY,), "Acme", "https://status.example.com"
    )


def pager(url: str, deadline: float = 5.0) -> Sender:
    """A PagerDuty service at that address."""
    config = pagerduty.Config(url=url, routing_key=Secret(ROUTING_KEY))
    compose = partial(pagerduty.compose, config)
    return Sender(compose, HERE, deadline, (ROUTING_KEY,), "Acme", "https://status.example.com")


def publish(store: Store, clock: MovableClock, **events: str) -> None:
    """A site with these destinations, each wanting one pattern of events."""
    destinations = tuple(Destination(name, "webhook", (pattern,)) for name, pattern in events.items())
    site = Site("Acme", "https://status.example.com", "Etc/UTC", destinations=destinations)
    store.transact(lambda _: Decision(site=site), clock.now())


def tell(store: Store, clock: MovableClock, kind: str = "incident.created", queue: str = "one", **fields: str) -> None:
    """Something happens that is to be told."""
    data: dict[str, object] = {"incident": {"name": f"{queue}", "impact": "major", **fields}}
    telling = Telling(queue, (), clock.now(), data)  # type: ignore[arg-type]
    event = JournalEvent(kind, queue, clock.now(), {}, telling)
    store.transact(lambda _: Decision(events=(event,)), clock.now())


class Submit:
    """Runs jobs in threads, as the writer does, one at a time. `before` may look at each and raise or wait."""

    def __init__(self, store: Store, before: Callable[[], Awaitable[None]] | None = None) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self.before = before

    async def __call__(self, job: Callable[[Store], T], /) -> T:
        if self.before is not None:
            await self.before()
        async with self._turn:
            return await asyncio.to_thread(job, self._store)


@asynccontextmanager
async def working(
    store: Store,
    clock: MovableClock,
    senders: Mapping[str, Sender],
    *,
    times: Times = TIMES,
    submit: Submit | None = None,
    worker: str = "courier",
) -> AsyncIterator[Courier]:
    """A courier that works until the end of the block."""
    courier = Courier(submit or Submit(store), clock, senders, worker=worker, times=times, jitter=lambda: 0.0)
    task = asyncio.create_task(courier.run())
    try:
        yield courier
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def hurry(courier: Courier, clock: MovableClock, done: Callable[[], bool], step: float = 5.0) -> None:
    """Move the wall clock on while nothing is under way, until it is done. A claim outlives several steps."""

    def look() -> bool:
        if done():
            return True
        if not courier.in_flight:
            clock.skip(step)
            courier.wake()
        return False

    await wait_until(look, patience=60)


def rows(store: Store, *states: MessageState) -> list[Message]:
    """Every message that is waiting or dead, as far as it is in one of these states, by number."""
    found = [*store.outbox.waiting(10_000), *store.outbox.dead_letters(10_000)]
    return sorted((each for each in found if each.state in states), key=lambda each: each.number)


def count(store: Store, destination: str, state: MessageState) -> int:
    """How many messages of a destination are in that state."""
    return store.outbox.counts_by_destination().get(destination, {}).get(state, 0)
