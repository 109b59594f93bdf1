"""Acting on moves: in order, only the newest where an actuator was away, and what came of it is written down."""

from functools import partial

import pytest

from statuspage.actuators import webhook
from statuspage.core.site import Site
from statuspage.core.state import Decision, JournalEvent
from statuspage.core.telling import Destination, Json, MessageState, Telling
from statuspage.delivery.courier import Sender
from statuspage.fields import Secret
from statuspage.store import Store
from tests.delivery.couriers import SIGNING_KEY, MovableClock, count, hurry, working
from tests.delivery.receivers import HERE, receiver
from tests.waiting import wait_until

ROUTE = "realtime.chat"
DELIVERED, DEAD, DROPPED = MessageState.DELIVERED, MessageState.DEAD, MessageState.DROPPED


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


def runbook(url: str) -> Sender:
    config = webhook.Config(url=url, secrets=(Secret(SIGNING_KEY),))
    return Sender(partial(webhook.compose, config), HERE, 5.0, (SIGNING_KEY,), acts=True)


def publish(store: Store, clock: MovableClock, *routes: str) -> None:
    """A site with one actuator for these routes."""
    acting = Destination("runbook", "webhook", ("route.moved", "capacity.*"), routes=routes)
    site = Site("Acme", "https://status.example.com", "Etc/UTC", destinations=(acting,))
    store.transact(lambda _: Decision(site=site), clock.now())


def move(store: Store, clock: MovableClock, epoch: int, to: str, route: str = ROUTE) -> None:
    """A route moves."""
    data: dict[str, Json] = {"route": {"id": route}, "from": "firebase", "to": to, "epoch": epoch}
    telling = Telling(f"route/{route}", (), clock.now(), data)
    store.transact(
        lambda _: Decision(events=(JournalEvent("route.moved", route, clock.now(), {}, telling),)), clock.now()
    )


def outcomes(store: Store) -> list[tuple[str, str, Json]]:
    found = (each.event for each in store.journal() if each.event.kind.startswith("actuator."))
    return [(each.kind, each.subject, each.data["epoch"]) for each in found]


async def test_what_came_of_a_move_is_an_event_of_the_route(store: Store, clock: MovableClock) -> None:
    publish(store, clock, "realtime.*")
    with receiver() as server:
        async with working(store, clock, {"runbook": runbook(server.url)}):
            move(store, clock, 2, "native")
            await wait_until(lambda: count(store, "runbook", DELIVERED) == 1)
    assert outcomes(store) == [("actuator.done", ROUTE, 2)]
    (got,) = server.received
    assert got.json["data"]["epoch"] == [store.head().generation, 2]
    assert got.headers["Idempotency-Key"] == f"{ROUTE}/{store.head().generation}.2"


async def test_a_refusal_is_an_event_too(store: Store, clock: MovableClock) -> None:
    publish(store, clock, "realtime.*")
    with receiver(lambda _: (422, {}, b"no such server")) as server:
        async with working(store, clock, {"runbook": runbook(server.url)}):
            move(store, clock, 2, "native")
            await wait_until(lambda: count(store, "runbook", DEAD) == 1)
    assert outcomes(store) == [("actuator.failed", ROUTE, 2)]


async def test_an_actuator_that_was_away_acts_on_the_newest_epoch_only(store: Store, clock: MovableClock) -> None:
    publish(store, clock, "realtime.*")
    answers = [503]
    with receiver(lambda _: (answers.pop() if answers else 202, {}, b"")) as server:
        async with working(store, clock, {"runbook": runbook(server.url)}) as courier:
            move(store, clock, 2, "native")
            await wait_until(lambda: len(server.received) == 1)
            move(store, clock, 3, "limited")
            move(store, clock, 4, "firebase")
            await hurry(courier, clock, lambda: count(store, "runbook", DELIVERED) == 1)
    assert [each.json["data"]["epoch"][1] for each in server.received] == [2, 4]
    assert count(store, "runbook", DROPPED) == 2
    assert outcomes(store) == [("actuator.done", ROUTE, 4)]


async def test_it_hears_of_its_own_routes_only(store: Store, clock: MovableClock) -> None:
    publish(store, clock, "cache.*")
    with receiver() as server:
        async with working(store, clock, {"runbook": runbook(server.url)}):
            move(store, clock, 2, "native")
            move(store, clock, 5, "fallback", "cache.main")
            await wait_until(lambda: count(store, "runbook", DELIVERED) == 1)
    assert [each.json["data"]["route"] for each in server.received] == ["cache.main"]
