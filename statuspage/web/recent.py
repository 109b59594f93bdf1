"""The last two weeks day by day: what went wrong, and "nothing" only where somebody looked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from statuspage.core.site import Component
from statuspage.core.status import worst
from statuspage.core.topology import IN_TROUBLE
from statuspage.core.uptime import Span, day_bounds
from statuspage.web.scene import Scene, component_path
from statuspage.web.times import Stamp, clock, day_text, length_text, short_day, stamp
from statuspage.web.words import LOOKS, Look

DAYS = 14
MOST_A_DAY = 6
JOINED = timedelta(seconds=1)
"""Spans this close together are one trouble: degraded, then down, then degraded again."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One stretch of trouble of one component, by its worst state. `lasted` says how long, or that it goes on."""

    name: str
    path: str
    look: Look
    began: Stamp
    lasted: str


@dataclass(frozen=True, slots=True)
class RecentDay:
    """A local day. `quiet` says why there are no troubles on it, `more` how many were left out."""

    text: str
    troubles: tuple[Trouble, ...]
    more: int
    quiet: str | None


@dataclass(frozen=True, slots=True)
class _Stretch:
    component: Component
    spans: tuple[Span, ...]

    @property
    def started(self) -> datetime:
        return self.spans[0].started

    @property
    def ended(self) -> datetime | None:
        return self.spans[-1].ended


def recent_days(scene: Scene) -> tuple[RecentDay, ...]:
    """Newest day first, down to the first day of which anything is known."""
    stretches = [
        stretch
        for component in scene.snapshot.site.components
        for stretch in _stretches(component, scene.troubles.get(component.id, ()))
    ]
    stretches.sort(key=lambda each: each.started, reverse=True)
    known = [day for of in scene.figures.values() for day in of]
    first = min(known, default=scene.today)
    days = [day for day in reversed(scene.days[-DAYS:]) if day >= first]
    return tuple(_day(scene, day, stretches) for day in days)


def _stretches(component: Component, newest_first: Sequence[Span]) -> list[_Stretch]:
    joined: list[list[Span]] = []
    for span in reversed(newest_first):
        if span.status not in IN_TROUBLE:
            continue
        last = joined[-1][-1] if joined else None
        if last is not None and last.ended is not None and span.started - last.ended <= JOINED:
            joined[-1].append(span)
        else:
            joined.append([span])
    return [_Stretch(component, tuple(spans)) for spans in joined]


def _day(scene: Scene, day: date, stretches: Sequence[_Stretch]) -> RecentDay:
    begin, end = day_bounds(day, scene.zone)
    today = day == scene.today
    text = f"Today, {short_day(day)}" if today else day_text(day)
    touching = [each for each in stretches if each.started < end and (each.ended is None or each.ended > begin)]
    troubles = tuple(_trouble(scene, each, begin) for each in touching[:MOST_A_DAY])
    more = max(len(touching) - MOST_A_DAY, 0)
    return RecentDay(text, troubles, more, None if troubles else _quiet(scene, day, today=today))


def _trouble(scene: Scene, stretch: _Stretch, begin: datetime) -> Trouble:
    began = (clock if stretch.started >= begin else stamp)(stretch.started, scene.zone)
    return Trouble(
        name=stretch.component.name,
        path=component_path(stretch.component),
        look=LOOKS[worst(span.status for span in stretch.spans)],
        began=began,
        lasted=lasted(scene, stretch.started, stretch.ended),
    )


def _quiet(scene: Scene, day: date, *, today: bool) -> str:
    """Old spans are not kept for ever: the day's figures are asked before a day is called quiet."""
    figures = [of[day] for of in scene.figures.values() if day in of]
    if not any(each.seen for each in figures):
        return "Nobody was watching." if not today else "No results yet today."
    troubled = sum(each.worst in IN_TROUBLE for each in figures)
    if troubled:
        return f"Trouble on {troubled} of {len(figures)} components."
    return "No trouble seen today." if today else "No trouble seen."


def lasted(scene: Scene, started: datetime, ended: datetime | None) -> str:
    """How long, or that it is not over, as far as anybody sees."""
    if ended is not None:
        return f"lasted {length_text(ended - started)}"
    return "not over when last seen" if scene.fresh.stale or scene.fresh.blind else "still going on"
