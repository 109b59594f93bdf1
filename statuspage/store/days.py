"""The daily figures: seconds in each status on each local day of the site, computed from the spans.

Rows of a component are contiguous from its first day on, and all but its newest are final. A refresh
therefore begins no later than the newest row, fills days that nobody rolled up on the way, and never ends
before the moment that was reached already, whatever the clock says since.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select

from statuspage.core.site import Site
from statuspage.core.state import Day
from statuspage.core.status import Status
from statuspage.core.uptime import Figures, Span, day_bounds, days_of, figures
from statuspage.store import spans
from statuspage.store.components import read_site
from statuspage.store.database import upsert
from statuspage.store.schema import components, days

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class _Stretch:
    """What is to be computed of one component: its days from `first` on, but only what lies in [begins, ends)."""

    component: str
    first: date
    begins: datetime
    ends: datetime


def roll_up(connection: Connection, now: datetime) -> int:
    """Bring every live component's figures up to `now`; how many days were written. 0 before a site is published."""
    site = read_site(connection)
    return 0 if site is None else refresh(connection, site, now)


def refresh(
    connection: Connection, site: Site | None, now: datetime, since: Mapping[str, datetime] | None = None
) -> int:
    """Compute the days up to `now`: of the components in `since` from that moment on, or of all live ones.

    How many days were written.
    """
    rows = [
        {"component": component, "day": day, "through": through, "seconds": _as_json(found)}
        for component, day, through, found in _figures(connection, site, now, since)
    ]
    for start in range(0, len(rows), _ROWS_AT_ONCE):
        upsert(connection, days, rows[start : start + _ROWS_AT_ONCE])
    return len(rows)


def newest(connection: Connection, names: Iterable[str], today: date, count: int) -> tuple[Day, ...]:
    """The last `count` rolled-up days up to `today` of the named components, by component and oldest first."""
    wanted = (
        select(days.c.component, days.c.day, days.c.seconds)
        .where(days.c.day > today - timedelta(days=count))
        .order_by(days.c.component, days.c.day)
    )
    shown = set(names)
    return tuple(
        Day(row.component, row.day, Figures({Status(status): spent for status, spent in row.seconds.items()}))
        for row in connection.execute(wanted)
        if row.component in shown
    )


def brought_up_to(
    connection: Connection, site: Site, rolled_up: Iterable[Day], today: date, count: int, until: datetime
) -> tuple[Day, ...]:
    """The rolled-up days, with what no roll-up has reached yet computed up to `until`. Writes nothing.

    A page must not show figures that are a minute behind its states; time after the last sign of life was
    not seen, so `until` ends there.
    """
    merged = {(each.component, each.day): each for each in rolled_up}
    for component, day, _, found in _figures(connection, site, until, None):
        if day > today - timedelta(days=count):
            merged[component, day] = Day(component, day, found)
    return tuple(merged[key] for key in sorted(merged))


def zone_of(site: Site | None) -> tzinfo:
    """The zone whose midnights divide the days; UTC before a site is published."""
    return ZoneInfo(site.time_zone if site else "Etc/UTC")


def _figures(
    connection: Connection, site: Site | None, now: datetime, since: Mapping[str, datetime] | None
) -> Iterable[tuple[str, date, datetime, Figures]]:
    """Component, day, the moment reached, and the figures, of every day that is to be computed."""
    zone = zone_of(site)
    stretches = _stretches(connection, site, zone, now, since)
    if not stretches:
        return
    begin, _ = day_bounds(min(each.first for each in stretches), zone)
    end = max(each.ends for each in stretches)
    history = spans.overlapping(connection, None if since is None else since, begin, end)
    for each in stretches:
        for day, through, found in _computed(each, history.get(each.component, []), zone):
            yield each.component, day, through, found


def _stretches(
    connection: Connection, site: Site | None, zone: tzinfo, now: datetime, since: Mapping[str, datetime] | None
) -> list[_Stretch]:
    reached = select(
        days.c.component, func.max(days.c.day).label("day"), func.max(days.c.through).label("through")
    ).group_by(days.c.component)
    wanted = select(components.c.id, components.c.created_at)
    if since is None:
        wanted = wanted.where(components.c.archived_at.is_(None))
    else:
        wanted = wanted.where(components.c.id.in_(list(since)))
        reached = reached.where(days.c.component.in_(list(since)))
    rolled: dict[str, tuple[date, datetime]] = {
        row.component: (row.day, row.through) for row in connection.execute(reached)
    }
    starts = {each.id: each.start_date for each in site.components if each.start_date} if site else {}
    found = []
    for row in connection.execute(wanted):
        born = max(row.created_at.astimezone(zone).date(), starts.get(row.id, date.min))
        first, through = rolled.get(row.id, (born, now))
        if since is not None:
            first = min(first, since[row.id].astimezone(zone).date())
        found.append(_Stretch(row.id, max(first, born), row.created_at, max(through, now)))
    return found


def _computed(stretch: _Stretch, history: Sequence[Span], zone: tzinfo) -> Iterable[tuple[date, datetime, Figures]]:
    midnight, _ = day_bounds(stretch.first, zone)
    for day in days_of(max(midnight, stretch.begins), stretch.ends, zone):
        midnight, next_midnight = day_bounds(day, zone)
        started, ended = max(midnight, stretch.begins), min(next_midnight, stretch.ends)
        yield day, ended, figures([span for span in history if _touches(span, started, ended)], started, ended)


def _as_json(found: Figures) -> dict[str, int]:
    return {status.value: spent for status, spent in found.seconds.items()}


def _touches(span: Span, started: datetime, ended: datetime) -> bool:
    return span.started < ended and (span.ended is None or span.ended > started)
