"""The deciding transaction: revisions, what it reads, what it writes, and when it writes nothing."""

import subprocess
import sys
import threading
from datetime import timedelta

import pytest

from statuspage.core.detection import Belief, Run, Verdict
from statuspage.core.observation import Outcome, Reason
from statuspage.core.site import Component, Group, Image, Link, Site
from statuspage.core.state import Decision, Held, JournalEvent, State
from statuspage.core.status import Status
from statuspage.store import StaleLease, Store, StoreBusy, StoreError
from tests.databases import START
from tests.store.values import EVENT, at, history, move, publish, site

THREADS, PROCESSES, EACH = 6, 2, 12


def test_a_new_database_is_at_revision_zero_and_has_a_short_name(store: Store) -> None:
    head = store.head()
    assert (head.revision, head.lease_epoch) == (0, 0)
    assert head.generation.isalnum()
    assert len(head.generation) == 10


def test_revisions_are_dense_and_in_commit_order_under_eight_writers(store: Store, database_url: str) -> None:
    def write() -> None:
        left = EACH
        while left:
            try:
                store.transact(lambda _: Decision(events=(EVENT, EVENT)), START)
            except StoreBusy:
                continue
            left -= 1

    command = [sys.executable, "-m", "tests.store.writer", "decide", database_url, str(EACH)]
    processes = [subprocess.Popen(command) for _ in range(PROCESSES)]
    threads = [threading.Thread(target=write) for _ in range(THREADS)]
    for thread in threads:
        thread.start()

    total = (THREADS + PROCESSES) * EACH
    followed: list[tuple[int, int]] = []
    while len(followed) < 2 * total:
        after = followed[-1] if followed else None
        followed.extend((entry.revision, entry.position) for entry in store.journal(after, 7))

    for thread in threads:
        thread.join()
    assert [process.wait(timeout=60) for process in processes] == [0] * PROCESSES
    assert followed == [(revision, position) for revision in range(1, total + 1) for position in (0, 1)]
    assert store.head().revision == total


def test_an_empty_decision_uses_no_revision(store: Store) -> None:
    publish(store, "chat")
    assert store.transact(lambda _: Decision(), at(1)) is None
    assert store.head().revision == 1
    following = store.transact(lambda _: Decision(events=(EVENT,)), at(2))
    assert following is not None
    assert following.revision == 2


def test_a_command_that_raises_leaves_nothing(store: Store) -> None:
    def refuse(state: State) -> Decision:
        raise LookupError("no such thing")

    with pytest.raises(LookupError, match="no such thing"):
        store.transact(refuse, START)
    assert store.head().revision == 0
    assert store.journal() == ()
    assert publish(store, "chat") is not None


def test_a_decision_that_cannot_be_written_whole_is_not_written_at_all(store: Store) -> None:
    publish(store, "chat")
    before = store.state()
    decision = Decision(site=site("chat", "voice"), archived=("chat", "never-there"), events=(EVENT,))
    with pytest.raises(StoreError, match="never-there"):
        store.transact(lambda _: decision, at(1))
    assert store.state() == before
    assert store.head().revision == 1
    assert history(store, "chat") == [(Status.OPERATIONAL, START, None)]


def test_a_stale_lease_changes_nothing(store: Store) -> None:
    publish(store, "chat")
    old = store.take_lease()
    new = store.take_lease()
    asked: list[State] = []

    def command(state: State) -> Decision:
        asked.append(state)
        return Decision(events=(EVENT,))

    with pytest.raises(StaleLease):
        store.transact(command, at(1), lease_epoch=old)
    assert asked == []
    assert store.head().revision == 1
    written = store.transact(command, at(1), lease_epoch=new)
    assert written is not None
    assert (written.revision, written.lease_epoch) == (2, new)


def test_a_command_reads_what_is_published(store: Store) -> None:
    assert store.state() == State()
    full = Site(
        "Größe",
        "https://status.example.org",
        "America/New_York",
        (Component("chat", "Chat", 1, "realtime", "text", ("api",), ("c1", "c2"), False, START.date()),),
        (Group("realtime", "Realtime"),),
        (Link("Docs", "https://example.org"),),
        "https://help.example.org",
        Image("image/svg+xml", "PHN2Zy8+"),
    )
    held = Held("chat", Status.UNKNOWN, START, created_at=START)
    store.transact(lambda _: Decision(site=full, created=(held,)), START)
    assert store.state() == State(components={"chat": held}, site=full)


def test_unknown_leaves_the_confirmed_status(store: Store) -> None:
    publish(store, "chat")
    move(store, "chat", Status.MAJOR, at(1), at(2))
    move(store, "chat", Status.UNKNOWN, at(3), at(4))
    assert store.state().components["chat"] == Held("chat", Status.UNKNOWN, at(3), Status.MAJOR, START, at(4))


def test_events_and_beliefs_are_written_with_the_decision(store: Store) -> None:
    run = Run(START + timedelta(microseconds=7), Outcome.FAIL, Reason.TIMEOUT, "upgrade")
    belief = Belief("c1", "local", Verdict.DOWN, START, Reason.TIMEOUT, "upgrade", (run,), (START,), True, 2, None, 41)
    events = (EVENT, JournalEvent("check.changed", "c1", at(-3), {}))
    store.transact(lambda _: Decision(beliefs=(belief,), events=events), at(1))
    assert store.beliefs("local") == {"c1": belief}
    assert store.beliefs("another") == {}
    entries = store.journal()
    assert [(entry.revision, entry.position) for entry in entries] == [(1, 0), (1, 1)]
    assert tuple(entry.event for entry in entries) == events
    assert store.journal(after=(1, 0)) == entries[1:]


def test_an_archived_component_comes_back_with_its_history(store: Store) -> None:
    publish(store, "chat", "voice")
    store.transact(lambda _: Decision(site=site("chat"), archived=("voice",)), at(10))
    assert set(store.state().components) == {"chat", "voice"}
    shown = store.snapshot(at(11))
    assert shown is not None
    assert set(shown.components) == {"chat"}

    store.transact(lambda _: Decision(site=site("chat", "voice"), revived=("voice",)), at(20))
    shown = store.snapshot(at(21))
    assert shown is not None
    assert shown.components["voice"].created_at == START
    assert shown.components["voice"].since == at(20)
    assert history(store, "voice") == [(Status.OPERATIONAL, START, at(10)), (Status.OPERATIONAL, at(20), None)]


def test_text_that_no_database_takes_as_it_is_can_be_an_event(store: Store) -> None:
    event = JournalEvent("component.updated", "chat", START, {"text": "half \ud800 and nul \x00"})
    store.transact(lambda _: Decision(events=(event,)), START)
    assert store.journal()[0].event.kind == "component.updated"


def test_a_moment_without_a_zone_is_refused(store: Store) -> None:
    naive = START.replace(tzinfo=None)
    with pytest.raises(ValueError, match="without a time zone"):
        store.transact(lambda _: Decision(events=(JournalEvent("a", "b", naive),)), START)
    assert store.head().revision == 0
