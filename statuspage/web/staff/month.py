"""A month of planned work: a grid of days, which reads as a list where there is no room for a grid."""

from calendar import Calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.maintenance import Maintenance, MaintenanceState
from statuspage.web.times import MONTHS, short_day

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Planned:
    """Work on one day: its hours on that day."""

    id: str
    title: str
    hours: str
    slug: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class Day:
    """One cell. `is_other` belongs to the month before or after."""

    number: int
    name: str
    is_today: bool
    is_other: bool
    planned: tuple[Planned, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """`before` and `after` are the neighbours as the address names them, `2026-11`."""

    name: str
    before: str
    after: str
    days: tuple[Day, ...]


def month(text: str, works: Sequence[Maintenance], zone: ZoneInfo, now: datetime) -> Month:
    """The month of that name, `2026-11`; the present one for anything else."""
    today = now.astimezone(zone).date()
    first = _first(text) or today.replace(day=1)
    days = Calendar().itermonthdates(first.year, first.month)
    return Month(
        name=f"{MONTHS[first.month - 1]} {first.year}",
        before=_name(first - timedelta(days=1)),
        after=_name(first + timedelta(days=31)),
        days=tuple(_day(day, first, today, works, zone) for day in days),
    )


def _first(text: str) -> date | None:
    try:
        found = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return found if 2000 <= found.year < 2100 else None


def _name(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def _day(day: date, first: date, today: date, works: Sequence[Maintenance], zone: ZoneInfo) -> Day:
    begin = datetime.combine(day, time(), zone)
    end = datetime.combine(day + timedelta(days=1), time(), zone)
    here = [each for each in works if each.starts < end and each.ends > begin]
    planned = tuple(_planned(each, begin, end, zone) for each in sorted(here, key=lambda each: each.starts))
    return Day(day.day, short_day(day), day == today, day.month != first.month, planned)


def _planned(work: Maintenance, begin: datetime, end: datetime, zone: ZoneInfo) -> Planned:
    starts = work.starts.astimezone(zone).strftime("%H:%M") if work.starts >= begin else "00:00"
    ends = work.ends.astimezone(zone).strftime("%H:%M") if work.ends < end else "24:00"
    slug = "unknown" if work.state is MaintenanceState.CANCELLED else "maint"
    return Planned(work.id, work.title, f"{starts}–{ends}", slug, work.state.is_over)
