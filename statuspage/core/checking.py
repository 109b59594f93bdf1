"""What an act of a person is about, found and checked before anything is done. Shared by the acts of posting.py."""

from datetime import UTC, datetime

from statuspage.core.incident import TABLE, Incident, IncidentState, Update
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.site import Site
from statuspage.core.state import State


def find(state: State, incident_id: str) -> Incident:
    """The incident of that id. Raises NotThere."""
    found = state.incidents.get(incident_id)
    if found is None:
        raise NotThere("incident", incident_id)
    return found


def same(incident: Incident, version: int | None) -> None:
    """Raises Conflict when the form was filled in on another version."""
    if version is not None and version != incident.version:
        raise Conflict("incident", incident.id, incident.version)


def update_of(incident: Incident, update_id: str) -> Update:
    """The update of that id. Raises NotThere."""
    found = incident.update(update_id)
    if found is None:
        raise NotThere("update", update_id)
    return found


def draft_of(incident: Incident, update_id: str) -> Update:
    """The draft of that id. Raises Refused for what is none any more."""
    found = update_of(incident, update_id)
    if not found.is_draft:
        raise Refused("update", "is published already" if found.is_published else "was taken back")
    return found


def state_named(name: str) -> IncidentState:
    """The state of that name. Raises Refused for an unknown one, and for what is written, not posted."""
    if name == IncidentState.POSTMORTEM:
        raise Refused("state", "a postmortem is written, not posted")
    try:
        return IncidentState(name)
    except ValueError:
        known = ", ".join(each.value for each in IncidentState if each is not IncidentState.POSTMORTEM)
        raise Refused("state", f"must be one of {known}") from None


def may_follow(incident: Incident, to: IncidentState, at: datetime) -> None:
    """Raises Refused for a move that the table does not know. What is shown before the newest moves nothing."""
    shown = incident.published
    if shown and at >= shown[-1].display_at and to not in TABLE[incident.state]:
        raise Refused("state", f"cannot become {to.value} after {incident.state.value}")


def within(incident: Incident, at: datetime) -> datetime:
    """The time to show for an update. Raises Refused for one before the beginning of what is public.

    Forms know minutes only: the minute of the beginning is the beginning.
    """
    began = incident.started_at
    if not incident.is_public or at >= began:
        return at
    if at >= began.replace(second=0, microsecond=0):
        return began
    when = began.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    raise Refused("display_at", f"lies before the incident began ({when}); to move that, edit its first update")


def next_by(wanted: datetime | None, site: Site, to: IncidentState, now: datetime) -> datetime | None:
    """When the next update is promised; None for an end."""
    if not to.is_open:
        return None
    if wanted is not None and wanted <= now:
        raise Refused("next_by", "lies in the past")
    return wanted or now + site.times.next_update
