"""The courier on a real store: at least once, under one id, in order, and nobody waits for somebody else."""

import asyncio
import random
import threading
from collections.abc import Mapping

import pytest
from standardwebhooks.webhooks import Webhook

from statuspage.core.outgoing import Context, Outgoing
from statuspage.core.telling import Message, MessageState
from statuspage.delivery.courier import IN_FLIGHT, Sender, Times
from statuspage.store import Store, StoreBusy
from tests.delivery.couriers import (
    SIGNING_KEY,
    TIMES,
    MovableClock,
    Submit,
    count,
    hook,
    hurry,
    pager,
    publish,
    rows,
    tell,
    working,
)
from tests.delivery.pagerduty_server import pagerduty
from tests.delivery.receivers import (
    HERE,
    Received,
    Script,
    answering,
    playing,
    receiver,
    reset,
    scripted,
    silent,
)
from tests.waiting import wait_until

DELIVERED, DEAD, DROPPED, WAITING = (
    MessageState.DELIVERED,
    MessageState.DEAD,
    MessageState.DROPPED,
    MessageState.WAITING,
)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


def ids(received: list[Received]) -> list[str]:
    return [each.headers["webhook-id"] for each in received]


async def test_what_happens_reaches_the_receiver_signed_and_is_marked(store: Store, clock: MovableClock) -> None:
    publish(store, clock, hook="incident.*")
    with receiver() as server:
        async with working(store, clock, {"hook": hook(server.url)}):
            tell(store, clock)
            await wait_until(lambda: count(store, "hook", DELIVERED) == 1)
    (got,) = server.received
    assert Webhook(SIGNING_KEY).verify(got.body, dict(got.headers))["type"] == "incident.created"


async def test_what_a_destination_does_not_want_it_is_not_sent(store: Store, clock: MovableClock) -> None:
    publish(store, clock, hook="maintenance.*")
    tell(store, clock)
    assert rows(store, WAITING) == []


@pytest.mark.corpus("I2")
async def test_a_repeat_has_the_same_id_and_the_next_of_the_queue_waits_for_it(
    store: Store, clock: MovableClock
) -> None:
    publish(store, clock, hook="incident.*")
    refusals = [500, 503]
    with receiver(lambda _: (refusals.pop(0) if refusals else 202, {}, b"")) as server:
        async with working(store, clock, {"hook": hook(server.url)}) as courier:
            tell(store, clock)
            tell(store, clock, "incident.resolved")
            await hurry(courier, clock, lambda: count(store, "hook", DELIVERED) == 2)
    first, second = dict.fromkeys(ids(server.received))
    assert ids(server.received) == [first, first, first, second]
    kinds = [each.json["type"] for each in server.received]
    assert kinds == ["incident.created"] * 3 + ["incident.resolved"]


SECONDS = 0.3
"""The deadline of a try at a receiver that never answers."""


@pytest.mark.parametrize(
    ("first", "state", "after"),
    [
        (answering(202), DELIVERED, None),
        (answering(400, body=b'{"errors":["bad"]}'), DEAD, None),
        (answering(301, "Location: http://127.0.0.1:1/\r\n"), DEAD, None),
        (answering(429, "Retry-After: 40\r\n"), WAITING, 40),
        (answering(429), WAITING, 5),
        (answering(500), WAITING, 5),
        (silent, WAITING, 5),
        (reset, WAITING, 5),
    ],
    ids=["202", "400", "301", "429 with patience", "429", "500", "silence", "reset"],
)
@pytest.mark.corpus("I3")
async def test_every_answer_of_a_pager_has_its_consequence(
    store: Store, clock: MovableClock, first: Script, state: MessageState, after: float | None
) -> None:
    publish(store, clock, pager="incident.*")
    with playing(scripted([first, answering(202)])) as server:
        sender = pager(f"http://127.0.0.1:{server.port}", SECONDS if first is silent else 5.0)
        async with working(store, clock, {"pager": sender}):
            tell(store, clock)
            if after is None:
                await wait_until(lambda: count(store, "pager", state) == 1)
                assert server.connections == 1
                return
            await wait_until(lambda: rows(store, WAITING)[0].last_error)
            (waiting,) = rows(store, WAITING)
            assert waiting.attempts == 1
            assert waiting.first_tried_at is not None
            waits = (waiting.due - waiting.first_tried_at).total_seconds()
            assert after <= waits < after + 5
            clock.skip(after + 6)
            await wait_until(lambda: count(store, "pager", DELIVERED) == 1)
    assert server.connections == 2


@pytest.mark.corpus("I3")
async def test_a_pager_that_is_gone_is_silenced_and_the_others_hear_of_it(store: Store, clock: MovableClock) -> None:
    publish(store, clock, pager="incident.*", hook="message.*")
    with playing(answering(410)) as gone, receiver() as other:
        senders = {"pager": pager(f"http://127.0.0.1:{gone.port}"), "hook": hook(other.url)}
        async with working(store, clock, senders):
            tell(store, clock)
            tell(store, clock, "incident.updated")
            await wait_until(lambda: count(store, "hook", DELIVERED) == 1)
            assert "410" in store.outbox.silenced()["pager"].reason
    assert gone.connections == 1
    assert (count(store, "pager", DEAD), count(store, "pager", WAITING)) == (1, 1)
    told = other.received[0].json
    assert told["type"] == "message.dead"
    assert (told["data"]["message"]["destination"], told["data"]["message"]["disabled"]) == ("pager", True)
    (event,) = [each.event for each in store.journal() if each.event.kind == "message.dead"]
    assert (event.subject, event.data["disabled"]) == ("pager", True)


async def test_many_dead_letters_are_all_in_the_journal_and_told_once(store: Store, clock: MovableClock) -> None:
    publish(store, clock, pager="incident.*", hook="message.*")
    with playing(answering(403)) as closed, receiver() as other:
        senders = {"pager": pager(f"http://127.0.0.1:{closed.port}"), "hook": hook(other.url)}
        async with working(store, clock, senders):
            for number in range(5):
                tell(store, clock, queue=f"q{number}")
            await wait_until(lambda: len([e for e in store.journal() if e.event.kind == "message.dead"]) == 5)
            await wait_until(lambda: count(store, "hook", DELIVERED) == 1)
    assert count(store, "hook", WAITING) == 0
    assert count(store, "pager", DEAD) == 5


async def test_the_death_of_an_obituary_is_told_to_nobody(store: Store, clock: MovableClock) -> None:
    publish(store, clock, hook="*", other="*")
    with playing(answering(401)) as closed:
        dead = hook(f"http://127.0.0.1:{closed.port}")
        async with working(store, clock, {"hook": dead, "other": dead}):
            tell(store, clock)
            # One message each dies; each death is told to the other, where it dies without another word.
            await wait_until(lambda: not rows(store, WAITING) and count(store, "hook", DEAD) == 2)
            await wait_until(lambda: len([e for e in store.journal() if e.event.kind == "message.dead"]) == 4)
    for name in ("hook", "other"):
        assert (count(store, name, DEAD), count(store, name, DROPPED)) == (2, 1)
    assert rows(store, WAITING) == []


async def test_an_end_is_not_sent_when_the_beginning_died(store: Store, clock: MovableClock) -> None:
    publish(store, clock, pager="incident.*")
    with playing(answering(400)) as server:
        async with working(store, clock, {"pager": pager(f"http://127.0.0.1:{server.port}")}):
            tell(store, clock)
            tell(store, clock, "incident.resolved")
            await wait_until(lambda: count(store, "pager", DROPPED) == 1)
    assert server.connections == 1


async def test_a_destination_that_never_answers_delays_nobody_else(store: Store, clock: MovableClock) -> None:
    publish(store, clock, slow="incident.*", other="incident.*")
    with playing(silent) as server, receiver() as good:
        senders = {"slow": hook(f"http://127.0.0.1:{server.port}", 60.0), "other": hook(good.url)}
        async with working(store, clock, senders, times=Times(0.02, 0.02, 60, 0.1)) as courier:
            for number in range(30):
                tell(store, clock, queue=f"q{number}")
            await wait_until(lambda: count(store, "other", DELIVERED) == 30)
            await wait_until(lambda: courier.in_flight.get("slow") == IN_FLIGHT)
            assert count(store, "slow", WAITING) == 30
    assert server.connections == IN_FLIGHT


async def test_a_mark_that_the_store_refuses_is_tried_again_and_nothing_is_sent_twice(
    store: Store, clock: MovableClock
) -> None:
    publish(store, clock, hook="incident.*")
    tell(store, clock)
    refused = 0
    with receiver() as server:

        async def busy() -> None:
            nonlocal refused
            if server.received and refused < 5:
                refused += 1
                raise StoreBusy("locked")

        async with working(store, clock, {"hook": hook(server.url)}, submit=Submit(store, busy)):
            await wait_until(lambda: count(store, "hook", DELIVERED) == 1)
    assert (refused, len(server.received)) == (5, 1)


@pytest.mark.parametrize("successor", ["courier", "another"])
async def test_who_dies_between_sending_and_marking_sends_again_under_the_same_id(
    store: Store, clock: MovableClock, successor: str
) -> None:
    publish(store, clock, hook="incident.*")
    tell(store, clock)
    tell(store, clock, "incident.updated")
    with receiver() as server:

        async def hang() -> None:
            if server.received:
                await asyncio.Event().wait()

        async with working(
            store, clock, {"hook": hook(server.url)}, submit=Submit(store, hang), times=Times(0.02, 0.02, 60, 0.05)
        ):
            await wait_until(lambda: server.received)
        assert count(store, "hook", WAITING) == 2
        async with working(store, clock, {"hook": hook(server.url)}, worker=successor):
            if successor == "another":
                await asyncio.sleep(0.1)
                assert len(server.received) == 1, "the claim of the dead one still holds"
                clock.skip(120)
            await wait_until(lambda: count(store, "hook", DELIVERED) == 2)
    first, again, second = ids(server.received)
    assert first == again != second


async def test_what_is_under_way_at_the_end_is_marked(store: Store, clock: MovableClock) -> None:
    publish(store, clock, hook="incident.*")
    tell(store, clock)
    under_way = asyncio.Event()
    loop = asyncio.get_running_loop()
    go = threading.Event()

    def judge(_: Received) -> tuple[int, Mapping[str, str], bytes]:
        loop.call_soon_threadsafe(under_way.set)
        go.wait(10)
        return 202, {}, b""

    with receiver(judge) as server:
        async with working(store, clock, {"hook": hook(server.url)}):
            await under_way.wait()
            loop.call_later(0.1, go.set)
        assert count(store, "hook", DELIVERED) == 1


async def test_messages_of_a_destination_that_left_are_dropped_and_a_new_one_is_served(
    store: Store, clock: MovableClock
) -> None:
    publish(store, clock, old="incident.*", new="incident.*")
    with receiver() as server:
        async with working(store, clock, {}) as courier:
            tell(store, clock)
            courier.adopt({"new": hook(server.url)})
            await wait_until(lambda: count(store, "new", DELIVERED) == 1)
            assert count(store, "old", WAITING) == 1, "the page may know of a destination before the courier does"
            clock.skip(120)
            await wait_until(lambda: count(store, "old", DROPPED) == 1)


async def test_a_message_that_cannot_be_composed_dies_without_its_secrets(store: Store, clock: MovableClock) -> None:
    def compose(message: Message, context: Context) -> Outgoing:
        raise ValueError("no way with CANARY")

    publish(store, clock, hook="incident.*")
    async with working(store, clock, {"hook": Sender(compose, HERE, 5.0, ("CANARY",))}):
        tell(store, clock)
        await wait_until(lambda: count(store, "hook", DEAD) == 1)
    (dead,) = rows(store, DEAD)
    assert "ValueError: no way with" in (dead.last_error or "")
    assert "CANARY" not in repr(dead) + repr(store.journal())


async def test_after_a_day_a_message_that_nobody_takes_dies(store: Store, clock: MovableClock) -> None:
    publish(store, clock, hook="incident.*")
    tell(store, clock)
    with receiver(lambda _: (503, {}, b"")) as server:
        async with working(store, clock, {"hook": hook(server.url)}) as courier:
            await hurry(courier, clock, lambda: count(store, "hook", DEAD) == 1, step=700)
    assert len(set(ids(server.received))) == 1
    assert "not taken within 24 hours" in (rows(store, DEAD)[0].last_error or "")


MANY = 24


@pytest.mark.parametrize("seed", range(3))
async def test_every_message_arrives_in_the_order_of_its_queue_whatever_is_answered(
    store: Store, clock: MovableClock, seed: int
) -> None:
    dice = random.Random(seed)
    publish(store, clock, hook="incident.*")
    answers = (202, 202, 202, 202, 202, 429, 500, 503, 408)
    with receiver(lambda _: (dice.choice(answers), {}, b"")) as server:
        async with working(store, clock, {"hook": hook(server.url, 60.0)}) as courier:
            for number in range(MANY):
                tell(store, clock, "incident.updated", queue=f"q{number % 4}", status=str(number))
            await hurry(courier, clock, lambda: count(store, "hook", DELIVERED) == MANY, step=20)
    for queue in range(4):
        arrived = [int(e.json["data"]["incident"]["status"]) for e in server.received]
        mine = [number for number in dict.fromkeys(arrived) if number % 4 == queue]
        assert mine == list(range(queue, MANY, 4))
        in_time = [number for number in arrived if number % 4 == queue]
        assert in_time == sorted(in_time), "nothing overtakes a message that is tried again"
    assert len(set(ids(server.received))) == MANY


async def test_the_course_of_an_incident_at_a_pager(store: Store, clock: MovableClock) -> None:
    publish(store, clock, pager="incident.*")
    with pagerduty() as server:
        async with working(store, clock, {"pager": pager(server.url)}):
            for kind in ("created", "acknowledged", "updated", "resolved"):
                tell(store, clock, f"incident.{kind}", queue="qx2")
            await wait_until(lambda: count(store, "pager", DELIVERED) == 4)
    assert server.refused == []
    assert server.alerts == {"statuspage:production:qx2": "resolved"}


async def test_the_house_rests_while_the_store_is_away(store: Store, clock: MovableClock) -> None:
    publish(store, clock, hook="incident.*")
    away = True

    async def gone() -> None:
        if away:
            raise StoreBusy("locked")

    with receiver() as server:
        async with working(store, clock, {"hook": hook(server.url)}, submit=Submit(store, gone), times=TIMES):
            tell(store, clock)
            await asyncio.sleep(0.1)
            assert server.received == []
            away = False
            await wait_until(lambda: count(store, "hook", DELIVERED) == 1)
