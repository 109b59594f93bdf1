"""Components with their states to choose from: those that matter first, the others folded away."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from statuspage.core.site import Component, Site
from statuspage.core.state import State
from statuspage.core.status import Status
from statuspage.core.topology import IN_TROUBLE
from statuspage.web.words import LOOKS, Look

CHOICES = (Status.OPERATIONAL, Status.DEGRADED, Status.PARTIAL, Status.MAJOR)
"""What an incident can make of a component."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One state that can be chosen."""

    value: str
    look: Look
    chosen: bool


@dataclass(frozen=True, slots=True)
class Pick:
    """A component, how it is on the page now, and what can be chosen; nothing chosen leaves it as it is."""

    id: str
    name: str
    now: Look
    choices: tuple[Choice, ...]
    is_left: bool


@dataclass(frozen=True, slots=True)
class Picks:
    """`first` are those of the incident, those in trouble, and those that were chosen."""

    first: tuple[Pick, ...]
    others: tuple[Pick, ...]


def picks(state: State, site: Site, mine: Collection[str], chosen: Mapping[str, str]) -> Picks:
    """Every component of the site, in its order. `mine` are those of the incident."""
    first: list[Pick] = []
    others: list[Pick] = []
    for component in _in_order(site):
        now = status_of(state, component.id)
        near = component.id in mine or component.id in chosen or now in IN_TROUBLE
        (first if near else others).append(_pick(component, now, chosen.get(component.id, "")))
    return Picks(tuple(first), tuple(others))


def status_of(state: State, component: str) -> Status:
    """How a component stands; unknown before the first decision about it."""
    held = state.components.get(component)
    return held.status if held is not None else Status.UNKNOWN


def _in_order(site: Site) -> list[Component]:
    grouped = [each for group in (*site.groups, None) for each in site.in_group(group.id if group else None)]
    return grouped + [each for each in site.components if each not in grouped]


def _pick(component: Component, now: Status, chosen: str) -> Pick:
    choices = tuple(Choice(each.value, LOOKS[each], each.value == chosen) for each in CHOICES)
    return Pick(component.id, component.name, LOOKS[now], choices, not any(each.chosen for each in choices))
