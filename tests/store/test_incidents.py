"""Incidents, maintenances and overrides as they are stored: whole, once, and with what they tell."""

import threading
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sql_event
from sqlalchemy import select

from statuspage.core import correcting, planning, posting
from statuspage.core.decide import decide
from statuspage.core.detection import Belief, Verdict
from statuspage.core.incident import (
    ComponentChange,
    Edit,
    Evidence,
    Impact,
    Incident,
    Postmortem,
    Update,
)
from statuspage.core.maintenance import Maintenance
from statuspage.core.posting import Post, id_of
from statuspage.core.refusals import Conflict
from statuspage.core.site import Component, Site
from statuspage.core.state import Decision, Held, JournalEvent, Override, Repaint, State
from statuspage.core.status import Status
from statuspage.core.telling import Destination, MessageState, Telling
from statuspage.store import Store, StoreError
from statuspage.store.documents import Document
from statuspage.store.schema import open_causes
from tests.databases import START
from tests.store.values import at, figures_of, history, publish

PARTS = ("chat", "voice", "video")
HOOK = Destination("hook", "webhook", ("*",))


def site_with(*destinations: Destination) -> Site:
    parts = [
        Component(name, name.title(), n, checks=(name,) if name != "video" else ()) for n, name in enumerate(PARTS)
    ]
    return Site("Example", "https://status.example.org", "Etc/UTC", tuple(parts), destinations=destinations)


@pytest.fixture
def page(store: Store) -> Store:
    """A store with a page of three components and one destination; `video` has no checks."""
    created = tuple(Held(name, Status.OPERATIONAL, START, created_at=START) for name in PARTS)
    store.transact(lambda _: Decision(site=site_with(HOOK), created=created), START)
    return store


def an_incident(**more: Any) -> Incident:
    first = Update(
        id="u1",
        state="investigating",
        body="It is **slow**.",
        display_at=at(-5),
        written_at=at(0),
        by="ana",
        changes=(ComponentChange("chat", Status.OPERATIONAL, Status.MAJOR),),
        published_at=at(0),
        next_by=at(30),
        edits=(Edit(at(1), "bob", "investigating", "slow", at(-5)),),
        published_by="ana",
        spared=("video",),
    )
    second = Update("u2", "identified", "Found.", at(3), at(3), "robot", publish_at=at(8), tell=False)
    whole = Incident(
        id="i1",
        title="Chat is slow, größer als gedacht 🎈",
        started_at=at(-5),
        created_at=at(0),
        updated_at=at(3),
        by="robot",
        causes=("chat",),
        components=("chat", "voice"),
        updates=(first, second),
        impact=Impact.CRITICAL,
        publish="after 300s",
        touched_by="ana",
        touched_at=at(2),
        recovering_since=at(2),
        nagged_for=at(1),
        evidence=(
            Evidence(
                at(0) + timedelta(microseconds=7),
                "c1",
                "chat",
                "local",
                "down",
                at(-5),
                "timeout",
                "upgrade",
                "10.0.0.7 said nothing",
                (("dns", 1.5), ("connect", 0.25)),
            ),
        ),
        postmortem=Postmortem("*Why*", "ana", at(9)),
    )
    return replace(whole, **more)


def write(store: Store, *found: Incident, minutes: float = 0, **more: Any) -> Decision:
    return store.act(lambda _: Decision(incidents=found, **more), at(minutes))


def opened(store: Store, minutes: float = 0, **more: Any) -> Incident:
    post = replace(Post("Words.", title="Trouble"), **more)
    return store.act(lambda state: posting.open_incident(state, post, "ana", at(minutes)), at(minutes)).incidents[0]


def by_id(store: Store, id: str) -> Incident:
    return store.state(also=(id,)).incidents[id]


# --- written and read ---------------------------------------------------------------------------------------------


def test_an_incident_is_read_as_it_was_written(page: Store) -> None:
    (stored,) = write(page, an_incident()).incidents
    assert by_id(page, "i1") == stored
    texts = replace(stored, number=0, version=0, postmortem=replace(stored.postmortem, html=""))  # type: ignore[type-var]
    bare = replace(texts, updates=tuple(replace(update, html="") for update in texts.updates))
    assert bare == an_incident()


def test_what_was_written_before_titles_were_kept_is_read() -> None:
    whole = replace(an_incident(), titles=())
    written = Document(Incident).write(whole)
    assert written.pop("titles") == []
    assert Document(Incident).read(written) == whole


def test_texts_are_rendered_when_they_are_written_and_edits_anew(page: Store) -> None:
    (stored,) = write(page, an_incident()).incidents
    assert [update.html for update in stored.updates] == ["<p>It is <strong>slow</strong>.</p>", "<p>Found.</p>"]
    assert stored.postmortem is not None
    assert stored.postmortem.html == "<p><em>Why</em></p>"
    act = lambda state: posting.edit_update(state, "i1", "u1", Post("*Fine*"), "ana", at(5))  # noqa: E731
    (edited,) = page.act(act, at(5)).incidents
    assert [update.html for update in edited.updates] == ["<p><em>Fine</em></p>", "<p>Found.</p>"]


@pytest.mark.corpus("C1")
def test_what_is_stored_of_a_text_is_harmless(page: Store) -> None:
    evil = Update("u1", "investigating", "<img src=x onerror=alert(1)> [x](javascript:y)", at(0), at(0), "ana")
    (stored,) = write(page, an_incident(updates=(evil,))).incidents
    assert "<img" not in stored.updates[0].html
    assert "href" not in stored.updates[0].html


def test_numbers_count_and_versions_count_writings(page: Store) -> None:
    first, second = opened(page, 0), opened(page, 1)
    assert [(each.number, each.version) for each in (first, second)] == [(1, 1), (2, 1)]
    act = lambda state: posting.post_update(state, first.id, Post("More."), "ana", at(2))  # noqa: E731
    (again,) = page.act(act, at(2)).incidents
    assert (again.number, again.version) == (1, 2)


def test_what_is_new_never_takes_the_place_of_another(page: Store) -> None:
    write(page, an_incident())
    with pytest.raises(StoreError):
        write(page, an_incident(title="Another", causes=()))
    assert by_id(page, "i1").title.startswith("Chat is slow")


def test_text_that_no_database_takes_as_it_is_can_be_posted(page: Store) -> None:
    found = opened(page, body="half \ud800 and nul \x00 and 🎈", title="nul \x00 \ud800 title")
    assert (found.title, found.updates[0].body) == ("nul title", "half  and nul  and 🎈")
    assert by_id(page, found.id) == found


def test_what_a_target_answered_can_be_evidence(page: Store) -> None:
    from tests.store.values import seen

    bad = replace(seen(1, check="chat"), detail="nul \x00 half \ud800", at=at(0))
    beliefs = {
        "chat": Belief("chat", "local", Verdict.DOWN, at(0)),
        "voice": Belief("voice", "local", Verdict.UP, at(0)),
    }
    page.transact(lambda state: decide(state, beliefs, (), at(1), newest={"chat": bad}), at(1))
    (found,) = page.state().incidents.values()
    assert found.evidence[0].detail == "nul half"


def test_maintenances_and_overrides_are_read_as_they_were_written(page: Store) -> None:
    word = Update("u1", "scheduled", "*Soon*", at(0), at(0), "ana", published_at=at(0))
    work = Maintenance("m1", "Work", at(60), at(120), ("chat",), at(0), at(0), "ana", (word,), False, 3)
    said = Override("chat", Status.PARTIAL, "ana", at(0), at(60), "i1", "we know")
    forever = replace(said, component="voice", until=None)
    decision = page.act(lambda _: Decision(maintenances=(work,), overrides=(said, forever)), at(0))
    state = page.state()
    assert state.maintenances == {"m1": decision.maintenances[0]}
    assert decision.maintenances[0].updates[0].html == "<p><em>Soon</em></p>"
    assert state.overrides == {"chat": said, "voice": forever}
    other = replace(said, status=Status.DEGRADED)
    page.act(lambda _: Decision(overrides=(other,), cleared=("chat", "voice")), at(1))
    assert page.state().overrides == {"chat": other}


# --- what a decision reads ----------------------------------------------------------------------------------------


def test_a_decision_reads_what_goes_on_what_waits_what_is_warm_and_what_it_asks_for(page: Store) -> None:
    going = opened(page, 0)
    waiting = opened(page, 1, draft=True)
    done = opened(page, 2, state="resolved")
    with_draft = opened(page, 3, state="resolved")
    draft = lambda state: posting.post_update(state, with_draft.id, Post("x", draft=True), "ana", at(4))  # noqa: E731
    page.act(draft, at(4))
    assert set(page.state().incidents) == {going.id, waiting.id, with_draft.id}
    assert set(page.state(also=(done.id,)).incidents) == {going.id, waiting.id, with_draft.id, done.id}
    assert done.id in page.state(at(60)).incidents
    assert done.id not in page.state(at(60 * 24 * 3)).incidents


def test_what_a_person_dismissed_is_known_until_its_trouble_is_over(page: Store) -> None:
    gone = an_incident(updates=(), dismissed_at=at(3))
    write(page, gone)
    assert set(page.state().incidents) == {"i1"}
    write(page, replace(by_id(page, "i1"), over_at=at(9)), minutes=9)
    assert page.state().incidents == {}


def test_a_maintenance_is_read_until_it_is_over(page: Store) -> None:
    plan = planning.Plan("Work", at(60), at(120), ("chat",))
    (work,) = page.act(lambda state: planning.plan_maintenance(state, plan, "ana", at(0)), at(0)).maintenances
    assert set(page.state().maintenances) == {work.id}
    page.act(lambda state: planning.cancel(state, work.id, "", "ana", at(1)), at(1))
    assert page.state().maintenances == {}
    assert page.state(also=(work.id,)).maintenances[work.id].number == 1


def test_incidents_are_listed_newest_first_from_a_number_on(page: Store) -> None:
    ids = [opened(page, n).id for n in range(5)]
    assert [each.id for each in page.incidents(2)] == [ids[4], ids[3]]
    assert [each.id for each in page.incidents(9, before=3)] == [ids[1], ids[0]]


# --- one open incident a cause ------------------------------------------------------------------------------------


def causes(page: Store) -> dict[str, str]:
    """Which incident has a cause."""
    return page._database.read(lambda c: {row.cause: row.incident for row in c.execute(select(open_causes))})


def test_whoever_has_a_cause_keeps_it(page: Store) -> None:
    write(page, an_incident())
    write(page, an_incident(id="i2"))
    assert causes(page) == {"chat": "i1"}


def test_a_cause_may_go_from_one_to_another_in_one_decision(page: Store) -> None:
    write(page, an_incident())
    write(page, an_incident(id="i2"), replace(by_id(page, "i1"), causes=()), minutes=1)
    assert causes(page) == {"chat": "i2"}


def test_a_cause_is_free_when_its_incident_ends(page: Store) -> None:
    write(page, an_incident())
    write(page, replace(by_id(page, "i1"), dismissed_at=at(1)), minutes=1)
    assert causes(page) == {}
    write(page, an_incident(id="i2"), minutes=2)
    assert causes(page) == {"chat": "i2"}


def test_of_many_openers_at_once_one_opens(page: Store) -> None:
    beliefs = {
        "chat": Belief("chat", "local", Verdict.DOWN, at(0)),
        "voice": Belief("voice", "local", Verdict.UP, at(0)),
    }
    barrier, failures = threading.Barrier(6), []

    def decider() -> None:
        barrier.wait()
        try:
            page.transact(lambda state: decide(state, beliefs, (), at(1)), at(1))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=decider) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [each.causes for each in page.state().incidents.values()] == [("chat",)]
    assert [entry.event.kind for entry in page.journal()].count("incident.created") == 1


def test_of_two_who_post_on_one_version_the_second_is_told(page: Store) -> None:
    found = opened(page)
    barrier, conflicts = threading.Barrier(2), []

    def poster(name: str) -> None:
        barrier.wait()
        try:
            page.act(lambda state: posting.post_update(state, found.id, Post(name), name, at(1), 1), at(1))
        except Conflict as conflict:
            conflicts.append(conflict)

    threads = [threading.Thread(target=poster, args=(name,)) for name in ("ana", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [conflict.present for conflict in conflicts] == [2]
    assert len(by_id(page, found.id).updates) == 2


# --- the outbox ---------------------------------------------------------------------------------------------------


def test_what_is_to_be_told_is_written_with_it_and_waits_for_the_undo_window(page: Store) -> None:
    found = opened(page)
    (message,) = page.outbox.waiting()
    assert (message.kind, message.destination, message.queue) == ("incident.created", "hook", found.id)
    assert (message.update, message.due) == (found.updates[0].id, at(0) + timedelta(seconds=20))
    assert message.id.startswith("msg_")
    assert message.data["update"]["body"] == "Words."  # type: ignore[index, call-overload]


def test_every_destination_that_wants_it_has_a_message_in_the_order_of_the_events(page: Store) -> None:
    pager = Destination("pager", "pagerduty", ("incident.*",), ("voice",))
    page.transact(lambda _: Decision(site=site_with(HOOK, pager)), at(0))
    opened(page, 1, state="resolved", components={"voice": Status.MAJOR})
    opened(page, 2, components={"chat": Status.MAJOR})
    found = [(each.destination, each.kind) for each in page.outbox.waiting()]
    assert found == [
        ("hook", "incident.created"),
        ("pager", "incident.created"),
        ("hook", "incident.resolved"),
        ("pager", "incident.resolved"),
        ("hook", "incident.created"),
        ("hook", "component.updated"),
    ]
    assert [each.number for each in page.outbox.waiting()] == [1, 2, 3, 4, 5, 6]


def test_a_silent_end_is_written_for_who_pages_only(page: Store) -> None:
    pager = Destination("pager", "pagerduty", ("incident.*",), pages=True)
    page.transact(lambda _: Decision(site=site_with(HOOK, pager)), at(0))
    opened(page, 1)
    incident = next(iter(page.state().incidents))
    silent = Post("Over.", state="resolved", tell=False)
    page.transact(lambda state: posting.post_update(state, incident, silent, "ana", at(2)), at(2))
    found = [(each.destination, each.kind) for each in page.outbox.waiting()]
    assert found == [("hook", "incident.created"), ("pager", "incident.created"), ("pager", "incident.resolved")]


def test_a_decision_that_cannot_be_written_tells_nobody(page: Store) -> None:
    telling = Telling("i1", (), at(0))
    event = JournalEvent("incident.created", "i1", at(0), {}, telling)
    with pytest.raises(StoreError):
        write(page, an_incident(), an_incident(), events=(event,))
    assert page.state().incidents == {}
    assert page.outbox.waiting() == ()
    assert page.journal() == ()


def test_undo_drops_what_waits(page: Store) -> None:
    found = opened(page, components={"video": Status.MAJOR})
    assert len(page.outbox.waiting()) == 2
    undo = lambda state: posting.withdraw(state, found.id, found.updates[0].id, "ana", at(0.2))  # noqa: E731
    page.act(undo, at(0.2))
    assert page.outbox.waiting() == ()
    assert page.outbox.counts_by_destination() == {"hook": {MessageState.DROPPED: 2}}
    assert page.state().components["video"].status is Status.OPERATIONAL


def test_a_repeat_under_the_same_key_is_one_incident_and_one_message(page: Store) -> None:
    post = Post("Words.", title="Trouble", key="k")
    id = id_of("incident", "ana", "k")
    for minutes in (0, 1, 60 * 24 * 9):
        page.act(lambda state: posting.open_incident(state, post, "ana", at(minutes)), at(minutes), (id,))  # noqa: B023
    assert len(page.incidents(9)) == len(page.outbox.waiting()) == 1


# --- history ------------------------------------------------------------------------------------------------------


def test_the_past_can_be_painted_anew_and_its_days_are_worked_out_again(store: Store) -> None:
    publish(store, "chat")
    now = START + timedelta(days=3)
    store.roll_up(now)
    outage = Repaint("chat", Status.MAJOR, START + timedelta(days=1), START + timedelta(days=1, hours=6))
    store.act(lambda _: Decision(repaints=(outage,)), now)
    assert [status for status, _, _ in history(store, "chat")] == [Status.OPERATIONAL, Status.MAJOR, Status.OPERATIONAL]
    figures = figures_of(store, "chat", now.date())
    assert {day: found.seconds.get(Status.MAJOR, 0) for day, found in figures.items() if day != now.date()} == {
        START.date(): 0,
        START.date() + timedelta(days=1): 6 * 3600,
        START.date() + timedelta(days=2): 0,
    }


def test_reclassifying_ends_in_the_figures_and_in_the_journal(store: Store) -> None:
    publish(store, "chat", status=Status.MAJOR)
    now = START + timedelta(hours=2)
    act = lambda state: correcting.reclassify(  # noqa: E731
        state, "chat", START, START + timedelta(hours=1), Status.OPERATIONAL, "a false alarm", "ana", now
    )
    store.act(act, now)
    assert figures_of(store, "chat", date(2026, 3, 2))[date(2026, 3, 2)].seconds == {
        Status.OPERATIONAL: 3600,
        Status.MAJOR: 3600,
    }
    assert store.journal()[-1].event.data["reason"] == "a false alarm"


# --- what the public sees -----------------------------------------------------------------------------------------


def test_the_snapshot_has_what_is_public_newest_first_and_all_planned_work(page: Store) -> None:
    opened(page, 5, title="Older", display_at=at(1))
    opened(page, 6, title="Newer")
    opened(page, 7, title="Draft", draft=True)
    plan = planning.Plan("Work", at(60), at(120), ("chat",))
    page.act(lambda state: planning.plan_maintenance(state, plan, "ana", at(8)), at(8))
    found = page.snapshot(at(9))
    assert found is not None
    assert [each.title for each in found.incidents] == ["Newer", "Older"]
    assert [each.title for each in found.maintenances] == ["Work"]


def test_a_snapshot_reads_only_the_incidents_that_changed(page: Store) -> None:
    ids = [opened(page, n).id for n in range(3)]
    asked: list[str] = []

    def listen(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if "incidents.document" in statement:
            asked.append(statement)

    sql_event.listen(page._database.engine, "before_cursor_execute", listen)
    page.snapshot(at(9))
    assert len(asked) == 1
    page.snapshot(at(10))
    assert len(asked) == 1
    page.act(lambda state: posting.post_update(state, ids[1], Post("More."), "ana", at(11)), at(11))
    asked.clear()
    found = page.snapshot(at(12))
    assert len(asked) == 1
    assert found is not None
    assert [len(each.updates) for each in found.incidents] == [1, 2, 1]


def test_two_threads_with_one_store_never_see_an_older_incident_than_their_own_moment(page: Store) -> None:
    found = opened(page)
    done = threading.Event()
    wrong: list[int] = []

    def look() -> None:
        newest = 0
        while not done.is_set():
            shown = page.snapshot(datetime.now(UTC))
            assert shown is not None
            count = len(shown.incidents[0].updates)
            wrong.extend([count] if count < newest else [])
            newest = count

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for n in range(1, 25):
        page.act(lambda state: posting.post_update(state, found.id, Post("x"), "ana", at(n)), at(n))  # noqa: B023
    done.set()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_state_reads_what_was_decided(page: Store) -> None:
    def command(state: State) -> Decision:
        assert state.incidents == {}
        return posting.open_incident(
            state, Post("Words.", title="Trouble", components={"chat": Status.PARTIAL}), "ana", at(0)
        )

    page.act(command, at(0))
    state = page.state()
    assert state.overrides["chat"].status is Status.PARTIAL
    assert state.components["chat"].status is Status.PARTIAL
