"""Incidents through the whole loop: real engine, real store, a real receiver; only the looks are scripted."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from statuspage.core import posting
from statuspage.core.incident import ROBOT, Incident
from statuspage.core.observation import Observation, Outcome
from statuspage.core.posting import Post
from statuspage.core.site import Site
from statuspage.core.site import Times as Pace
from statuspage.core.telling import Destination
from statuspage.monitor.look import Watch
from statuspage.store import Store
from tests.delivery.couriers import hook
from tests.delivery.receivers import Receiver, receiver
from tests.monitor.engines import CLOCK, Scripted, running, seen, site_of, statuses, store_at, watch
from tests.waiting import wait_until

PACE = Pace(
    incident_after=timedelta(seconds=0.2),
    resolve_after=timedelta(seconds=0.6),
    undo=timedelta(seconds=0.3),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = store_at(tmp_path)
    yield found
    found.close()


def paced(*watches: Watch, publish: str = "auto") -> Site:
    """A page on which everything happens soon, and that tells one destination of all incidents."""
    site = site_of(*watches)
    parts = tuple(replace(each, publish=publish) for each in site.components)
    events = ("incident.*", "draft.*")
    return replace(site, times=PACE, components=parts, destinations=(Destination("hook", "webhook", events),))


def failing() -> Observation:
    return replace(seen("chat", Outcome.FAIL), detail="10.0.0.7 said nothing")


def well() -> Observation:
    return seen("chat", Outcome.OK)


def only(store: Store) -> Incident | None:
    found = store.incidents(10)
    assert len(found) <= 1
    return found[0] if found else None


def said(store: Store) -> list[tuple[str, str]]:
    incident = only(store)
    return [(update.state, update.by) for update in incident.published] if incident else []


def kinds(store: Store, prefix: str = "incident.") -> list[str]:
    return [entry.event.kind for entry in store.journal() if entry.event.kind.startswith(prefix)]


def told(listening: Receiver) -> list[str]:
    """The events that arrived, in their order."""
    return [each.json["type"] for each in listening.received]


async def test_an_outage_opens_an_incident_that_recovers_and_resolves_by_itself(store: Store) -> None:
    chat = Scripted("chat")
    checked = watch("chat", chat)
    async with running(store, checked, site=paced(checked)):
        await wait_until(lambda: statuses(store).get("chat") == "operational", "operational")
        chat.answer = failing
        await wait_until(lambda: said(store), "the incident")
        opened = only(store)
        assert opened is not None
        assert opened.started_at == store.state().components["chat"].since
        assert opened.updates[0].html.startswith("<p>Chat does not work at the moment")
        (evidence,) = opened.evidence
        assert (evidence.check, evidence.detail) == ("chat", "10.0.0.7 said nothing")
        assert "10.0.0.7" not in opened.updates[0].body
        chat.answer = well
        await wait_until(lambda: len(said(store)) == 3, "the end")
    assert said(store) == [("investigating", ROBOT), ("monitoring", ROBOT), ("resolved", ROBOT)]
    assert kinds(store) == ["incident.created", "incident.updated", "incident.resolved"]
    shown = store.snapshot(CLOCK.now())
    assert shown is not None
    assert [each.is_open for each in shown.incidents] == [False]


async def test_a_person_who_posts_in_between_stops_the_robot(store: Store) -> None:
    chat = Scripted("chat", failing)
    checked = watch("chat", chat)
    async with running(store, checked, site=paced(checked)):
        await wait_until(lambda: said(store), "the incident")
        id = store.incidents(1)[0].id
        words = Post("We found it.", state="identified")
        store.act(lambda state: posting.post_update(state, id, words, "ana", CLOCK.now()), CLOCK.now())
        chat.answer = well

        def offered() -> bool:
            return [(each.state, each.by) for each in store.incidents(1)[0].drafts] == [("resolved", ROBOT)]

        await wait_until(offered, "the offer to resolve it")
        assert said(store) == [("investigating", ROBOT), ("identified", "ana")]
        draft = store.incidents(1)[0].drafts[0].id
        store.act(lambda state: posting.publish_draft(state, id, draft, "ana", CLOCK.now()), CLOCK.now())
        seen_so_far = chat.asked
        await wait_until(lambda: chat.asked > seen_so_far + 3, "some more looks")
    assert said(store)[-1] == ("resolved", ROBOT)
    assert kinds(store) == [
        "incident.created",
        "incident.updated",
        "incident.resolved",
        "incident.published",
    ]
    assert set(kinds(store, "draft.")) == {"draft.waiting"}


async def test_a_restart_forgets_nothing_and_tells_nothing_twice(store: Store) -> None:
    chat = Scripted("chat", failing)
    checked = watch("chat", chat)
    with receiver() as listening:
        way = {"hook": hook(listening.url)}
        async with running(store, checked, site=paced(checked), senders=way):
            await wait_until(lambda: told(listening), "the first message")
        before = only(store)
        for _ in range(2):
            async with running(store, checked, site=paced(checked), senders=way):
                asked = chat.asked
                await wait_until(lambda asked=asked: chat.asked > asked + 4, "some more looks")  # type: ignore[misc]
        assert only(store) == before
        chat.answer = well
        async with running(store, checked, site=paced(checked), senders=way):
            await wait_until(lambda: len(told(listening)) == 3, "the end")
        assert told(listening) == ["incident.created", "incident.updated", "incident.resolved"]
        assert store.outbox.waiting() == ()


async def test_a_draft_that_nobody_vetoed_publishes_itself(store: Store) -> None:
    chat = Scripted("chat", failing)
    checked = watch("chat", chat)
    async with running(store, checked, site=paced(checked, publish="after 1s")):
        await wait_until(lambda: only(store), "the draft")
        assert said(store) == []
        await wait_until(lambda: said(store), "the incident")
    assert kinds(store, "draft.") == ["draft.waiting"]
    assert kinds(store) == ["incident.created"]
