"""The bar under which what was just said can be taken back, before anybody is told."""

import math
from dataclasses import dataclass

from statuspage.core.incident import Incident, Update
from statuspage.core.maintenance import Maintenance
from statuspage.core.state import State
from statuspage.core.telling import recipients
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
    now = staff().clock.now()
    state = staff().store.state(now, (id,))
    entry = state.incidents.get(id) or state.maintenances.get(id)
    update = entry.update(update_id) if entry is not None else None
    if entry is None or update is None or not update.is_published or update.published_at is None:
        return None
    left = (update.published_at + site_of(state).times.undo - now).total_seconds()
    if left <= 0:
        return None
    return Undo(
        path=f"/staff/{'incidents' if isinstance(entry, Incident) else 'maintenances'}/{id}/updates/{update_id}/undo",
        title=entry.title,
        word=STATE_WORDS[update.state],
        seconds=math.ceil(left),
        waits=_is_told(state, entry, update),
    )


def _is_told(state: State, entry: Incident | Maintenance, update: Update) -> bool:
    kind = "incident.updated" if isinstance(entry, Incident) else "maintenance.updated"
    return update.tell and bool(recipients(kind, entry.components, site_of(state).destinations))
