"""What the robot looks at when it decides on incidents, and what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from statuspage.core.detection import EPOCH, Belief
from statuspage.core.failover import Moved
from statuspage.core.guards import Board
from statuspage.core.incident import Incident
from statuspage.core.modules import lingers
from statuspage.core.observation import Observation
from statuspage.core.site import Site
from statuspage.core.state import Change, Held, JournalEvent, State
from statuspage.core.status import Status
from statuspage.core.topology import IN_TROUBLE, Topology


@dataclass(frozen=True, slots=True)
class Seen:
    """What the robot looks at. `held` is how components stand after the checks have spoken."""

    state: State
    site: Site
    topology: Topology
    held: Mapping[str, Held]
    beliefs: Mapping[str, Belief]
    newest: Mapping[str, Observation]
    now: datetime
    watching_since: datetime = EPOCH
    """When looking began anew: the time before it lets no timer run."""
    board: Board | None = None
    """The routes as they stand now."""
    moves: Sequence[Moved] = ()
    """The routes that moved at this moment."""

    def lasts(self, since: datetime) -> timedelta:
        """For how long something has lasted while somebody looked."""
        return self.now - max(since, self.watching_since)

    def status(self, component: str) -> Status:
        """How it stands; what has left the page is well."""
        held = self.held.get(component)
        return held.status if held is not None and component in self.topology else Status.OPERATIONAL

    def since(self, component: str) -> datetime:
        """Since when it stands like that. Raises KeyError for what was never held."""
        return self.held[component].since

    def status_of_cause(self, component: str) -> Status:
        """How a cause stands. One that no check speaks for any more is over: it stands as others drag it down."""
        return Status.OPERATIONAL if self.is_manual(component) else self.status(component)

    def in_trouble(self, causes: Sequence[str]) -> list[str]:
        """Those of the causes that are degraded or worse."""
        return [name for name in causes if self.status_of_cause(name) in IN_TROUBLE]

    def all_well(self, causes: Sequence[str]) -> bool:
        """Whether there are causes, all are seen, and none is in trouble."""
        standing = [self.status_of_cause(name) for name in causes]
        return bool(standing) and not any(each in IN_TROUBLE or each is Status.UNKNOWN for each in standing)

    def checks(self, component: str) -> tuple[str, ...]:
        """The checks that speak for it."""
        return self.topology[component].checks if component in self.topology else ()

    def is_watched(self, component: str) -> bool:
        """Whether its status is what was found: a check or a route speaks for it, and nobody said otherwise."""
        return not self.is_manual(component) and component not in self.state.overrides

    def is_manual(self, component: str) -> bool:
        """Whether neither a check nor a route speaks for it."""
        return component not in self.topology or self.topology[component].is_manual

    def lingers(self, incident: Incident) -> bool:
        """Whether one of its modules is still limited, or its clients on their way."""
        return self.board is not None and any(lingers(each, self.board) for each in incident.components)


@dataclass(slots=True)
class Doings:
    """What came of it: incidents by id as they are now, manual components that change, events."""

    incidents: dict[str, Incident] = field(default_factory=dict)
    changes: dict[str, Change] = field(default_factory=dict)
    events: list[JournalEvent] = field(default_factory=list)

    def known(self, seen: Seen) -> dict[str, Incident]:
        """Every incident that was read, as it is now."""
        return {**seen.state.incidents, **self.incidents}
