"""What was learned from an incident: its postmortem, written after its end."""

from dataclasses import replace
from datetime import datetime

from statuspage.core.checking import find, same
from statuspage.core.events import incident_event, person_event
from statuspage.core.incident import Edit, Incident, Postmortem
from statuspage.core.refusals import Refused
from statuspage.core.site import public_id
from statuspage.core.state import Decision, State
from statuspage.core.telling import Json
from statuspage.core.typed import body as clean_body
from statuspage.core.typed import site_of

MAX_POSTMORTEM = 100_000


def write_postmortem(
    state: State, incident_id: str, body: str, by: str, now: datetime, *, publish: bool, version: int | None = None
) -> Decision:
    """Write, change or publish what was learned. Only a resolved incident has it."""
    site, incident = site_of(state), find(state, incident_id)
    same(incident, version)
    if incident.is_open or not incident.is_public:
        raise Refused("incident", "is not resolved yet")
    old = incident.postmortem
    was_public = old is not None and old.published_at is not None
    edits = old.edits if old else ()
    if old is not None and old.published_at is not None:
        edits = (*edits, Edit(now, by, "postmortem", old.body, old.published_at))
    written = Postmortem(
        body=clean_body(body, MAX_POSTMORTEM),
        by=by,
        written_at=now,
        published_at=(old.published_at if old and old.published_at else now) if publish or was_public else None,
        edits=edits,
    )
    after = replace(incident, postmortem=written, updated_at=now)
    kind = "incident.postmortem" if publish and not was_public else "incident.postmortem_written"
    not_before = now + site.times.undo if kind == "incident.postmortem" else None
    event = incident_event(kind, after, None, site, now, not_before)
    data: dict[str, Json] = {**event.data, "by": by}
    if event.telling is None:
        return Decision(incidents=(after,), events=(replace(event, data=data),))
    word = word_id(after)
    event = replace(event, data={**data, "update": word}, telling=replace(event.telling, update=word))
    return Decision(incidents=(after,), events=(event,))


def word_id(incident: Incident) -> str:
    """The id under which its published postmortem is told, as if it were an update; empty while there is none."""
    learned = incident.postmortem
    if learned is None or learned.published_at is None:
        return ""
    return public_id("update", f"{incident.id}/postmortem/{learned.published_at.isoformat()}")


def withdraw_postmortem(state: State, incident_id: str, by: str, now: datetime) -> Decision:
    """Undo: within the window, and before anybody was notified, a published postmortem becomes a draft again."""
    site, incident = site_of(state), find(state, incident_id)
    learned = incident.postmortem
    if learned is None or learned.published_at is None:
        raise Refused("postmortem", "is not published")
    if now >= learned.published_at + site.times.undo:
        raise Refused("postmortem", "is out: edit it")
    after = replace(incident, postmortem=replace(learned, published_at=None), updated_at=now)
    event = person_event("incident.postmortem_withdrawn", incident.id, by, now, {"title": incident.title})
    return Decision(incidents=(after,), events=(event,), undone=(word_id(incident),))
