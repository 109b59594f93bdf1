"""The values of a component's own page."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from statuspage.core.site import Component
from statuspage.core.status import Status
from statuspage.core.uptime import Span, figures, over
from statuspage.web.bars import BAD, BIG, Bars, day_status, draw
from statuspage.web.present import Sentence, aside, last_check
from statuspage.web.present_felt import Chart, charts
from statuspage.web.present_history import Row, history_path, row
from statuspage.web.present_routes import route_lines
from statuspage.web.recent import how_long
from statuspage.web.scene import Scene, Share, component_path, share
from statuspage.web.times import Stamp, day_text, length_text, short_day, stamp, zone_name
from statuspage.web.words import LOOKS, Look

MOST_EVENTS = 25
MOST_INCIDENTS = 10
CUT_AT = 50
"""A snapshot holds the newest 50 troubles (store/snapshot.py): a list this long may not be all."""


@dataclass(frozen=True, slots=True)
class Event:
    """A stretch in one state; `lasted` as text."""

    began: Stamp
    look: Look
    lasted: str


@dataclass(frozen=True, slots=True)
class BadDay:
    """A day that was not all operational, with the time spent in each state, worst first."""

    day: str
    look: Look
    spent: str
    uptime: str | None


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A component that this one needs, or that needs this one."""

    name: str
    path: str
    look: Look


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything that a component's page says."""

    name: str
    description: str | None
    look: Look
    lead: Sentence
    last_check: Stamp | None
    bars: Bars
    first_day: str
    zone: str
    shares: tuple[tuple[str, Share], ...]
    bad_days: tuple[BadDay, ...]
    events: tuple[Event, ...]
    more_events: int
    incidents: tuple[Row, ...]
    history: str
    """Where all of its incidents are listed."""
    needs: tuple[Neighbour, ...]
    needed_by: tuple[Neighbour, ...]
    routes: tuple[Sentence, ...] = ()
    felt: tuple[Chart, ...] = ()
    """Of a provider: how long users took to connect to it."""


def detail(scene: Scene, component: Component) -> Detail:
    """The values of one component's page."""
    site = scene.snapshot.site
    by_day = scene.figures.get(component.id, {})
    spans = scene.troubles.get(component.id, ())
    shares = (
        newest_share(scene, component),
        *((f"{days} days", scene.share(component, days)) for days in (7, 30, 90)),
    )
    needs = [found for each in component.needs if (found := site.component(each)) is not None]
    return Detail(
        name=component.name,
        description=component.description,
        look=LOOKS[scene.shown(component)],
        lead=_lead(scene, component),
        last_check=last_check(scene),
        bars=draw(scene.days, by_day, shares[-1][1].uptime, BIG),
        first_day=short_day(scene.days[0]),
        zone=zone_name(scene.now, scene.zone),
        shares=shares,
        bad_days=tuple(
            _bad_day(scene, component, day)
            for day in reversed(scene.days)
            if day in by_day and day_status(by_day[day]) in BAD
        ),
        events=tuple(_event(scene, span) for span in spans[:MOST_EVENTS]),
        more_events=max(len(spans) - MOST_EVENTS, 0),
        incidents=tuple(row(each, scene.zone) for each in scene.entries_of.get(component.id, ())[:MOST_INCIDENTS]),
        history=history_path(component=component),
        needs=tuple(_neighbour(scene, each) for each in needs),
        needed_by=tuple(_neighbour(scene, each) for each in site.components if component.id in each.needs),
        routes=route_lines(scene, component),
        felt=charts(scene, component),
    )


def newest_share(scene: Scene, component: Component) -> tuple[str, Share]:
    """Uptime over the last 24 hours, with its heading.

    It comes from spans of trouble, which do not tell of times that nobody saw. Where yesterday or today has
    such times, or more troubles than a snapshot holds, both days as a whole are given instead, and called so.
    """
    by_day = scene.figures.get(component.id, {})
    known = [by_day[day] for day in scene.days[-2:] if day in by_day]
    begin = scene.now - timedelta(hours=24)
    complete = len(known) == 2 and all(each.seen == each.total for each in known)
    if not complete or not _reaches(scene.snapshot.troubles, begin):
        return "Since yesterday", share(over(known))
    until = scene.fresh.heartbeat_at if scene.fresh.stale and scene.fresh.heartbeat_at else scene.now
    troubles = [
        replace(span, ended=span.ended or max(until, span.started))
        for span in scene.troubles.get(component.id, ())
        if (span.ended or until) > begin
    ]
    return "24 hours", share(figures([*troubles, *_between(component, troubles, begin, until)], begin, scene.now))


def _reaches(troubles: Sequence[Span], begin: datetime) -> bool:
    """Whether the snapshot's list of troubles, cut at its newest ones, goes back to that moment."""
    return len(troubles) < CUT_AT or min(span.started for span in troubles) <= begin


def _between(component: Component, troubles: list[Span], begin: datetime, end: datetime) -> list[Span]:
    """The operational stretches between the troubles."""
    gaps, at = [], begin
    for span in sorted(troubles, key=lambda span: span.started):
        if span.started > at:
            gaps.append(Span(component.id, Status.OPERATIONAL, at, span.started))
        at = max(at, span.ended or end)
    if end > at:
        gaps.append(Span(component.id, Status.OPERATIONAL, at, end))
    return gaps


def _lead(scene: Scene, component: Component) -> Sentence:
    held, look = scene.held(component), LOOKS[scene.shown(component)]
    if held is None:
        return (look.word,)
    if scene.fresh.stale and scene.fresh.heartbeat_at is not None:
        return ("No fresh data since ", stamp(scene.fresh.heartbeat_at, scene.zone), ". ",
                *aside(scene, component), ".")  # fmt: skip
    if scene.fresh.blind_since is not None:
        lost = stamp(scene.fresh.blind_since, scene.zone)
        return (
            "Our monitor cannot see at the moment: no fresh data since ",
            lost,
            f". Before that: {look.word.lower()}.",
        )
    return (f"{look.word} since ", stamp(held.since, scene.zone))


def _bad_day(scene: Scene, component: Component, day: date) -> BadDay:
    of = scene.figures[component.id][day]
    spent = [(status, of.seconds.get(status, 0)) for status in BAD]
    text = ", ".join(
        f"{length_text(timedelta(seconds=seconds))} {LOOKS[status].word.lower()}"
        for status, seconds in spent
        if seconds
    )
    return BadDay(day_text(day), LOOKS[day_status(of)], text, share(of).uptime)


def _event(scene: Scene, span: Span) -> Event:
    text = how_long(scene, span.started, span.ended).removeprefix("lasted ")
    return Event(stamp(span.started, scene.zone), LOOKS[span.status], text)


def _neighbour(scene: Scene, component: Component) -> Neighbour:
    return Neighbour(component.name, component_path(component), LOOKS[scene.shown(component)])
