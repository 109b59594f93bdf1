"""Snapshots of a made-up site, for tests that need a page without a monitor behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.incident import (
    ROBOT,
    ComponentChange,
    Edit,
    Evidence,
    Incident,
    Postmortem,
    Update,
    impact_of,
    worse,
)
from statuspage.core.maintenance import Maintenance
from statuspage.core.site import Component, Group, Link, Site, public_id
from statuspage.core.state import Day, Heartbeat, Held, Snapshot
from statuspage.core.status import Status
from statuspage.core.uptime import Figures, Span

NOW = datetime(2026, 11, 23, 14, 32, 11, 250000, tzinfo=UTC)
DAY = 86400

PROVIDERS = Group("providers", "Realtime providers")
MODULES = Group("modules", "Modules", "What attendees see and use")
PLATFORM = Group("platform", "Platform")

_PROVIDER_NAMES = ("Firebase Web Sockets", "Native Web Sockets")
_MODULE_NAMES = ("News feed", "Inbox", "Session chat", "Session Q&A", "Networking", "Group rooms", "Invitations",
                 "Push notifications", "Live updates", "Networking roulette")  # fmt: skip
_PLATFORM_NAMES = ("Landing page", "Login", "Backend", "Redis cache", "Virtual lobby", "Video and streaming")
_TEXTS = {
    "Firebase Web Sockets": "Google Realtime Database",
    "Native Web Sockets": "Our own socket servers",
    "Redis cache": "Fast writes before the database",
    "Landing page": "Public event sites",
    "Login": "Sign-in and tickets",
}


def slug(name: str) -> str:
    """The config id of a component of this site."""
    return name.lower().replace("&", "").replace(" ", "-")


def make_site(url: str = "https://status.example.com", time_zone: str = "UTC", extra: int = 2) -> Site:
    """18 components in three groups and `extra` more in none."""
    components = [
        Component(slug(name), name, position, group=group, description=_TEXTS.get(name, "Runs on Firebase"),
                  needs=("firebase-web-sockets",) if group == "modules" else (), checks=(f"{slug(name)}-check",))
        for group, names in (("providers", _PROVIDER_NAMES), ("modules", _MODULE_NAMES), ("platform", _PLATFORM_NAMES))
        for position, name in enumerate(names, 1)
    ]  # fmt: skip
    components += [Component(f"extra-{n}", f"Extra {n}", n, checks=(f"extra-{n}-check",)) for n in range(1, extra + 1)]
    return Site("InEvent", url, time_zone, tuple(components), (PROVIDERS, MODULES, PLATFORM),
                links=(Link("Help", "https://help.example.com/"),), support_url="mailto:help@example.com")  # fmt: skip


def make_snapshot(
    statuses: Mapping[str, Status] | None = None,
    *,
    now: datetime = NOW,
    site: Site | None = None,
    revision: int = 7,
    beat: datetime | None = None,
    blind_since: datetime | None = None,
    incidents: Sequence[Incident] = (),
    maintenances: Sequence[Maintenance] = (),
) -> Snapshot:
    """Everything operational but the given components, which are in their state for 41 minutes."""
    site, statuses = site or make_site(), statuses or {}
    began = now - timedelta(minutes=41)
    held = {}
    for each in site.components:
        status = statuses.get(each.id, Status.OPERATIONAL)
        confirmed = Status.OPERATIONAL if status is Status.UNKNOWN else status
        since = began if each.id in statuses else now - timedelta(days=70)
        held[each.id] = Held(each.id, status, since, confirmed, now - timedelta(days=120), since)
    alive = beat or now - timedelta(seconds=2)
    return Snapshot(
        generation="g4k2x9",
        revision=revision,
        read_at=now,
        site=site,
        components=held,
        days=_days(site, statuses, now),
        troubles=_troubles(statuses, now, began),
        incidents=tuple(sorted(incidents, key=lambda each: each.started_at, reverse=True)),
        maintenances=tuple(sorted(maintenances, key=lambda each: each.starts, reverse=True)),
        heartbeats=(Heartbeat("main", alive, now - timedelta(days=3), alive - timedelta(seconds=1), blind_since),),
        updated_at=began,
    )


def _days(site: Site, statuses: Mapping[str, Status], now: datetime) -> tuple[Day, ...]:
    days = []
    today = now.date()
    for index, component in enumerate(site.components):
        for back in range(90):
            seconds = {Status.OPERATIONAL: DAY}
            if back == 0:
                spent = now.hour * 3600 + now.minute * 60
                seconds = {Status.OPERATIONAL: spent}
                if component.id in statuses:
                    seconds = {Status.OPERATIONAL: spent - 2460, statuses[component.id]: 2460}
            elif (back * 7 + index * 13) % 211 == 5:
                seconds = {Status.OPERATIONAL: DAY - 3000, Status.PARTIAL: 3000}
            elif (back * 5 + index * 29) % 173 == 3:
                seconds = {Status.OPERATIONAL: DAY - 1200, Status.DEGRADED: 1200}
            elif back == 61 and index % 5 == 2:
                seconds = {Status.OPERATIONAL: DAY - 3600, Status.MAINTENANCE: 3600}
            elif back == 71 and index < 3:
                seconds = {Status.OPERATIONAL: DAY - 9000, Status.MAJOR: 9000}
            elif back > 80 and index == 15:
                seconds = {Status.UNKNOWN: DAY}
            days.append(Day(component.id, today - timedelta(days=back), Figures(seconds)))
    return tuple(days)


def _troubles(statuses: Mapping[str, Status], now: datetime, began: datetime) -> tuple[Span, ...]:
    old = [
        Span(
            "backend", Status.DEGRADED, now - timedelta(days=6, hours=5), now - timedelta(days=6, hours=4, minutes=31)
        ),
        Span("backend", Status.MAJOR, now - timedelta(days=6, hours=4, minutes=31), now - timedelta(days=6, hours=4)),
        Span("inbox", Status.PARTIAL, now - timedelta(days=10, hours=2), now - timedelta(days=10, minutes=16)),
    ]
    present = [Span(each, status, began) for each, status in statuses.items() if status is not Status.OPERATIONAL]
    return (*present, *old)


OUTAGE = {
    "firebase-web-sockets": Status.MAJOR,
    "networking": Status.PARTIAL,
    "group-rooms": Status.PARTIAL,
    "news-feed": Status.DEGRADED,
    "invitations": Status.DEGRADED,
    "live-updates": Status.DEGRADED,
    "backend": Status.DEGRADED,
    "login": Status.MAINTENANCE,
    "virtual-lobby": Status.UNKNOWN,
}


def a_day(text: str) -> date:
    """A date from its ISO form."""
    return date.fromisoformat(text)


SECRETS = ("secret-person", "secret-draft", "secret-host.internal", "secret-withdrawn", "secret-reason")
"""What the values below hold and no public page may: names of people, drafts, evidence, what was taken back."""

Told = tuple[datetime, str, str, Mapping[str, tuple[Status, Status]]]
"""An update: when, in which state, what, and component: (old, new)."""


def make_update(told: Told, incident: str, number: int = 1, by: str = "secret-person") -> Update:
    """A published update."""
    at, state, body, changes = told
    moved = tuple(ComponentChange(component, old, new) for component, (old, new) in changes.items())
    return Update(public_id("update", f"{incident}/{number}"), state, body, at, at, by, changes=moved, published_at=at)


def make_incident(name: str, told: Sequence[Told], *, number: int = 1, automatic: bool = False) -> Incident:
    """A public incident of these updates, oldest first. `name` is its title and makes its id."""
    by, incident_id = ROBOT if automatic else "secret-person", public_id("incident", name)
    updates = tuple(make_update(each, incident_id, at, by) for at, each in enumerate(told, 1))
    incident = Incident(incident_id, name, told[0][0], told[0][0], told[-1][0], by, updates=updates, number=number)
    changes = [change for update in updates for change in update.changes]
    components = tuple(dict.fromkeys(change.component for change in changes))
    impact = incident.impact
    for change in changes:
        impact = worse(impact, impact_of(change.new))
    causes = components[:1] if automatic else ()
    return replace(incident, components=components, causes=causes, impact=impact, version=len(updates))


def make_maintenance(
    name: str, starts: datetime, hours: float = 1, *, components: Sequence[str] = ("redis-cache",),
    states: Sequence[str] = ("scheduled",), announced: datetime | None = None, number: int = 1,
) -> Maintenance:  # fmt: skip
    """Planned work that went through these states; the first is announced, the others come at its times."""
    maintenance_id, first = public_id("maintenance", name), announced or starts - timedelta(days=3)
    ends = starts + timedelta(hours=hours)
    times = {"scheduled": first, "in_progress": starts, "verifying": ends, "completed": ends, "cancelled": first}
    updates = tuple(
        make_update((times[state], state, f"{name}: {state.replace('_', ' ')}.", {}), maintenance_id, number_)
        for number_, state in enumerate(states, 1)
    )
    return Maintenance(maintenance_id, name, starts, ends, tuple(components), first, updates[-1].display_at,
                       "secret-person", updates, number=number, version=len(updates))  # fmt: skip


def begun_early(
    name: str, *states: str, since: timedelta = timedelta(minutes=5), plan: timedelta = timedelta(hours=2)
) -> Maintenance:
    """Two hours of work that begin by its plan in some time; it went through these states, 13 s apart, before that."""
    work = make_maintenance(name, NOW + plan, hours=2, announced=NOW - timedelta(days=1))
    said = tuple(
        make_update((NOW - since + timedelta(seconds=13 * n), state, f"{name}: {state}.", {}), work.id, n + 2)
        for n, state in enumerate(states)
    )
    return replace(work, updates=(*work.updates, *said), sequence=len(said))


_M, _D, _P, _O = Status.MAJOR, Status.DEGRADED, Status.PARTIAL, Status.OPERATIONAL


def open_incident(now: datetime = NOW) -> Incident:
    """One that goes on, opened by the robot, with a draft and evidence that nobody may see."""

    def at(minutes: float) -> datetime:
        return now - timedelta(minutes=minutes)

    incident = make_incident(
        "Slow web socket connections",
        [
            (at(40), "investigating", "New connections to Firebase wait without an answer.\n\nNot affected: Login.",
             {"firebase-web-sockets": (_O, _M)}),
            (at(38), "identified", "The delay is in Firebase. Chat moves to **Native Web Sockets**.",
             {"networking": (_O, _P), "group-rooms": (_O, _P), "news-feed": (_O, _D)}),
            (at(12), "identified", "Firebase does not take new connections fast enough. Session chat and Inbox run on "
             "our own servers and have been steady for half an hour. To keep those servers well inside their limit, "
             "other modules stay in limited mode for now.", {"invitations": (_O, _D)}),
        ],
        number=3, automatic=True,
    )  # fmt: skip
    draft = Update("0draft000000", "monitoring", "secret-draft secret-host.internal", at(1), at(1), "secret-person")
    gone = replace(draft, id="0gone0000000", body="secret-withdrawn", published_at=at(2), withdrawn_at=at(1))
    newest = replace(incident.updates[-1], next_by=now + timedelta(minutes=18))
    seen = Evidence(at(40), "sockets", "firebase-web-sockets", "main", "down", at(41), detail="secret-host.internal")
    updates = (*incident.updates[:-1], newest, gone, draft)
    return replace(incident, updates=updates, touched_by="secret-person", evidence=(seen,))


def sep13(zone: str = "America/New_York") -> Incident:
    """A day in September 2021, resolved and learned from, with an edit and a back-dated update."""

    def at(hour: int, minute: int) -> datetime:
        return datetime(2021, 9, 13, hour, minute, tzinfo=ZoneInfo(zone)).astimezone(UTC)

    component = "firebase-web-sockets"
    incident = make_incident(
        "Slow web socket connection",
        [
            (at(9, 45), "investigating", "Web sockets on Firebase open slowly. We look into it with its makers.",
             {component: (_O, _D)}),
            (at(10, 55), "identified", "Firebase is slow; our own web sockets can be chosen instead.", {}),
            (at(11, 45), "identified", "The cache in front of the database is repaired.", {}),
            (at(13, 7), "monitoring", "All measures for now are in place.", {}),
            (at(17, 15), "resolved", "Connections open at once again.", {component: (_D, _O)}),
        ],
    )  # fmt: skip
    first, second, *rest = incident.updates
    edit = Edit(at(11, 0), "secret-person", "investigating", "Firebase is slow; <b>we</b> do not know why.", at(10, 55))
    updates = (first, replace(second, edits=(edit,), written_at=at(10, 59)), *rest)
    learned = Postmortem("A large crowd came at once.\n\n# What we change\n\n- Large events start elsewhere.",
                         "secret-person", at(17, 33), published_at=at(17, 33))  # fmt: skip
    return replace(incident, updates=updates, postmortem=learned)


def past_incident(
    name: str = "Invitations arrive late", days: int = 3, now: datetime = NOW, number: int = 2
) -> Incident:
    """One that lasted 38 minutes, some days ago."""
    began = now - timedelta(days=days, hours=2)
    return make_incident(
        name,
        [
            (began, "investigating", "Invitations arrive late.", {"invitations": (_O, _D)}),
            (began + timedelta(minutes=38), "resolved", "A queue had filled up. No invitation was lost.",
             {"invitations": (_D, _O)}),
        ],
        number=number,
    )  # fmt: skip


def told_snapshot(now: datetime = NOW, site: Site | None = None) -> Snapshot:
    """An outage with its incident, an older one, work that goes on and work to come."""
    return make_snapshot(
        OUTAGE,
        now=now,
        site=site,
        incidents=[open_incident(now), past_incident(now=now), sep13()],
        maintenances=[
            make_maintenance("Second cache node", now + timedelta(days=4), number=3, announced=now - timedelta(days=1)),
            make_maintenance("Login servers move", now - timedelta(minutes=20), components=["login"],
                             states=["scheduled", "in_progress"], number=2),
            make_maintenance("Certificates renewed", now - timedelta(days=8), components=["backend"],
                             states=["scheduled", "in_progress", "completed"]),
        ],
    )  # fmt: skip
