"""The last two weeks day by day: what was told, then what was only seen, and "nothing" only where somebody looked.

An incident stands on the day it began. Trouble that an incident or planned work speaks of is not told twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from statuspage.core.incident import Incident
from statuspage.core.site import Component
from statuspage.core.status import Status, worst
from statuspage.core.topology import IN_TROUBLE
from statuspage.core.uptime import Span, day_bounds
from statuspage.web.entries import Entry, began, ended, html_of, is_over, is_under_way, lines, path
from statuspage.web.present_incident import impact_look, lasted, when
from statuspage.web.scene import Scene, component_path
from statuspage.web.times import Stamp, clock, day_text, length_text, minute, minute_clock, short_day, stamp
from statuspage.web.words import LOOKS, STATE_WORDS, Look

DAYS = 14
MOST_A_DAY = 6
MOST_UPDATES = 5
JOINED = timedelta(seconds=1)
"""Spans this close together are one trouble: degraded, then down, then degraded again."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """An update in the list of a day."""

    word: str
    at: Stamp
    html: str


@dataclass(frozen=True, slots=True)
class Past:
    """An incident or planned work on its day. One that goes on has a card of its own: here it is only named."""

    title: str
    path: str
    look: Look
    state: str
    lasted: str | None
    when: tuple[Stamp, ...]
    spoken: tuple[Spoken, ...]
    more: int


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
    """A local day. `quiet` is what is said where nothing was told of it, `more` how many troubles were left out."""

    text: str
    past: tuple[Past, ...]
    more_past: int
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
        if not _is_told(scene, stretch)
    ]
    stretches.sort(key=lambda each: each.started, reverse=True)
    told, oldest = _by_day(scene), day_bounds(scene.days[-DAYS], scene.zone)[0]
    spanning = [each for each in scene.entries if (ended(each) or scene.now) > oldest and _has_begun(scene, each)]
    first = min([*(day for of in scene.figures.values() for day in of), *told], default=scene.today)
    days = [day for day in reversed(scene.days[-DAYS:]) if day >= first]
    return tuple(_day(scene, day, told.get(day, []), spanning, stretches) for day in days)


def _by_day(scene: Scene) -> dict[date, list[Entry]]:
    """What began within the last two weeks, by its local day. Work that nobody has begun has no day yet."""
    oldest, found = day_bounds(scene.days[-DAYS], scene.zone)[0], dict[date, list[Entry]]()
    for entry in scene.entries:
        if oldest <= began(entry) and _has_begun(scene, entry):
            found.setdefault(began(entry).astimezone(scene.zone).date(), []).append(entry)
    return found


def _has_begun(scene: Scene, entry: Entry) -> bool:
    return began(entry) <= scene.now and (isinstance(entry, Incident) or is_over(entry) or is_under_way(entry))


def _is_told(scene: Scene, stretch: _Stretch) -> bool:
    """Whether an incident or planned work speaks of that component at that time."""
    until = stretch.ended or scene.now
    return any(
        began(entry) <= until and stretch.started <= (ended(entry) or scene.now)
        for entry in scene.entries_of.get(stretch.component.id, ())
    )


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


def _day(
    scene: Scene, day: date, told: Sequence[Entry], spanning: Sequence[Entry], stretches: Sequence[_Stretch]
) -> RecentDay:
    begin, end = day_bounds(day, scene.zone)
    today = day == scene.today
    touching = [each for each in stretches if each.started < end and (each.ended is None or each.ended > begin)]
    return RecentDay(
        text=f"Today, {short_day(day)}" if today else day_text(day),
        past=tuple(_past(scene, each) for each in told[:MOST_A_DAY]),
        more_past=max(len(told) - MOST_A_DAY, 0),
        troubles=tuple(_trouble(scene, each, begin) for each in touching[:MOST_A_DAY]),
        more=max(len(touching) - MOST_A_DAY, 0),
        quiet=None if told else _quiet(scene, day, spanning, today=today, troubled=bool(touching)),
    )


def _past(scene: Scene, entry: Entry) -> Past:
    length, told = lasted(entry), lines(entry)
    shown = told[:MOST_UPDATES] if is_over(entry) else ()
    day = began(entry).astimezone(scene.zone).date()
    return Past(
        title=entry.title,
        path=path(entry),
        look=LOOKS[Status.OPERATIONAL] if is_over(entry) else impact_look(entry),
        state=STATE_WORDS[entry.state.value],
        lasted=f"lasted {length_text(length)}" if length is not None else None,
        when=when(entry, scene.zone),
        spoken=tuple(
            Spoken(line.word, _at(scene, line.update.display_at, day), html_of(line.update)) for line in shown
        ),
        more=max(len(told) - MOST_UPDATES, 0) if shown else 0,
    )


def _at(scene: Scene, at: datetime, day: date) -> Stamp:
    """The time of day alone where the day stands above it."""
    return (minute_clock if at.astimezone(scene.zone).date() == day else minute)(at, scene.zone)


def _trouble(scene: Scene, stretch: _Stretch, begin: datetime) -> Trouble:
    since = (clock if stretch.started >= begin else stamp)(stretch.started, scene.zone)
    return Trouble(
        name=stretch.component.name,
        path=component_path(stretch.component),
        look=LOOKS[worst(span.status for span in stretch.spans)],
        began=since,
        lasted=how_long(scene, stretch.started, stretch.ended),
    )


def _quiet(scene: Scene, day: date, spanning: Sequence[Entry], *, today: bool, troubled: bool) -> str:
    """Old spans are not kept for ever: the day's figures are asked before a day is called quiet."""
    figures = [of[day] for of in scene.figures.values() if day in of]
    nothing = "No incidents reported today." if today else "No incidents reported."
    if troubled:
        return nothing
    if not any(each.seen for each in figures):
        return "Nobody was watching." if not today else "No results yet today."
    begin, _ = day_bounds(day, scene.zone)
    if any(began(each) < begin < (ended(each) or scene.now) for each in spanning):
        return "No new incidents."
    bad = sum(each.worst in IN_TROUBLE for each in figures)
    return f"{nothing} Trouble seen on {bad} of {len(figures)} components." if bad and not today else nothing


def how_long(scene: Scene, started: datetime, over: datetime | None) -> str:
    """How long, or that it is not over, as far as anybody sees."""
    if over is not None:
        return f"lasted {length_text(over - started)}"
    return "not over when last seen" if scene.fresh.stale or scene.fresh.blind else "still going on"
