"""A desk with work on it: drafts of the robot with evidence, an incident that goes on, planned work, dead letters."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from statuspage.core import correcting, planning, posting
from statuspage.core.detection import Belief, Verdict
from statuspage.core.incident import ROBOT, ComponentChange, Evidence, Incident, Update, impact_of
from statuspage.core.maintenance import Maintenance
from statuspage.core.observation import Observation, Outcome, Reason, Stage
from statuspage.core.planning import Plan
from statuspage.core.posting import Post, id_of
from statuspage.core.role import PEOPLE, Role
from statuspage.core.site import Site, Template, public_id
from statuspage.core.state import Decision
from statuspage.core.status import Status
from statuspage.core.telling import Destination, Message
from statuspage.store import Store
from tests.web.snapshots import make_site
from tests.web.staff import Browser, Office

FIREBASE, REDIS, VIDEO = "firebase-web-sockets", "redis-cache", "video-and-streaming"
HOST = "rtdb-7.internal.example.com:443"
"""Stands in the evidence, and on no public page."""
STAGES = (("dns", 2.1), ("connect", 9.4), ("tls", 14.2), ("upgrade", 13.0))


@dataclass(frozen=True, slots=True)
class Work:
    """The ids of what lies on the desk.

    `waiting` is a draft of the robot that publishes itself in four minutes, `draft` one that waits for a person;
    `open` an incident that a person opened and told of twice; `dead` is a message.
    """

    waiting: str
    draft: str
    open: str
    resolved: str
    planned: str
    running: str
    dead: str


@dataclass(frozen=True)
class Desk:
    """An installation with a user of each role, named after it, and work."""

    office: Office
    work: Work
    file: Path
    """The database."""

    @property
    def store(self) -> Store:
        return self.office.store

    @property
    def now(self) -> datetime:
        return self.office.clock.now()

    def browser(self, role: Role = Role.PUBLISHER) -> Browser:
        return self.office.browser(role.value)

    def incident(self, id: str) -> Incident:
        return self.store.state(self.now, (id,)).incidents[id]

    def maintenance(self, id: str) -> Maintenance:
        return self.store.state(self.now, (id,)).maintenances[id]

    def messages(self, queue: str) -> list[Message]:
        """What waits to be told of an incident or planned work."""
        return [each for each in self.store.outbox.waiting(1000) if each.queue == queue]

    def kinds(self, subject: str) -> list[str]:
        """The journal of a subject, newest first."""
        return [entry.event.kind for entry in self.store.newest_events(100, subject=subject)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk of one's own."""
    yield from _made(tmp_path)


@pytest.fixture(scope="module")
def still_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One for all tests of a module that change nothing."""
    yield from _made(tmp_path_factory.mktemp("desk"))


def _made(folder: Path) -> Iterator[Desk]:
    office = Office(folder)
    publish_site(office.store, office.url, office.clock.now())
    for role in PEOPLE:
        office.add(role.value, role)
    yield Desk(office, lay_out(office.store, office.clock.now()), folder / "statuspage.db")
    office.close()


def desk_site(url: str) -> Site:
    """The made-up site with destinations and templates."""
    everything = ("incident.*", "maintenance.*")
    body = "Everybody connects **again** at once."
    return replace(
        make_site(url),
        destinations=(
            Destination("hook", "webhook", everything),
            Destination("second-hook", "webhook", everything, (REDIS,)),
            Destination("on-call", "pagerduty", ("incident.created", "incident.acknowledged", "incident.resolved")),
        ),
        templates=(
            Template("storm", "Reconnect storm", "Connections come back slowly", "identified", body),
            Template("fan-out", "Redis fan-out delay", "", "", "Messages arrive late."),
        ),
    )


def publish_site(store: Store, url: str, now: datetime) -> Site:
    """Put that site in the place of the one that is there."""
    site = desk_site(url)
    store.transact(lambda _: Decision(site=site), now)
    return site


def robot_incident(component: str, title: str, text: str, now: datetime, until: datetime | None = None) -> Incident:
    """What the robot found and has not published."""
    id, began = public_id("incident", title), now - timedelta(minutes=2)
    status = Status.MAJOR if until is None else Status.DEGRADED
    draft = Update(
        id=public_id("update", id),
        state="investigating",
        body=text,
        display_at=now - timedelta(minutes=1),
        written_at=now - timedelta(minutes=1),
        by=ROBOT,
        changes=(ComponentChange(component, Status.OPERATIONAL, status),),
        publish_at=until,
        next_by=now + timedelta(minutes=29),
    )
    check, said = f"{component}-check", f"no hello from {HOST}"
    evidence = tuple(
        Evidence(began, check, component, agent, "down", began, "timeout", "hello", said, STAGES)
        for agent in ("virginia", "frankfurt")
    )
    whole = Incident(id, title, began, began, now, ROBOT, (component,), (component,), (draft,), impact_of(status))
    return replace(whole, publish="draft", evidence=evidence)


def observations(component: str, now: datetime) -> list[Observation]:
    """Six runs of its check: two good ones, then four that wait for a hello."""
    reached = tuple(Stage(name, ms) for name, ms in STAGES)
    good = (*reached, Stage("hello", 21.0), Stage("echo", 31.0))
    check, said = f"{component}-check", f"no hello from {HOST}"
    found = [
        Observation(check, "virginia", now - timedelta(seconds=60 - 10 * n), Outcome.OK, 90.0, stages=good, seq=n + 1)
        for n in range(2)
    ]
    for n in range(2, 6):
        at = now - timedelta(seconds=60 - 10 * n)
        bad = Observation(
            check, "virginia", at, Outcome.FAIL, 8000.0, Reason.TIMEOUT, "hello", said, reached, seq=n + 1
        )
        found.append(bad)
    return found


def lay_out(store: Store, now: datetime) -> Work:
    """Put the work onto the desk of a store that has the site of `desk_site`."""
    text = "New connections to Firebase wait without an answer.\n\nNot affected: Login and Video."
    draft = robot_incident(FIREBASE, "Slow web socket connections", text, now)
    slow = "Pages load more slowly than usual."
    waiting = robot_incident(REDIS, "Redis cache is slow", slow, now, now + timedelta(minutes=4))
    store.transact(lambda _: Decision(incidents=(waiting, draft)), now)
    store.append(observations(FIREBASE, now))
    since = now - timedelta(minutes=2)
    store.save_beliefs([Belief(f"{FIREBASE}-check", "main", Verdict.DOWN, since, Reason.TIMEOUT, "hello")])
    opened, resolved = _opened(store, now), _resolved(store, now)
    planned = _plan(store, "Second cache node", now + timedelta(days=2), now)
    running = _plan(store, "Login servers move", now + timedelta(minutes=1), now)
    begun = "We have begun."
    store.act(lambda state: planning.update_maintenance(state, running, "in_progress", begun, "cleo", now), now)
    until, why = now + timedelta(hours=4), "Sign-in takes a minute"
    store.act(lambda state: correcting.override(state, "login", Status.DEGRADED, until, why, "cleo", now), now)
    return Work(waiting.id, draft.id, opened, resolved, planned, running, _dead_letter(store, now))


def _opened(store: Store, now: datetime) -> str:
    at, touched = now - timedelta(minutes=50), {VIDEO: Status.PARTIAL}
    post = Post("Video starts **slowly** for some.", "Video starts slowly", components=touched, key="open")
    store.act(lambda state: posting.open_incident(state, post, "cleo", at), at)
    id, after = id_of("incident", "cleo", "open"), at + timedelta(minutes=10)
    later = Post("We found the cause.", state="identified", key="later")
    store.act(lambda state: posting.post_update(state, id, later, "cleo", after), after)
    return id


def _resolved(store: Store, now: datetime) -> str:
    at, touched = now - timedelta(days=1), {"invitations": Status.DEGRADED}
    opening = Post("Invitations arrive late.", "Invitations arrive late", components=touched, key="old")
    store.act(lambda state: posting.open_incident(state, opening, "cleo", at), at)
    id, end = id_of("incident", "cleo", "old"), at + timedelta(minutes=38)
    over = Post("A queue had filled up. No invitation was lost.", state="resolved", key="over")
    store.act(lambda state: posting.post_update(state, id, over, "cleo", end), end)
    text = "### What happened\n\nA queue filled up."
    store.act(lambda state: posting.write_postmortem(state, id, text, "cleo", end, publish=False), end)
    return id


def _plan(store: Store, title: str, starts: datetime, now: datetime) -> str:
    plan = Plan(title, starts, starts + timedelta(hours=2), (REDIS, "backend"), "A short pause.", key=title)
    store.act(lambda state: planning.plan_maintenance(state, plan, "cleo", now), now)
    return id_of("maintenance", "cleo", title)


def _dead_letter(store: Store, now: datetime) -> str:
    box, late = store.outbox, now + timedelta(minutes=2)
    claim = box.claim(late, {"hook": 1}, timedelta(minutes=1), "test")[0]
    assert box.dead(claim.message.id, claim.token, "HTTP 410 Gone", late)
    box.silence("second-hook", "HTTP 410 Gone", now)
    return claim.message.id
