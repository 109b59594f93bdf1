"""A desk with work on it: drafts of the robot with evidence, an incident that goes on, planned work, dead letters."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from statuspage.core import correcting, planning, posting
from statuspage.core.detection import Belief, Verdict
from statuspage.core.incident import ROBOT, ComponentChange, Evidence, Incident, Update, impact_of
from statuspage.core.observation import Observation, Outcome, Reason, Stage
from statuspage.core.planning import Plan
from statuspage.core.posting import Post, id_of
from statuspage.core.site import Site, Template, public_id
from statuspage.core.state import Decision, State
from statuspage.core.status import Status
from statuspage.core.telling import Destination
from statuspage.store import Store
from tests.web.snapshots import make_site

HOST = "rtdb-7.internal.example.com:443"
"""Stands in the evidence, and on no public page."""
STAGES = (("dns", 2.1), ("connect", 9.4), ("tls", 14.2), ("upgrade", 13.0))


@dataclass(frozen=True, slots=True)
class Work:
    """The ids of what lies on the desk."""

    waiting: str
    """A draft of the robot that publishes itself in four minutes."""
    draft: str
    """One that waits for a person."""
    open: str
    """An incident that a person opened and told of twice."""
    resolved: str
    planned: str
    running: str
    dead: str
    """A message."""


def desk_site(url: str) -> Site:
    """The made-up site with destinations and templates."""
    everything = ("incident.*", "maintenance.*")
    return replace(
        make_site(url),
        destinations=(
            Destination("hook", "webhook", everything),
            Destination("second-hook", "webhook", everything, ("redis-cache",)),
            Destination("on-call", "pagerduty", ("incident.created", "incident.acknowledged", "incident.resolved")),
        ),
        templates=(
            Template("storm", "Reconnect storm", "Connections come back slowly", "identified", "Everybody connects **again** at once."),
            Template("fan-out", "Redis fan-out delay", "", "", "Messages arrive late."),
        ),
    )  # fmt: skip


def publish_site(store: Store, url: str, now: datetime) -> Site:
    """Put that site in the place of the one that is there."""
    site = desk_site(url)
    store.transact(lambda _: Decision(site=site), now)
    return site


def robot_incident(component: str, title: str, text: str, now: datetime, *, until: datetime | None = None) -> Incident:
    """What the robot found and has not published."""
    id = public_id("incident", title)
    began = now - timedelta(minutes=2)
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
    evidence = tuple(
        Evidence(began, f"{component}-check", component, agent, "down", began, "timeout", "hello", f"no hello from {HOST}", STAGES)
        for agent in ("virginia", "frankfurt")
    )  # fmt: skip
    return Incident(id, title, began, began, now, ROBOT, (component,), (component,), (draft,), impact_of(status),
                    publish="draft", evidence=evidence)  # fmt: skip


def observations(component: str, now: datetime) -> list[Observation]:
    """Six runs of its check: two good ones, then four that wait for a hello."""
    good = tuple(Stage(name, ms) for name, ms in (*STAGES, ("hello", 21.0), ("echo", 31.0)))
    found = []
    for number in range(6):
        at, well = now - timedelta(seconds=10 * (6 - number)), number < 2
        failed = None if well else Reason.TIMEOUT
        stages, detail = (good, "") if well else (good[:4], f"no hello from {HOST}")
        found.append(
            Observation(f"{component}-check", "virginia", at, Outcome.OK if well else Outcome.FAIL, 90.0 if well else 8000.0,
                        failed, None if well else "hello", detail, stages, seq=number + 1)
        )  # fmt: skip
    return found


def lay_out(store: Store, now: datetime) -> Work:
    """Put the work onto the desk of a store that has the site of `desk_site`."""
    firebase, redis = "firebase-web-sockets", "redis-cache"
    draft = robot_incident(firebase, "Slow web socket connections", "New connections to Firebase wait without an answer.\n\n"
                           "Not affected: Login and Video.", now)  # fmt: skip
    waiting = robot_incident(redis, "Redis cache is slow", "Pages load more slowly than usual.", now,
                             until=now + timedelta(minutes=4))  # fmt: skip
    store.transact(lambda _: Decision(incidents=(waiting, draft)), now)
    store.append(observations(firebase, now))
    belief = Belief(f"{firebase}-check", "main", Verdict.DOWN, now - timedelta(minutes=2), Reason.TIMEOUT, "hello")
    store.save_beliefs([belief])
    opened = _opened(store, now)
    resolved = _resolved(store, now)
    planned = _plan(store, "Second cache node", now + timedelta(days=2), now)
    running = _plan(store, "Login servers move", now + timedelta(minutes=1), now)
    store.act(
        lambda state: planning.update_maintenance(state, running, "in_progress", "We have begun.", "cleo", now), now
    )
    store.act(lambda state: correcting.override(state, "login", Status.DEGRADED, now + timedelta(hours=4),
                                                "Sign-in takes a minute", "cleo", now), now)  # fmt: skip
    return Work(waiting.id, draft.id, opened, resolved, planned, running, _dead_letter(store, now))


def _opened(store: Store, now: datetime) -> str:
    at = now - timedelta(minutes=50)
    post = Post("Video starts **slowly** for some.", "Video starts slowly", components={"video-and-streaming": Status.PARTIAL},
                display_at=at, key="open")  # fmt: skip
    store.act(lambda state: posting.open_incident(state, post, "cleo", at), at)
    id = id_of("incident", "cleo", "open")
    later = Post("We found the cause.", state="identified", display_at=at + timedelta(minutes=10), key="later")
    store.act(lambda state: posting.post_update(state, id, later, "cleo", at + timedelta(minutes=10)), now)
    return id


def _resolved(store: Store, now: datetime) -> str:
    at = now - timedelta(days=1)
    opening = Post(
        "Invitations arrive late.", "Invitations arrive late", components={"invitations": Status.DEGRADED}, key="old"
    )
    store.act(lambda state: posting.open_incident(state, opening, "cleo", at), at)
    id, end = id_of("incident", "cleo", "old"), at + timedelta(minutes=38)
    over = Post("A queue had filled up. No invitation was lost.", state="resolved", key="over")
    store.act(lambda state: posting.post_update(state, id, over, "cleo", end), end)

    def learn(state: State) -> Decision:
        return posting.write_postmortem(
            state, id, "### What happened\n\nA queue filled up.", "cleo", end, publish=False
        )

    store.act(learn, end)
    return id


def _plan(store: Store, title: str, starts: datetime, now: datetime) -> str:
    plan = Plan(title, starts, starts + timedelta(hours=2), ("redis-cache", "backend"), "A short pause.", key=title)
    store.act(lambda state: planning.plan_maintenance(state, plan, "cleo", now), now)
    return id_of("maintenance", "cleo", title)


def _dead_letter(store: Store, now: datetime) -> str:
    box, late = store.outbox, now + timedelta(minutes=2)
    claim = box.claim(late, {"hook": 1}, timedelta(minutes=1), "test")[0]
    assert box.dead(claim.message.id, claim.token, "HTTP 410 Gone", late)
    box.silence("second-hook", "HTTP 410 Gone", now)
    return claim.message.id
