"""The outbox on both engines: claims, queues, marks, silence, and what is dropped."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from statuspage.core import posting
from statuspage.core.posting import Post
from statuspage.core.state import Decision
from statuspage.core.telling import Destination, Message, MessageState
from statuspage.store import Store, outbox
from statuspage.store.outbox import Claim
from tests.databases import START
from tests.store.values import EVENT, at, site

LEASE = timedelta(seconds=30)
PAGER, HOOK = "pager", "hook"
SITE = site("api")
ROOM = {PAGER: 100, HOOK: 100}


def message(number: int, **fields: object) -> Message:
    """A message that is due at the start."""
    made: dict[str, object] = {
        "id": f"msg_{number:024d}",
        "destination": PAGER,
        "queue": "one",
        "number": number,
        "kind": "incident.updated",
        "subject": "one",
        "at": START,
        "due": START,
        "data": {"incident": {"name": "größer \u2028"}},
        "evidence": {"checks": [1.5, None]},
    }
    return Message(**{**made, **fields})  # type: ignore[arg-type]


def put(store: Store, *messages: Message) -> None:
    store._database.write(lambda connection: outbox.write(connection, messages, 7))


def claim(
    store: Store, when: datetime = START, room: dict[str, int] | None = None, worker: str = "here"
) -> tuple[Claim, ...]:
    return store.outbox.claim(when, ROOM if room is None else room, LEASE, worker)


def ids(claims: Sequence[Claim]) -> list[int]:
    return [each.message.number for each in claims]


def state(store: Store, number: int) -> MessageState:
    found = store.outbox.message(f"msg_{number:024d}")
    assert found is not None
    return found.state


def test_what_is_written_comes_back_as_it_was(store: Store) -> None:
    written = message(1, update="upd", due=at(5))
    put(store, written)
    assert store.outbox.waiting() == (written,)
    assert store.outbox.message(written.id) == written
    assert store.outbox.message("msg_none") is None


def test_numbers_go_on_from_the_highest(store: Store) -> None:
    assert store._database.read(outbox.next_number) == 1
    put(store, message(41))
    assert store._database.read(outbox.next_number) == 42


def test_only_the_oldest_of_a_queue_is_given_out(store: Store) -> None:
    put(store, message(1), message(2), message(3, queue="two"), message(4, destination=HOOK))
    first = claim(store)
    assert sorted(ids(first)) == [1, 3, 4]
    assert claim(store) == ()
    one = next(each for each in first if each.message.number == 1)
    assert (one.message.attempts, one.message.first_tried_at, one.until) == (1, START, START + LEASE)
    assert store.outbox.delivered(one.message.id, one.token, START)
    assert ids(claim(store)) == [2]


def test_a_later_message_waits_while_an_earlier_one_is_not_due_or_tried_again(store: Store) -> None:
    put(store, message(1, due=at(10)), message(2))
    assert claim(store) == ()
    (first,) = claim(store, at(10))
    assert store.outbox.retry(first.message.id, first.token, at(20), "500")
    assert claim(store, at(19)) == ()
    (again,) = claim(store, at(20))
    assert (again.message.number, again.message.attempts, again.message.last_error) == (1, 2, "500")
    assert again.message.first_tried_at == at(10)
    assert store.outbox.dead(again.message.id, again.token, "gone", at(21))
    assert ids(claim(store, at(21))) == [2]


def test_no_more_are_given_out_than_there_is_room_for(store: Store) -> None:
    put(store, *(message(number, queue=f"q{number}") for number in range(1, 7)))
    put(store, message(7, destination=HOOK))
    assert ids(claim(store, room={PAGER: 2})) == [1, 2]
    assert ids(claim(store, room={PAGER: 0, HOOK: 1})) == [7]
    assert claim(store, room={}) == ()


def test_the_claim_of_a_dead_worker_comes_back(store: Store) -> None:
    put(store, message(1))
    (lost,) = claim(store, worker="dead")
    assert claim(store, START + LEASE - timedelta(seconds=1)) == ()
    (taken,) = claim(store, START + LEASE)
    assert (taken.message.id, taken.message.attempts) == (lost.message.id, 2)
    assert taken.token != lost.token


MARKS: dict[str, Callable[[Store, str, str], bool]] = {
    "delivered": lambda store, message, token: store.outbox.delivered(message, token, at(2)),
    "retry": lambda store, message, token: store.outbox.retry(message, token, at(9), "500"),
    "dead": lambda store, message, token: store.outbox.dead(message, token, "401", at(2)),
    "dropped": lambda store, message, token: store.outbox.dropped(message, token, "why", at(2)),
}


@pytest.mark.parametrize("mark", MARKS)
def test_a_mark_with_a_lost_claim_changes_nothing_and_says_so(store: Store, mark: str) -> None:
    put(store, message(1))
    (lost,) = claim(store, worker="slow")
    (held,) = claim(store, at(1), worker="quick")
    before = store.outbox.message(lost.message.id)
    assert not MARKS[mark](store, lost.message.id, lost.token)
    assert not MARKS[mark](store, "msg_none", held.token)
    assert store.outbox.message(lost.message.id) == before
    assert MARKS[mark](store, held.message.id, held.token)
    assert not MARKS[mark](store, held.message.id, held.token)


def test_two_workers_never_hold_the_same_message(store: Store) -> None:
    put(store, *(message(number, queue=f"q{number}") for number in range(1, 41)))
    taken: list[int] = []
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait()
        while found := store.outbox.claim(START, {PAGER: 3}, LEASE, name):
            taken.extend(ids(found))

    workers = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    taken += ids(claim(store))  # who lost a race may have left some behind
    assert sorted(taken) == list(range(1, 41))


def test_undoing_an_update_drops_what_nobody_is_sending(store: Store) -> None:
    put(store, message(1, update="a"), message(2, update="a", queue="two"), message(3, update="b", queue="three"))
    (sending,) = claim(store, room={PAGER: 1})
    drop = lambda connection: outbox.drop_updates(connection, ["a"], START)  # noqa: E731
    assert store._database.write(drop) == 1
    assert store._database.write(lambda connection: outbox.drop_updates(connection, [], START)) == 0
    assert [state(store, number).value for number in (1, 2, 3)] == ["waiting", "dropped", "waiting"]
    assert store.outbox.retry(sending.message.id, sending.token, START, "500")
    assert store._database.write(drop) == 1
    assert state(store, 1) is MessageState.DROPPED


def test_no_end_is_told_to_whom_the_beginning_was_not(store: Store) -> None:
    put(store, message(1, kind="incident.created"), message(2, kind="incident.resolved"))
    put(store, message(3, kind="incident.created", destination=HOOK))
    put(store, message(4, kind="incident.resolved", destination=HOOK))
    for each in claim(store):
        if each.message.destination == PAGER:
            assert store.outbox.dead(each.message.id, each.token, "401", START)
        else:
            assert store.outbox.delivered(each.message.id, each.token, START)
    assert ids(claim(store)) == [4]
    dropped = store.outbox.message(f"msg_{2:024d}")
    assert dropped is not None
    assert (dropped.state, dropped.last_error) == (MessageState.DROPPED, "it never heard of the beginning")


def with_a_pager(store: Store) -> None:
    asked = (Destination(PAGER, "pagerduty", ("*",), pages=True), Destination(HOOK, "webhook", ("*",)))
    store.transact(lambda _: Decision(site=replace(SITE, destinations=asked)), START)


def tried(store: Store, error: str | None = "503", when: datetime = START) -> None:
    """Every destination was tried once, and did not take it; None: nobody knows."""
    for each in claim(store, when):
        if error is not None:
            assert store.outbox.retry(each.message.id, each.token, when, error)


def test_a_page_that_was_never_taken_is_dropped_with_the_end_that_overtook_it(store: Store) -> None:
    with_a_pager(store)
    for first, destination in ((1, PAGER), (11, HOOK)):
        put(
            store,
            message(first, kind="incident.created", destination=destination),
            message(first + 1, kind="incident.updated", destination=destination),
            message(first + 2, kind="incident.resolved", destination=destination, due=at(20)),
            message(first + 3, kind="incident.reopened", destination=destination, due=at(20)),
        )
    tried(store)
    assert ids(claim(store, at(5))) == [11, 1], "the end may still be undone"
    for each in (1, 11):
        found = store.outbox.message(f"msg_{each:024d}")
        assert found is not None
        assert found.attempts == 2
    assert ids(claim(store, at(60))) == [11]
    assert [state(store, number).value for number in (1, 2, 3)] == ["dropped"] * 3
    dropped = store.outbox.message(f"msg_{1:024d}")
    assert dropped is not None
    assert dropped.last_error == "it was over before anybody was told"
    assert ids(claim(store, at(60))) == [4], "what came after it is told"


def test_a_page_goes_out_that_was_not_tried_yet_or_of_whose_try_nobody_knows_the_end(store: Store) -> None:
    with_a_pager(store)
    put(store, message(1, kind="incident.created"), message(2, kind="incident.resolved"))
    tried(store, None)
    assert ids(claim(store, at(60))) == [1], "the first try may have opened the alert"


@pytest.mark.parametrize("kind", ["incident.resolved", "incident.acknowledged"])
def test_an_end_without_a_beginning_is_dropped_but_where_only_ends_are_asked_for(store: Store, kind: str) -> None:
    asked = (Destination(PAGER, "pagerduty", ("incident.*",)), Destination(HOOK, "webhook", (kind,)))
    store.transact(lambda _: Decision(site=replace(SITE, destinations=asked)), START)
    put(store, message(1, kind=kind), message(2, kind=kind, destination=HOOK))
    assert ids(claim(store)) == [2]
    assert state(store, 1) is MessageState.DROPPED


def test_a_silenced_destination_is_left_alone_until_it_is_not(store: Store) -> None:
    put(store, message(1), message(2, destination=HOOK))
    store.outbox.silence(PAGER, "410", START)
    store.outbox.silence(PAGER, "again", at(1))
    assert {name: each.reason for name, each in store.outbox.silenced().items()} == {PAGER: "410"}
    assert ids(claim(store)) == [2]
    assert store.outbox.bury_silenced(START, at(2)) == 0
    assert store.outbox.unsilence(PAGER)
    assert not store.outbox.unsilence(PAGER)
    assert ids(claim(store)) == [1]


def test_what_waits_too_long_for_a_silenced_destination_dies(store: Store) -> None:
    put(store, message(1), message(2, at=at(30), queue="two"), message(3, destination=HOOK))
    store.outbox.silence(PAGER, "410", START)
    assert store.outbox.bury_silenced(at(10), at(2000)) == 1
    assert [state(store, number).value for number in (1, 2, 3)] == ["dead", "waiting", "waiting"]


def test_messages_of_a_destination_that_left_are_dropped(store: Store) -> None:
    put(store, message(1), message(2, at=at(5), queue="two"), message(3, destination=HOOK))
    assert store.outbox.drop_strangers([HOOK], at(1), at(2)) == 1
    assert store.outbox.drop_strangers([HOOK], at(1), at(2)) == 0
    gone = store.outbox.message(f"msg_{1:024d}")
    assert gone is not None
    assert (gone.state, gone.last_error) == (MessageState.DROPPED, "the destination left the configuration")
    assert [state(store, number).value for number in (2, 3)] == ["waiting", "waiting"]


def test_a_message_is_buried_with_what_is_said_of_it_and_its_destination_or_not_at_all(store: Store) -> None:
    put(store, message(1), message(2, queue="two"))
    first, second = claim(store)
    said = Decision(events=(EVENT,))
    assert not store.bury(first.message.id, "another claim", "410", said, at(1), silence=PAGER)
    assert (store.journal(), store.outbox.silenced(), state(store, 1)) == ((), {}, MessageState.WAITING)
    assert store.bury(second.message.id, second.token, "401", said, at(1))
    assert (len(store.journal()), store.outbox.silenced(), state(store, 2)) == (1, {}, MessageState.DEAD)
    assert store.bury(first.message.id, first.token, "410", said, at(1), silence=PAGER)
    assert not store.bury(first.message.id, first.token, "410", said, at(1), silence=PAGER)
    assert (len(store.journal()), state(store, 1)) == (2, MessageState.DEAD)
    assert store.outbox.silenced()[PAGER].reason == "410"


def test_dead_letters_are_listed_and_begin_anew_under_their_own_id_or_are_put_aside(store: Store) -> None:
    put(store, message(1), message(2, queue="two"))
    for each in claim(store):
        assert store.outbox.dead(each.message.id, each.token, "half \ud800 and nul \x00", START)
    newest, oldest = store.outbox.dead_letters()
    assert (newest.number, oldest.number) == (2, 1)
    assert len(store.outbox.dead_letters(1)) == 1
    assert store.outbox.retry_dead(oldest.id, at(3))
    assert not store.outbox.retry_dead(oldest.id, at(3))
    assert store.outbox.drop_dead(newest.id, at(3))
    assert not store.outbox.drop_dead(newest.id, at(3))
    (anew,) = claim(store, at(3))
    assert (anew.message.id, anew.message.attempts, anew.message.first_tried_at) == (oldest.id, 1, at(3))


def test_what_is_told_of_an_incident_is_listed_in_every_state(store: Store) -> None:
    put(store, *(message(number) for number in range(1, 4)), message(4, queue="two"), message(5, destination=HOOK))
    (first,) = claim(store, room={PAGER: 1})
    assert store.outbox.delivered(first.message.id, first.token, START)
    (second,) = claim(store, room={PAGER: 1})
    assert store.outbox.dead(second.message.id, second.token, "401", START)
    found = [(each.number, each.state.value) for each in store.outbox.about("one")]
    assert found == [(5, "waiting"), (3, "waiting"), (2, "dead"), (1, "delivered")]
    assert [each.number for each in store.outbox.about("one", 2)] == [5, 3]
    assert store.outbox.about("none") == ()


def test_counts_by_destination(store: Store) -> None:
    put(store, message(1), message(2, queue="two"), message(3, destination=HOOK))
    (first,) = claim(store, room={PAGER: 1})
    store.outbox.delivered(first.message.id, first.token, START)
    assert store.outbox.counts_by_destination() == {
        PAGER: {MessageState.DELIVERED: 1, MessageState.WAITING: 1},
        HOOK: {MessageState.WAITING: 1},
    }


def test_what_is_settled_for_long_is_removed_and_nothing_else(store: Store) -> None:
    put(store, *(message(number, queue=f"q{number}") for number in range(1, 5)))
    for each in claim(store, room={PAGER: 3}):
        when = at(1 if each.message.number < 3 else 60)
        store.outbox.delivered(each.message.id, each.token, when)
    assert store.outbox.prune(at(30), batch=1) == 1
    assert store.outbox.prune(at(30)) == 1
    assert store.outbox.prune(at(30)) == 0
    assert [state(store, number).value for number in (3, 4)] == ["delivered", "waiting"]


def test_nothing_is_removed_of_a_queue_that_goes_on(store: Store) -> None:
    put(store, message(1, kind="incident.created"), message(2, kind="incident.resolved", due=at(50)))
    put(store, message(3, queue="two"), message(4, queue="two", due=at(40)))
    for now in (START, at(40)):
        for each in claim(store, now):
            assert store.outbox.delivered(each.message.id, each.token, now)
    assert store.outbox.prune(at(30)) == 0
    assert store.outbox.prune(at(41)) == 2  # of the second queue; in the first the end still waits
    (end,) = claim(store, at(50))
    assert end.message.number == 2
    assert store.outbox.delivered(end.message.id, end.token, at(50))
    assert store.outbox.prune(at(51)) == 2


def test_nothing_is_removed_while_its_incident_goes_on(store: Store) -> None:
    store.transact(lambda _: Decision(site=SITE), START)
    post = Post("It is slow.", "Slow", key="slow")
    store.act(lambda state: posting.open_incident(state, post, "cleo", START), START)
    id = posting.id_of("incident", "cleo", "slow")
    put(store, message(1, kind="incident.created", queue=id), message(2, queue="other"))
    for each in claim(store):
        assert store.outbox.delivered(each.message.id, each.token, START)
    assert store.outbox.prune(at(10_000)) == 1
    assert state(store, 1) is MessageState.DELIVERED


def test_what_waits_for_its_next_try_is_due_when_the_destination_takes_messages_again(store: Store) -> None:
    put(store, message(1), message(2, queue="two"), message(3, queue="three", destination="other"))
    for each in claim(store):
        store.outbox.retry(each.message.id, each.token, at(600), "503")
    assert claim(store, at(60)) == ()
    assert store.outbox.hasten(PAGER, at(60)) == 2
    assert ids(claim(store, at(60))) == [1, 2]
