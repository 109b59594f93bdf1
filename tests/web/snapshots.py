"""Snapshots of a made-up site, for tests that need a page without a monitor behind it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

from statuspage.core.site import Component, Group, Link, Site
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
