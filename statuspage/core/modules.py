"""What a route makes of the component that it serves: a module is as well as the provider it is on.

The words are the page's line about a route: "on Native Web Sockets since 09:47 EDT".
"""

from dataclasses import dataclass
from datetime import datetime

from statuspage.core.guards import Board
from statuspage.core.health import Condition, Health
from statuspage.core.route import RouteState
from statuspage.core.status import Status

_BY_HEALTH = {
    Health.UP: Status.OPERATIONAL,
    Health.DEGRADED: Status.DEGRADED,
    Health.DOWN: Status.MAJOR,
    Health.UNKNOWN: Status.UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Served:
    """A module's status by its route, and since when."""

    status: Status
    since: datetime


def served(state: RouteState, found: Condition, now: datetime) -> Served:
    """Limited is a partial outage, clients on their way are slow, and nobody moves what stays on a dead provider."""
    if state.is_limited:
        return Served(Status.PARTIAL, state.since)
    status = _BY_HEALTH[found.health]
    since = max(found.since, state.since)
    if state.ramp is not None and status in (Status.OPERATIONAL, Status.UNKNOWN):
        if state.is_moving(now):
            return Served(Status.DEGRADED, state.since)
        since = max(since, state.ramp.ends)
    return Served(status, since)


def served_by(component: str, board: Board) -> tuple[Served, ...]:
    """What each route of a component makes of it."""
    routes = board.switchboard.routes_of(component)
    states = (board.states.get(each.id) for each in routes)
    return tuple(served(each, board.condition(each.provider), board.now) for each in states if each is not None)


def lingers(component: str, board: Board) -> bool:
    """Whether a route of it is still limited, or its clients are on their way: its trouble is not over yet."""
    states = (board.states.get(each.id) for each in board.switchboard.routes_of(component))
    return any(each.is_limited or each.is_moving(board.now) for each in states if each is not None)
