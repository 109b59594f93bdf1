"""The snapshot: everything the pages say, as it was written, at one moment."""

import threading
from dataclasses import replace
from datetime import timedelta

from statuspage.core.state import Decision, Heartbeat, JournalEvent, Snapshot, State
from statuspage.core.status import Status
from statuspage.core.uptime import Span
from statuspage.store import Store
from tests.databases import START
from tests.store.values import EVENT, at, move, publish, site


def test_there_is_no_snapshot_before_a_site_is_published(store: Store) -> None:
    assert store.snapshot(START) is None


def test_the_snapshot_equals_what_was_written(store: Store) -> None:
    head = publish(store, "chat", "voice")
    beat = Heartbeat("local", at(9), START, at(8), at(7), "anchors", at(10))
    store.beat(Heartbeat("local", at(8), START))
    store.beat(beat)
    move(store, "chat", Status.MAJOR, at(5), at(6))
    store.roll_up(at(10))

    found = store.snapshot(at(11))
    assert head is not None
    assert found is not None
    assert found == Snapshot(
        generation=head.generation,
        revision=2,
        read_at=at(11),
        site=site("chat", "voice"),
        components=store.state().components,
        days=found.days,
        troubles=(Span("chat", Status.MAJOR, at(5)),),
        heartbeats=(beat,),
        updated_at=START,
    )
    assert [(day.component, day.day, day.figures.total) for day in found.days] == [
        ("chat", START.date(), 600),
        ("voice", START.date(), 600),
    ]


def test_todays_figures_reach_to_the_last_sign_of_life_between_two_roll_ups(store: Store) -> None:
    publish(store, "chat")
    store.roll_up(at(1))
    store.beat(Heartbeat("local", at(5), START))
    found = store.snapshot(at(30))
    assert found is not None
    assert [day.figures.total for day in found.days] == [300]


def test_updated_at_is_when_the_newest_event_was_written(store: Store) -> None:
    publish(store, "chat")
    back_dated = JournalEvent("component.updated", "chat", at(-30))
    store.transact(lambda _: Decision(events=(EVENT, back_dated)), at(3))
    found = store.snapshot(at(4))
    assert found is not None
    assert found.updated_at == at(3)


def test_the_snapshot_holds_90_days(store: Store) -> None:
    publish(store, "chat")
    now = START + timedelta(days=120)
    store.roll_up(now)
    found = store.snapshot(now)
    assert found is not None
    assert [day.day for day in found.days] == [now.date() - timedelta(days=n) for n in reversed(range(90))]


def test_troubles_are_the_newest_fifty_that_reach_into_the_90_days(store: Store) -> None:
    publish(store, "chat", "gone")
    move(store, "gone", Status.MAJOR, at(1), at(1))
    move(store, "chat", Status.MAJOR, at(1), at(1))
    move(store, "chat", Status.UNKNOWN, at(2), at(2))
    later = START + timedelta(days=100)
    for n in range(60):
        kind = (Status.DEGRADED, Status.PARTIAL, Status.MAJOR, Status.MAINTENANCE)[n % 4]
        move(store, "chat", kind, later + timedelta(minutes=2 * n), later)
        move(store, "chat", Status.OPERATIONAL, later + timedelta(minutes=2 * n + 1), later)
    store.transact(lambda _: Decision(site=site("chat"), archived=("gone",)), later)

    found = store.snapshot(later + timedelta(days=1))
    assert found is not None
    assert [span.started for span in found.troubles] == [
        later + timedelta(minutes=2 * n) for n in reversed(range(10, 60))
    ]
    early = store.snapshot(START + timedelta(days=89))
    assert early is not None
    assert {span.component for span in early.troubles} == {"chat"}


def test_a_snapshot_is_of_one_moment_while_others_write(store: Store) -> None:
    publish(store, "chat", "voice")
    writing = threading.Event()

    def write() -> None:
        statuses = (Status.MAJOR, Status.OPERATIONAL)
        for n in range(1, 41):
            new = statuses[n % 2]

            def command(state: State, new: Status = new, n: int = n) -> Decision:
                name = f"rev {n}"
                changed = replace(site("chat", "voice"), name=name)
                return Decision(site=changed, events=(JournalEvent(new, name, START),))

            store.transact(command, at(n))
        writing.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not writing.is_set():
        found = store.snapshot(START)
        assert found is not None
        if found.revision > 1:
            assert found.site.name == f"rev {found.revision - 1}"
            assert found.updated_at == at(found.revision - 1)
    thread.join()
