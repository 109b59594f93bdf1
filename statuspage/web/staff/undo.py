"""The bar under which what was just said can be taken back, before anybody is told."""

import math
from dataclasses import dataclass
from datetime import datetime

from statuspage.core.incident import Incident, IncidentState
from statuspage.core.learning import word_id
from statuspage.core.maintenance import Maintenance
from statuspage.core.typed import site_of
from statuspage.web.staff.context import staff
from statuspage.web.words import STATE_WORDS


@dataclass(frozen=True, slots=True)
class Undo:
    """What can be taken back for `seconds` more. `waits` says whether anybody is going to be told at all."""

    path: str
    title: str
    word: str
    seconds: int
    waits: bool


def undo_of(said: str) -> Undo | None:
    """The bar for `id.update`, None once it is too late, or for what is not there."""
    id, _, update_id = said.partition(".")
    if not (id.isalnum() and id.isascii() and update_id):
        return None
    held = staff()
    now = held.clock.now()
    state = held.store.state(now, (id,))
    entry = state.incidents.get(id) or state.maintenances.get(id)
    word = _word(entry, update_id) if entry is not None else None
    if entry is None or word is None:
        return None
    left = (word.published_at + site_of(state).times.undo - now).total_seconds()
    if left <= 0:
        return None
    return Undo(
        path=f"/staff/{'incidents' if isinstance(entry, Incident) else 'maintenances'}/{id}/{word.path}/undo",
        title=entry.title,
        word=STATE_WORDS[word.state],
        seconds=math.ceil(left),
        waits=held.store.outbox.waits(update_id),
    )


@dataclass(frozen=True, slots=True)
class _Word:
    """What was said: an update, or what was learned. `path` follows the incident's own."""

    path: str
    state: str
    published_at: datetime


def _word(entry: Incident | Maintenance, update_id: str) -> _Word | None:
    update = entry.update(update_id)
    if update is not None and update.is_published and update.published_at is not None:
        return _Word(f"updates/{update_id}", update.state, update.published_at)
    learned = entry.postmortem if isinstance(entry, Incident) and word_id(entry) == update_id else None
    if learned is not None and learned.published_at is not None:
        return _Word("postmortem", IncidentState.POSTMORTEM.value, learned.published_at)
    return None
