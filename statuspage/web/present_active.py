"""What goes on and what is planned, for the front page: cards for incidents and running work, lines for the rest."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby

from statuspage.core.incident import Incident
from statuspage.core.maintenance import Maintenance
from statuspage.web.entries import Entry, began, html_of, is_over, is_under_way, lines, path
from statuspage.web.present_incident import Said, affected, impact_look, in_utc, is_automatic, near, said, when
from statuspage.web.scene import Scene
from statuspage.web.times import Stamp
from statuspage.web.words import STATE_WORDS, Look, listed

MOST_OLDER = 5
"""How many earlier updates a card folds away; its own page has all."""
AHEAD = timedelta(days=30)
MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class Affected:
    """Components of a card that are in the same state."""

    look: Look
    names: str


@dataclass(frozen=True, slots=True)
class Card:
    """An incident or work that goes on. `head` says how bad it is and since when; `more` counts what is left out."""

    id: str
    title: str
    path: str
    look: Look
    head: tuple[str | Stamp, ...]
    newest: Said
    next_by: Stamp | None
    also: str | None
    """The same in UTC, where the site has another zone."""
    overdue: bool
    until: Stamp | None
    automatic: bool
    affected: tuple[Affected, ...]
    older: tuple[Said, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Work to come: `when` is its beginning and its end."""

    title: str
    path: str
    state: str
    when: tuple[Stamp, ...]
    html: str
    names: str


def cards(scene: Scene) -> tuple[Card, ...]:
    """What goes on: incidents first, each kind newest first."""
    open_ones = [each for each in scene.entries if isinstance(each, Incident) and not is_over(each)]
    running = [each for each in scene.entries if isinstance(each, Maintenance) and is_under_way(each)]
    going_on: list[Entry] = [*open_ones, *running]
    return tuple(_card(scene, each) for each in going_on)


def plans(scene: Scene) -> tuple[Plan, ...]:
    """Work that begins within the next 30 days, soonest first. Begun but not said to be: still to come."""
    coming = [
        each
        for each in scene.entries
        if isinstance(each, Maintenance)
        and not is_over(each)
        and not is_under_way(each)
        and each.ends > scene.now
        and each.starts <= scene.now + AHEAD
    ]
    return tuple(_plan(scene, each) for each in reversed(coming))


def _card(scene: Scene, entry: Entry) -> Card:
    zone, told = scene.zone, lines(entry)
    promised = entry.next_by if isinstance(entry, Incident) else None
    shown = [said(entry, line, scene.snapshot.site, zone) for line in told]
    return Card(
        id=entry.id,
        title=entry.title,
        path=path(entry),
        look=impact_look(entry),
        head=(f"{impact_look(entry).word}, since ", near(scene, began(entry))),
        newest=shown[0],
        next_by=near(scene, promised) if promised else None,
        also=in_utc(promised, zone),
        overdue=isinstance(entry, Incident) and entry.is_overdue(scene.now),
        until=near(scene, entry.ends) if isinstance(entry, Maintenance) else None,
        automatic=is_automatic(entry),
        affected=_affected(scene, entry),
        older=tuple(shown[1 : 1 + MOST_OLDER]),
        more=max(len(shown) - 1 - MOST_OLDER, 0),
    )


def _affected(scene: Scene, entry: Entry) -> tuple[Affected, ...]:
    named = [(each.look, each.name) for each in affected(scene, entry, now=True) if each.look is not None]
    return tuple(
        Affected(look, listed([name for _, name in alike], MOST_NAMES))
        for look, alike in groupby(named, key=lambda each: each[0])
    )


def _plan(scene: Scene, maintenance: Maintenance) -> Plan:
    return Plan(
        title=maintenance.title,
        path=path(maintenance),
        state=STATE_WORDS[maintenance.state.value],
        when=when(maintenance, scene.zone),
        html=html_of(lines(maintenance)[0].update),
        names=listed([each.name for each in affected(scene, maintenance, now=False)], MOST_NAMES),
    )
