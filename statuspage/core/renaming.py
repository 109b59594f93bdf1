"""Another title for an incident, without another word to anybody."""

from dataclasses import replace
from datetime import datetime

from statuspage.core.events import person_event
from statuspage.core.posting import find
from statuspage.core.refusals import Conflict
from statuspage.core.state import Decision, State
from statuspage.core.typed import title


def rename(state: State, incident_id: str, wanted: str, by: str, now: datetime, version: int | None = None) -> Decision:
    """Give an incident another title. Raises Refused, NotThere and Conflict like every act of a person."""
    incident = find(state, incident_id)
    if version is not None and version != incident.version:
        raise Conflict("incident", incident.id, incident.version)
    found = title(wanted)
    if found == incident.title:
        return Decision()
    after = replace(incident.called(found, by, now), updated_at=now, touched_by=by, touched_at=now)
    data = {"was": incident.title, "title": found}
    return Decision(incidents=(after,), events=(person_event("incident.renamed", incident.id, by, now, data),))
