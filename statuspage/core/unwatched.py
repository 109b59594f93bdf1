"""Components that neither a check nor a route speaks for: they stand as the worst that open incidents say of them.

What the robot called broken only for want of a cause is so no longer than its cause, whoever has the incident by
now; what a person said holds until they say something else. An override holds against both.
"""

from statuspage.core.incident import ROBOT, ComponentChange, Incident
from statuspage.core.maintenance import masked
from statuspage.core.seeing import Doings, Seen
from statuspage.core.state import Change
from statuspage.core.status import Status, worst
from statuspage.core.topology import IN_TROUBLE


def set_as_said(seen: Seen, done: Doings, incident: Incident, component: str, said: Status) -> None:
    """The incident says this of the component: it stands so, or as another open incident says, if that is worse."""
    held = seen.held.get(component)
    if component not in seen.topology or held is None:
        return
    if not seen.is_manual(component) or component in seen.state.overrides:
        return
    others = (each for each in done.known(seen).values() if each.id != incident.id and each.is_public and each.is_open)
    new = worst([said, *(_still_said(seen, each, component) for each in others)])
    new = masked(component, new, seen.now, seen.state.windows, seen.now)
    present = done.changes[component].new if component in done.changes else held.status
    if present is not new:
        done.changes[component] = Change(component, held.status, new, seen.now)


def set_right(seen: Seen, done: Doings, incident: Incident) -> None:
    """The causes of the incident are well: so is what the robot called broken for want of them."""
    for component, (by, change) in _last_words(incident).items():
        held = seen.held.get(component)
        if by == ROBOT and change.new in IN_TROUBLE and held is not None and held.status is change.new:
            set_as_said(seen, done, incident, component, Status.OPERATIONAL)


def _still_said(seen: Seen, incident: Incident, component: str) -> Status:
    """What an incident says of a component, as far as that is so by now; UNKNOWN where it says nothing."""
    found = _last_words(incident).get(component)
    if found is None:
        return Status.UNKNOWN
    by, change = found
    return Status.OPERATIONAL if by == ROBOT and seen.all_well(incident.causes) else change.new


def _last_words(incident: Incident) -> dict[str, tuple[str, ComponentChange]]:
    return {change.component: (update.by, change) for update in incident.published for change in update.changes}
