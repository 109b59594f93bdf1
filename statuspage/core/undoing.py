"""Undo: what a person published is taken back before anybody was notified of it."""

from dataclasses import replace
from datetime import datetime
from functools import reduce

from statuspage.core.checking import find, update_of
from statuspage.core.effects import held_again, undone, without_taken
from statuspage.core.events import component_event, person_event
from statuspage.core.incident import ROBOT, Impact, Incident, Update, impact_of, worse
from statuspage.core.refusals import Refused
from statuspage.core.state import Decision, State
from statuspage.core.typed import site_of


def withdraw(state: State, incident_id: str, update_id: str, by: str, now: datetime) -> Decision:
    """Undo: within the window, and before anybody was notified, an update becomes a draft again."""
    site, incident = site_of(state), find(state, incident_id)
    update = update_of(incident, update_id)
    if not update.is_published or update.published_at is None:
        raise Refused("update", "is not published")
    if update.published_by == ROBOT or now >= update.published_at + site.times.undo:
        raise Refused("update", "is out: edit it, or post a correction")
    if update_id != _newest_word(incident).id:
        raise Refused("update", "was followed by another one: take that back first")
    draft = replace(update, published_at=None, published_by=None, publish_at=None)
    after = replace(incident.with_update(draft), updated_at=now)
    left = [Impact.NONE, *(impact_of(c.new) for each in after.published for c in each.changes)]
    after = replace(after, impact=reduce(worse, left), touched_by=by, touched_at=now)
    after, changes = without_taken(state, after), undone(state, site, update)
    moved, overrides = held_again(state, site, after, now) if after.is_open and not incident.is_open else ((), ())
    changes = (*changes, *moved)
    mine = {change.component for change in update.changes}
    cleared = tuple(
        each.component
        for each in state.overrides.values()
        if each.incident == incident.id and each.component in mine and each.at == update.published_at
    )
    event = person_event("incident.withdrawn", incident.id, by, now, {"update": update_id, "title": incident.title})
    return Decision(
        changes=changes,
        incidents=(after,),
        overrides=overrides,
        cleared=cleared,
        events=(event, *(component_event(change, now, None, by=by) for change in changes)),
        undone=(update_id,),
    )


def _newest_word(incident: Incident) -> Update:
    """The update that was published last, whatever time it shows."""
    shown = [update for update in incident.updates if update.is_published]
    return max(reversed(shown), key=lambda update: update.published_at or update.written_at)
