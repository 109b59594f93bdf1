"""An incident as staff see it: every update with its author, drafts and what was taken back among them."""

from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from statuspage.core.incident import ROBOT, Edit, Incident, Update
from statuspage.core.maintenance import Maintenance
from statuspage.core.site import Site
from statuspage.core.state import State
from statuspage.web.entries import Line, html_of
from statuspage.web.present_incident import Moved, said
from statuspage.web.staff.picks import status_of
from statuspage.web.times import Stamp, minute, minute_clock, stamp
from statuspage.web.words import LOOKS, STATE_WORDS, Look


@dataclass(frozen=True, slots=True)
class Earlier:
    """What stood there until it was edited."""

    until: Stamp
    by: str
    word: str
    html: str


@dataclass(frozen=True, slots=True)
class Said:
    """One update. `kind` is `public`, `draft` or `gone`."""

    id: str
    kind: str
    word: str
    at: Stamp
    written: Stamp | None
    by: str
    html: str
    moved: tuple[Moved, ...]
    next_by: Stamp | None
    until: Stamp | None
    told: bool
    edits: tuple[Earlier, ...]


@dataclass(frozen=True, slots=True)
class Touched:
    """A component of an incident, and how it is now. `held_by` is who says so against its checks."""

    id: str
    name: str
    look: Look
    held_by: str


def timeline(entry: Incident | Maintenance, site: Site, zone: ZoneInfo) -> tuple[Said, ...]:
    """Every update, newest first by its time."""
    ordered = sorted(entry.updates, key=lambda each: each.display_at)
    return tuple(_said(entry, each, site, zone) for each in reversed(ordered))


def components(state: State, entry: Incident | Maintenance, site: Site, now: datetime) -> tuple[Touched, ...]:
    """Its components that are still configured."""
    found = []
    for id in entry.components:
        known, override = site.component(id), state.overrides.get(id)
        if known is not None:
            held = override.by if override is not None and override.holds(now) else ""
            found.append(Touched(id, known.name, LOOKS[status_of(state, id)], held))
    return tuple(found)


def _said(entry: Incident | Maintenance, update: Update, site: Site, zone: ZoneInfo) -> Said:
    shown = replace(update, published_at=update.published_at or update.written_at, withdrawn_at=None)
    return Said(
        id=update.id,
        kind="gone" if update.withdrawn_at is not None else "draft" if update.is_draft else "public",
        word=STATE_WORDS[update.state],
        at=minute(update.display_at, zone),
        written=minute(update.written_at, zone) if update.is_backdated else None,
        by="the robot" if update.by == ROBOT else update.by,
        html=html_of(update),
        moved=said(entry.with_update(shown), Line("", shown), site, zone).moved,
        next_by=minute_clock(update.next_by, zone) if update.next_by is not None else None,
        until=stamp(update.publish_at, zone) if update.publish_at is not None else None,
        told=update.tell,
        edits=tuple(_earlier(each, zone) for each in reversed(update.edits)),
    )


def _earlier(edit: Edit, zone: ZoneInfo) -> Earlier:
    return Earlier(stamp(edit.at, zone), edit.by, STATE_WORDS.get(edit.state, edit.state), html_of(edit))
