"""A snapshot at a moment, opened up: what every page and document asks of it, worked out once per rendering."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.site import Component, public_id
from statuspage.core.state import Held, Snapshot
from statuspage.core.status import PageStatus, Status, page_status
from statuspage.core.uptime import Figures, Span, over, percent
from statuspage.web.entries import Entry, all_entries, of_component
from statuspage.web.freshness import Freshness, judge

DAYS = 90


@dataclass(frozen=True, slots=True)
class Share:
    """Uptime as text, and coverage only where it is below 100 %."""

    uptime: str | None
    seen: str | None


@dataclass(frozen=True, slots=True)
class Scene:
    """`today` and `days` (oldest first) are local days of the site's zone."""

    snapshot: Snapshot
    now: datetime
    zone: ZoneInfo
    fresh: Freshness
    today: date
    days: tuple[date, ...]
    figures: Mapping[str, Mapping[date, Figures]]
    troubles: Mapping[str, tuple[Span, ...]]
    entries: tuple[Entry, ...]
    """Incidents and planned work, newest first by their beginning."""
    entries_of: Mapping[str, tuple[Entry, ...]]
    """The same by component."""

    def held(self, component: Component) -> Held | None:
        """How the component stands; None while the configuration is newer than the last decision."""
        return self.snapshot.components.get(component.id)

    def status(self, component: Component) -> Status:
        """The status as the monitor last wrote it."""
        held = self.held(component)
        return held.status if held is not None else Status.UNKNOWN

    def shown(self, component: Component) -> Status:
        """The status to show: nothing is known once the monitor is silent, save what people set by hand."""
        watched = not self.snapshot.site.is_manual(component.id)
        return Status.UNKNOWN if self.fresh.stale and watched else self.status(component)

    def confirmed(self, component: Component) -> Status:
        """The last status that was not unknown: what API v2 says."""
        held = self.held(component)
        return held.confirmed if held is not None else Status.OPERATIONAL

    @property
    def last_confirmed(self) -> PageStatus:
        """The page's sentence from confirmed statuses, fresh or not."""
        return page_status([self.confirmed(component) for component in self.snapshot.site.components])

    def own_days(self, component: Component) -> tuple[date, ...]:
        """The days of the strip from the component's start date on."""
        start = component.start_date
        return tuple(day for day in self.days if start is None or day >= start)

    def share(self, component: Component, days: int) -> Share:
        """Uptime over the newest `days` local days, today included."""
        figures = self.figures.get(component.id, {})
        return share(over([figures[day] for day in self.own_days(component)[-days:] if day in figures]))


def share(figures: Figures) -> Share:
    """Figures as text."""
    coverage = figures.coverage
    full = coverage is None or coverage == 1
    return Share(percent(figures.uptime), None if full else percent(coverage, 1))


def open_scene(snapshot: Snapshot, now: datetime) -> Scene:
    """`now` decides what is stale and which day is today; nothing else of a page depends on it."""
    zone = ZoneInfo(snapshot.site.time_zone)
    today = now.astimezone(zone).date()
    figures: dict[str, dict[date, Figures]] = {}
    for each in snapshot.days:
        figures.setdefault(each.component, {})[each.day] = each.figures
    troubles: dict[str, list[Span]] = {}
    for span in sorted(snapshot.troubles, key=lambda span: span.started, reverse=True):
        troubles.setdefault(span.component, []).append(span)
    entries = all_entries(snapshot)
    return Scene(
        snapshot=snapshot,
        now=now,
        zone=zone,
        fresh=judge(snapshot.heartbeats, now),
        today=today,
        days=tuple(today - timedelta(days=back) for back in reversed(range(DAYS))),
        figures=figures,
        troubles={component: tuple(spans) for component, spans in troubles.items()},
        entries=entries,
        entries_of=of_component(entries),
    )


def component_path(component: Component) -> str:
    """Where the component's page is."""
    return f"/components/{public_id('component', component.id)}"
