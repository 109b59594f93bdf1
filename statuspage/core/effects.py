"""What an update of a person changes beside the incident: components, overrides, impact, whose cause it is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from statuspage.core.affected import last_statuses
from statuspage.core.incident import ROBOT, ComponentChange, Impact, Incident, IncidentState, Update, impact_of, worse
from statuspage.core.refusals import Refused
from statuspage.core.site import Site
from statuspage.core.state import Change, Override, State
from statuspage.core.status import Status
from statuspage.core.topology import IN_TROUBLE


def changes_of(
    state: State, site: Site, incident: Incident, wanted: Mapping[str, Status], to: IncidentState, *, reset: bool
) -> tuple[ComponentChange, ...]:
    """What an update says of the components. Raises Refused for an unknown one, or a state that is none of these."""
    if to is IncidentState.RESOLVED and reset:
        wanted = dict.fromkeys(_set_right(state, site, incident), Status.OPERATIONAL) | dict(wanted)
    found = []
    for component, new in wanted.items():
        if site.component(component) is None:
            raise Refused("components", f'there is no component "{component}"')
        if new in (Status.UNKNOWN, Status.MAINTENANCE):
            raise Refused("components", f'{component}: an incident cannot make it "{new.value}"')
        held = state.components.get(component)
        found.append(ComponentChange(component, held.status if held else Status.UNKNOWN, new))
    return tuple(found)


def _set_right(state: State, site: Site, incident: Incident) -> list[str]:
    """The components that the end of the incident sets right: what no other open incident calls broken, and, of those
    with checks, what the checks find well or this incident overrides. A check that still fails is not talked away.
    """
    others = [each for each in state.incidents.values() if each.id != incident.id and each.is_public and each.is_open]
    broken = {name for each in others for name, said in last_statuses(each).items() if said in IN_TROUBLE}
    return [
        name
        for name in incident.components
        if site.component(name) and _may_be_right(state, site, incident, name, broken)
    ]


def _may_be_right(state: State, site: Site, incident: Incident, name: str, broken: set[str]) -> bool:
    if is_manual(site, name):
        return name not in broken
    held, said = state.components.get(name), state.overrides.get(name)
    is_well = held is not None and held.status not in IN_TROUBLE
    return is_well or (said is not None and said.incident == incident.id)


def apply(
    state: State, site: Site, incident: Incident, update: Update, by: str, now: datetime
) -> tuple[tuple[Change, ...], tuple[Override, ...]]:
    """What people say of manual components is so; of others it holds against the checks, until the end."""
    if update.display_at < incident.published[-1].display_at:
        return (), ()
    changes, overrides = [], []
    for change in update.changes:
        held = state.components.get(change.component)
        if held is None or held.status is change.new or _is_planned(held.status, change.new):
            continue
        if is_manual(site, change.component):
            since = max(update.display_at, held.created_at or held.since)
            changes.append(Change(change.component, held.status, change.new, min(since, now)))
        elif incident.is_open and update.by != ROBOT:
            overrides.append(Override(change.component, change.new, by, now, None, incident.id))
            changes.append(Change(change.component, held.status, change.new, now))
    return tuple(changes), tuple(overrides)


def outspoken(state: State, site: Site, changes: Sequence[Change]) -> tuple[str, ...]:
    """The manual components whose override ends because an incident says something newer of them."""
    names = (change.component for change in changes)
    return tuple(name for name in names if name in state.overrides and is_manual(site, name))


def _is_planned(present: Status, new: Status) -> bool:
    """Whether planned work goes on: that something is well does not end it."""
    return present is Status.MAINTENANCE and new is Status.OPERATIONAL


def is_manual(site: Site, component: str) -> bool:
    """Whether neither a check nor a route speaks for it."""
    return site.is_manual(component)


def undone(state: State, site: Site, update: Update) -> tuple[Change, ...]:
    """Manual components as they were before the update, as far as nobody changed them since."""
    found = []
    for change in update.changes:
        held = state.components.get(change.component)
        if held is None or held.status is not change.new or not is_manual(site, change.component):
            continue
        if change.old not in (change.new, Status.UNKNOWN):
            since = max(update.display_at, held.created_at or held.since)
            found.append(Change(change.component, change.new, change.old, since))
    return tuple(found)


def released(state: State, incident: Incident) -> tuple[str, ...]:
    """The components that are overridden until the incident's end."""
    return tuple(each.component for each in state.overrides.values() if each.incident == incident.id)


def held_again(
    state: State, site: Site, incident: Incident, now: datetime
) -> tuple[tuple[Change, ...], tuple[Override, ...]]:
    """What people said of components with checks holds again: the end that released it was taken back."""
    words = {change.component: (update, change.new) for update in incident.published for change in update.changes}
    changes, overrides = [], []
    for name, (update, new) in words.items():
        held = state.components.get(name)
        if held is None or update.by == ROBOT or site.component(name) is None or is_manual(site, name):
            continue
        if name in state.overrides or _is_planned(held.status, new):
            continue
        author, at = update.published_by or update.by, update.published_at or now
        overrides.append(Override(name, new, author, at, None, incident.id))
        if held.status is not new:
            changes.append(Change(name, held.status, new, now))
    return tuple(changes), tuple(overrides)


def impact_with(incident: Incident, update: Update) -> Impact:
    """The incident's impact, or the update's where that is worse."""
    found = incident.impact
    for change in update.changes:
        found = worse(found, impact_of(change.new))
    return found


def without_taken(state: State, incident: Incident) -> Incident:
    """The incident with those of its causes that no other open incident has: each has one at a time."""
    if not incident.is_open:
        return incident
    others = (each for each in state.incidents.values() if each.id != incident.id and each.is_open)
    taken = {cause for each in others for cause in each.causes}
    return replace(incident, causes=tuple(cause for cause in incident.causes if cause not in taken))


def without_offers(incident: Incident) -> Incident:
    """What the robot would have said is no longer offered when a person has said something."""
    return replace(incident, updates=tuple(each for each in incident.updates if each.by != ROBOT or not each.is_draft))
