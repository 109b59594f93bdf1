"""Incidents and planned work as one list: what the page, the history, the feeds and the calendar all ask of both.

Only published updates are told. Who wrote them, what the checks saw, drafts and what was taken back stay inside.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, wraps
from typing import TypeAlias, TypeVar

from statuspage.core.incident import Edit, Former, Incident, Postmortem, Update
from statuspage.core.maintenance import Maintenance, MaintenanceState
from statuspage.core.state import Snapshot
from statuspage.markup import render, to_text
from statuspage.web.words import REPEATED, STATE_WORDS

Entry: TypeAlias = Incident | Maintenance
NOT_YET = (MaintenanceState.SCHEDULED, MaintenanceState.CANCELLED)


T = TypeVar("T")
REMEMBERED = 8192


class _Same:
    """An incident as the key of what was worked out from it: the very same value, for no value ever changes."""

    __slots__ = ("entry",)

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    def __hash__(self) -> int:
        return id(self.entry)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.entry is other.entry


def once(work: Callable[[Entry], T]) -> Callable[[Entry], T]:
    """Works something out once for an incident: thousands of old ones are asked the same with every bundle."""

    @lru_cache(maxsize=REMEMBERED)
    def remembered(same: _Same) -> T:
        return work(same.entry)

    return wraps(work)(lambda entry: remembered(_Same(entry)))


@dataclass(frozen=True, slots=True)
class Line:
    """An update with the word it is told under: its state, or "Update" where the state stays what it was."""

    word: str
    update: Update


def all_entries(snapshot: Snapshot) -> tuple[Entry, ...]:
    """Everything that has a page of its own, newest first by its beginning."""
    shown: list[Entry] = [each for each in snapshot.incidents if each.is_public]
    shown += [each for each in snapshot.maintenances if each.published]
    return tuple(sorted(shown, key=lambda entry: (began(entry), entry.number), reverse=True))


def path(entry: Entry) -> str:
    """Where its page is."""
    return f"/incidents/{entry.id}"


@once
def lines(entry: Entry) -> tuple[Line, ...]:
    """Its published updates, newest first."""
    found, before = [], None
    for update in entry.published:
        found.append(Line(REPEATED if update.state == before else STATE_WORDS[update.state], update))
        before = update.state
    return tuple(reversed(found))


def postmortem(entry: Entry) -> Postmortem | None:
    """What was learned, once it is published."""
    found = entry.postmortem if isinstance(entry, Incident) else None
    return found if found is not None and found.published_at is not None else None


def titles(entry: Entry) -> tuple[Former, ...]:
    """What it was called before, oldest first."""
    return entry.titles if isinstance(entry, Incident) else ()


def began(entry: Entry) -> datetime:
    """When the trouble began, or the work was to begin; work that was begun before its plan began then."""
    return entry.started_at if isinstance(entry, Incident) else entry.began_at


@once
def ended(entry: Entry) -> datetime | None:
    """When it was over; None while it is not. What was cancelled before it began has the end that was planned."""
    if isinstance(entry, Incident):
        return entry.resolved_at
    over = entry.ended_at
    called_off = over is not None and entry.state is MaintenanceState.CANCELLED and over < entry.began_at
    return entry.ends if called_off else over


@once
def is_over(entry: Entry) -> bool:
    """Whether nothing more is expected of it."""
    return not entry.is_open if isinstance(entry, Incident) else entry.state.is_over


def is_under_way(maintenance: Maintenance) -> bool:
    """Whether people are at it."""
    return maintenance.state in (MaintenanceState.IN_PROGRESS, MaintenanceState.VERIFYING)


@once
def told_at(entry: Entry) -> datetime:
    """When the public last saw a change of it. Drafts and evidence change it too, and are nobody's business."""
    moments = [moment for update in entry.published for moment in _moments(update)]
    moments += [former.until for former in titles(entry)]
    learned = postmortem(entry)
    if learned is not None and learned.published_at is not None:
        moments += [learned.published_at, *(edit.at for edit in learned.edits)]
    return max(moments)


def _moments(update: Update) -> tuple[datetime, ...]:
    return (update.display_at, update.published_at or update.written_at, *(edit.at for edit in update.edits))


def html_of(text: Update | Postmortem | Edit) -> str:
    """Its body as clean HTML: what the store rendered, and the same rendering for what it did not."""
    return getattr(text, "html", "") or render(_whole(text.body))


@lru_cache(maxsize=2048)
def text_of(body: str) -> str:
    """A body without markup, in lines. Remembered, for the same ones are told again with every bundle."""
    return to_text(_whole(body))


def _whole(text: str) -> str:
    """Without halves of surrogate pairs, which no parser takes."""
    return text.encode(errors="replace").decode()


def of_component(entries: Sequence[Entry]) -> dict[str, tuple[Entry, ...]]:
    """The entries of each component by its id, newest first."""
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        for component in entry.components:
            found.setdefault(component, []).append(entry)
    return {component: tuple(mine) for component, mine in found.items()}
