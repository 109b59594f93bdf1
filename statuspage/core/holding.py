"""Whose an incident is: a person says that they are at it, or hands it back to the robot."""

from dataclasses import replace
from datetime import datetime

from statuspage.core.checking import find
from statuspage.core.effects import released, without_offers
from statuspage.core.events import incident_event, person_event
from statuspage.core.incident import ROBOT, Incident
from statuspage.core.policy import publish_at
from statuspage.core.refusals import Refused
from statuspage.core.state import Decision, State
from statuspage.core.typed import site_of


def acknowledge(state: State, incident_id: str, by: str, now: datetime) -> Decision:
    """Say that a person is at it: on-call tools hear of it, the public does not."""
    site, incident = site_of(state), find(state, incident_id)
    event = incident_event("incident.acknowledged", incident, None, site, now, now)
    return Decision(events=(replace(event, data={**event.data, "by": by}),))


def hand_back(state: State, incident_id: str, by: str, now: datetime) -> Decision:
    """Let the robot go on with an incident that a person took over."""
    incident = find(state, incident_id)
    if incident.touched_by is None:
        return Decision()
    if not incident.causes:
        raise Refused("incident", "has no check behind it: the robot would not know when it ends")
    if incident.dismissed_at is not None:
        raise Refused("incident", "was dismissed")
    after = replace(incident, touched_by=None, touched_at=None, recovering_since=None, updated_at=now)
    after = without_offers(after) if after.is_public else _waiting_again(after, now)
    event = person_event("incident.handed_back", incident.id, by, now)
    # What it made of components would keep the robot from seeing how they are.
    return Decision(incidents=(after,), cleared=released(state, incident), events=(event,))


def _waiting_again(incident: Incident, now: datetime) -> Incident:
    """The incident whose robot's draft publishes itself as its policy says."""
    due = publish_at(incident, None, now)
    drafts = (replace(each, publish_at=due) for each in incident.drafts if each.by == ROBOT)
    for draft in drafts:
        incident = incident.with_update(draft)
    return incident
