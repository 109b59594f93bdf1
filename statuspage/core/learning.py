"""What was learned from an incident: its postmortem, written after its end."""

from dataclasses import replace
from datetime import datetime

from statuspage.core.checking import find, same
from statuspage.core.events import incident_event
from statuspage.core.incident import Edit, Postmortem
from statuspage.core.refusals import Refused
from statuspage.core.state import Decision, State
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
    return Decision(incidents=(after,), events=(replace(event, data={**event.data, "by": by}),))
