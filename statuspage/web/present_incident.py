"""The values of an incident's or a maintenance's own page, and the pieces that other pages tell of one with."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from statuspage.core.incident import ROBOT, ComponentChange, Edit, Incident, Postmortem, Update
from statuspage.core.maintenance import MaintenanceState
from statuspage.core.moments import minute_text
from statuspage.core.site import Component, Site
from statuspage.core.status import Status
from statuspage.web.entries import (
    Entry,
    Line,
    began,
    ended,
    html_of,
    is_over,
    is_under_way,
    lines,
    path,
    postmortem,
    titles,
)
from statuspage.web.lanes import Lanes, lanes
from statuspage.web.scene import Scene, component_path
from statuspage.web.times import Stamp, length_text, minute, minute_clock, period, short_day, stamp, zone_name
from statuspage.web.words import IMPACTS, LOOKS, PLANNED, STATE_WORDS, Look, listed

AUTOMATIC = "detected automatically"
MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stood there until it was edited. `word` is its state where that was another one."""

    until: Stamp
    word: str | None
    html: str


@dataclass(frozen=True, slots=True)
class Moved:
    """Components that an update changes alike; `old` is None where it says only what still is."""

    names: str
    old: Look | None
    new: Look


@dataclass(frozen=True, slots=True)
class Said:
    """One update as it is told. `note` says that nobody typed it, `written` is set where the time is back-dated."""

    id: str
    word: str
    at: Stamp
    html: str
    note: str | None
    moved: tuple[Moved, ...]
    edits: tuple[Earlier, ...]
    written: Stamp | None


@dataclass(frozen=True, slots=True)
class Learned:
    """A published postmortem."""

    at: Stamp
    html: str
    edits: tuple[Earlier, ...]


@dataclass(frozen=True, slots=True)
class Renamed:
    """When its title changed, and what it was until then."""

    at: Stamp
    was: str


@dataclass(frozen=True, slots=True)
class Named:
    """A component by name, with its page and, where that is told, how it is now."""

    name: str
    path: str
    look: Look | None


@dataclass(frozen=True, slots=True)
class Link:
    """Another incident in a sentence: its name, where it is, the day it began."""

    title: str
    path: str
    day: str


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure under its heading, with a line of explanation."""

    name: str
    text: str
    small: tuple[str | Stamp, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Everything that the page of an incident or of planned work says. `live` follows what happens."""

    title: str
    path: str
    look: Look
    impact: Look
    lead: tuple[str | Stamp, ...]
    facts: tuple[Fact, ...]
    next_by: Stamp | None
    also: str | None
    """The same in UTC, where the site has another zone."""
    overdue: bool
    affected: tuple[Named, ...]
    components: int
    """How many the site has."""
    named: str
    learned: Learned | None
    lanes: Lanes | None
    renamed: tuple[Renamed, ...]
    """Newest first."""
    said: tuple[Said, ...]
    older: Link | None
    newer: Link | None
    zone: str
    last_check: Stamp | None
    live: bool


def incident_page(scene: Scene, entry: Entry, older: Entry | None, newer: Entry | None) -> Page:
    """The values of its page. One that is over depends on nothing but itself, its site and its two neighbours."""
    site, zone, over = scene.snapshot.site, scene.zone, is_over(entry)
    told, impact = lines(entry), impact_look(entry)
    promised = entry.next_by if isinstance(entry, Incident) else None
    last, checked = ended(entry) or told[0].update.display_at, scene.fresh.last_check_at
    return Page(
        title=entry.title,
        path=path(entry),
        look=LOOKS[Status.OPERATIONAL] if over else impact,
        impact=impact,
        lead=_lead(entry, told[0], zone),
        facts=tuple(_facts(entry, zone)),
        next_by=near(scene, promised) if promised else None,
        also=in_utc(promised, zone),
        overdue=isinstance(entry, Incident) and entry.is_overdue(scene.now),
        affected=affected(scene, entry, now=not over),
        components=len(site.components),
        named=listed([each.name for each in affected(scene, entry, now=False)], 1000),
        learned=_learned(postmortem(entry), zone),
        lanes=lanes(entry, site, zone, scene.now),
        renamed=tuple(Renamed(minute(each.until, zone), each.title) for each in reversed(titles(entry))),
        said=tuple(said(entry, line, site, zone) for line in told),
        older=_link(older, zone),
        newer=_link(newer, zone),
        zone=zone_name(last, zone),
        last_check=stamp(checked, zone) if checked is not None and not over else None,
        live=not over,
    )


def impact_look(entry: Entry) -> Look:
    """How bad it is, as shape, colour and word."""
    return IMPACTS[entry.impact] if isinstance(entry, Incident) else PLANNED


def is_automatic(entry: Entry) -> bool:
    """Whether it was opened from what the checks saw."""
    return isinstance(entry, Incident) and bool(entry.causes) and entry.by == ROBOT


def said(entry: Entry, line: Line, site: Site, zone: ZoneInfo) -> Said:
    """One of its updates."""
    update = line.update
    first = update.id == entry.published[0].id
    return Said(
        id=update.id,
        word=line.word,
        at=minute(update.display_at, zone),
        html=html_of(update),
        note=AUTOMATIC if first and is_automatic(entry) else None,
        moved=_moved(update.changes, site),
        edits=_edits(update, zone),
        written=minute(update.written_at, zone) if update.is_backdated else None,
    )


def affected(scene: Scene, entry: Entry, *, now: bool) -> tuple[Named, ...]:
    """Its components that are still configured; with `now`, how each is, the worst first."""
    found = [component for each in entry.components if (component := scene.snapshot.site.component(each)) is not None]
    if now:
        found.sort(key=lambda component: scene.shown(component).severity, reverse=True)
    return tuple(_named(scene, component, now=now) for component in found)


def lasted(entry: Entry) -> timedelta | None:
    """How long it was; None while it goes on or where nothing happened."""
    if not isinstance(entry, Incident) and entry.state is MaintenanceState.CANCELLED:
        return None
    end = ended(entry)
    return end - began(entry) if end is not None else None


def when(entry: Entry, zone: ZoneInfo) -> tuple[Stamp, ...]:
    """Beginning and end, or the beginning alone while the end is open."""
    start, end = began(entry), entry.ends if not isinstance(entry, Incident) and not is_over(entry) else ended(entry)
    return period(start, max(start, end), zone) if end is not None else (minute(start, zone),)


def near(scene: Scene, at: datetime) -> Stamp:
    """A moment not far from now: of today, its time of day is enough."""
    today = at.astimezone(scene.zone).date() == scene.today
    return (minute_clock if today else minute)(at, scene.zone)


def in_utc(at: datetime | None, zone: ZoneInfo) -> str | None:
    """Its time of day in UTC, for sites of another zone."""
    return minute_text(at, UTC) if at is not None and zone_name(at, zone) != "UTC" else None


def _lead(entry: Entry, newest: Line, zone: ZoneInfo) -> tuple[str | Stamp, ...]:
    state, impact = STATE_WORDS[entry.state.value], impact_look(entry).word
    over = ended(entry) or newest.update.display_at
    if not isinstance(entry, Incident):
        if is_over(entry):
            return (f"{impact}, {state.lower()} ", minute(newest.update.display_at, zone), ".")
        if is_under_way(entry):
            return (f"{impact}, {state.lower()} until ", minute(entry.ends, zone), ".")
        start, end = period(entry.starts, entry.ends, zone)
        return (f"{impact}, ", start, " – ", end, ".")
    if is_over(entry):
        return (f"{STATE_WORDS['resolved']} ", minute(over, zone), f". {impact}.")
    return (f"{state}. {impact}, since ", minute(began(entry), zone), ".")


def _facts(entry: Entry, zone: ZoneInfo) -> list[Fact]:
    length, stamps = lasted(entry), when(entry, zone)
    span = (stamps[0], " – ", stamps[1]) if len(stamps) == 2 else (stamps[0],)
    if isinstance(entry, Incident):
        facts = [Fact("Lasted", length_text(length), span)] if length is not None else []
        first = entry.published[0]
        wait = first.published_at - entry.started_at if first.published_at is not None else timedelta(0)
        if is_automatic(entry) and wait >= timedelta(seconds=1) and not first.is_backdated:
            facts.append(Fact("First word after", length_text(wait), (AUTOMATIC,)))
        return facts
    if length is not None:
        return [Fact("Took", length_text(length), span)]
    start, end = period(entry.starts, entry.ends, zone)
    return [Fact("Planned for", length_text(entry.ends - entry.starts), (start, " – ", end))]


def _learned(found: Postmortem | None, zone: ZoneInfo) -> Learned | None:
    if found is None or found.published_at is None:
        return None
    return Learned(minute(found.published_at, zone), html_of(found), _edits(found, zone))


def _edits(text: Update | Postmortem, zone: ZoneInfo) -> tuple[Earlier, ...]:
    """Newest first. An edit keeps what stood there before it: its state is told where the next one differs."""
    after = [*(edit.state for edit in text.edits[1:]), text.state if isinstance(text, Update) else "postmortem"]
    found = [_earlier(edit, state, zone) for edit, state in zip(text.edits, after, strict=False)]
    return tuple(reversed(found))


def _earlier(edit: Edit, after: str, zone: ZoneInfo) -> Earlier:
    word = STATE_WORDS.get(edit.state) if edit.state != after else None
    return Earlier(minute(edit.at, zone), word, html_of(edit))


def _moved(changes: Sequence[ComponentChange], site: Site) -> tuple[Moved, ...]:
    alike: dict[tuple[Status, Status], list[str]] = {}
    for change in changes:
        component = site.component(change.component)
        if component is not None:
            alike.setdefault((change.old, change.new), []).append(component.name)
    ranked = sorted(alike.items(), key=lambda each: each[0][1].severity, reverse=True)
    return tuple(
        Moved(listed(names, MOST_NAMES), LOOKS[old] if old is not new else None, LOOKS[new])
        for (old, new), names in ranked
    )


def _named(scene: Scene, component: Component, *, now: bool) -> Named:
    return Named(component.name, component_path(component), LOOKS[scene.shown(component)] if now else None)


def _link(entry: Entry | None, zone: ZoneInfo) -> Link | None:
    return Link(entry.title, path(entry), day_of(began(entry), zone)) if entry is not None else None


def day_of(at: datetime, zone: ZoneInfo) -> str:
    """`Sep 13`."""
    return short_day(at.astimezone(zone).date())
