"""Which components were affected when, as one picture: a lane a component, or several that fared alike.

The worse, the thicker the bar. All measures are pixels of a picture 1020 wide; the same facts are in the updates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.site import Site
from statuspage.core.status import Status
from statuspage.core.uptime import day_bounds
from statuspage.web.entries import Entry, began, ended
from statuspage.web.times import minute_clock, short_day
from statuspage.web.words import LOOKS, listed

WIDTH, LEFT, RIGHT = 1020, 230, 1016
TOP, STEP = 17, 29
MOST_LANES, MOST_TICKS, MOST_LETTERS = 12, 9, 30
_THICK = {Status.MAJOR: 16, Status.PARTIAL: 12}
_STEPS = tuple(timedelta(minutes=each) for each in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720))
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch in one state; `title` says it in words."""

    slug: str
    x: int
    y: int
    width: int
    height: int
    title: str


@dataclass(frozen=True, slots=True)
class Lane:
    """The bars of components that fared alike."""

    name: str
    y: int
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Lanes:
    """The picture; `ticks` are places and texts of the axis."""

    height: int
    lanes: tuple[Lane, ...]
    ticks: tuple[tuple[int, str], ...]


_Course = tuple[tuple[Status, datetime, datetime], ...]


def lanes(entry: Entry, site: Site, zone: ZoneInfo, now: datetime) -> Lanes | None:
    """The picture of an incident, None where it would tell nothing: fewer than two bars, or no time at all."""
    begin, end = began(entry), ended(entry) or now
    alike: dict[_Course, list[str]] = {}
    for each in entry.components:
        component, course = site.component(each), _course(entry, each, begin, end)
        if component is not None and course:
            alike.setdefault(course, []).append(component.name)
    if sum(len(course) for course in alike) < 2 or end <= begin:
        return None
    shown = list(alike.items())[:MOST_LANES]
    drawn = [_lane(names, course, TOP + STEP * row, begin, end, zone) for row, (course, names) in enumerate(shown)]
    return Lanes(TOP + STEP * len(drawn) + 11, tuple(drawn), _ticks(begin, end, zone))


def _course(entry: Entry, component: str, begin: datetime, end: datetime) -> _Course:
    """The stretches in which a component was not well, by what the updates said of it."""
    found, status, since = list[tuple[Status, datetime, datetime]](), Status.OPERATIONAL, begin
    for update in entry.published:
        # What the first update says was so from the beginning.
        at = begin if update is entry.published[0] else max(update.display_at, begin)
        for change in update.changes:
            if change.component == component and change.new is not status:
                found += _stretch(status, since, min(at, end))
                status, since = change.new, at
    return (*found, *_stretch(status, since, end))


def _stretch(status: Status, since: datetime, until: datetime) -> list[tuple[Status, datetime, datetime]]:
    return [(status, since, until)] if status is not Status.OPERATIONAL and until > since else []


def _lane(names: Sequence[str], course: _Course, y: int, begin: datetime, end: datetime, zone: ZoneInfo) -> Lane:
    name = listed(list(names), 2)
    bars = []
    for status, since, until in course:
        x, thick = _x(since, begin, end), _THICK.get(status, 8)
        words = f"{LOOKS[status].word}, {minute_clock(since, zone).text} to {minute_clock(until, zone).text}"
        width = max(_x(until, begin, end) - x, 3)
        bars.append(Bar(LOOKS[status].slug, x, y - thick // 2, width, thick, f"{listed(list(names), 12)}: {words}"))
    return Lane(name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…", y, tuple(bars))


def _x(at: datetime, begin: datetime, end: datetime) -> int:
    return LEFT + round((at - begin) / (end - begin) * (RIGHT - LEFT))


def _ticks(begin: datetime, end: datetime, zone: ZoneInfo) -> tuple[tuple[int, str], ...]:
    """Full hours, or whatever keeps it to nine: from minutes to weeks."""
    step = next((each for each in _STEPS if (end - begin) / each <= MOST_TICKS), None)
    if step is None:
        step = DAY * (1 + int((end - begin) / DAY) // MOST_TICKS)
    at, found = day_bounds(begin.astimezone(zone).date(), zone)[0], []
    at += step * int((begin - at) / step)
    while at <= end:
        local = at.astimezone(zone)
        if at >= begin:
            found.append((_x(at, begin, end), short_day(local.date()) if step >= DAY else f"{local:%H:%M}"))
        at += step
    return tuple(found)
