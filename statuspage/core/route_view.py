"""A route as its operators look at it: how it stands, what of it needs a person, why it stays, what is next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from statuspage.core.boarding import board_of
from statuspage.core.detection import EPOCH
from statuspage.core.explaining import Way, ways
from statuspage.core.foreseeing import Step, next_step
from statuspage.core.guards import Board, Wish, refusals
from statuspage.core.moves import first_state
from statuspage.core.route import Holding, Route, RouteState
from statuspage.core.site import Site
from statuspage.core.state import Heartbeat, State

PROPOSED, LOCKED, BLOCKED, NOT_READY = NEEDS = ("proposed", "locked", "blocked", "not_ready")
"""What needs a person, the most urgent first. Not ready: a single point without a proven standby."""


@dataclass(frozen=True, slots=True)
class RouteView:
    """`needs` are words of `NEEDS`; `standby` is the provider that could take over at this moment, None for none.

    `decided` is False for a route that the monitor has not met yet: it cannot be operated before.
    """

    route: Route
    state: RouteState
    needs: tuple[str, ...]
    standby: str | None
    ways: tuple[Way, ...]
    step: Step
    decided: bool = True

    def way(self, to: str) -> Way | None:
        """The way to that place, None where there is none from here."""
        return next((each for each in self.ways if each.to == to), None)


def look_at(state: State, site: Site, now: datetime, heartbeats: Sequence[Heartbeat] = ()) -> tuple[Board, datetime]:
    """The board of an operator, who may act as soon as there are beliefs; and since when the monitor looks.

    Only the robot rests after a start, so the board itself counts all the time there was.
    """
    return board_of(state, site, state.beliefs, now), max((each.started_at for each in heartbeats), default=EPOCH)


def views(board: Board, looking_since: datetime = EPOCH) -> tuple[RouteView, ...]:
    """Every route of the configuration, in its order."""
    return tuple(view(board, each, looking_since) for each in board.switchboard.routes)


def view(board: Board, route: Route, looking_since: datetime = EPOCH) -> RouteView:
    """One route."""
    known = board.states.get(route.id)
    state = known or replace(first_state(route, board.now), epoch=0)
    present = board.after(state)
    ready = standby(present, route, state)
    return RouteView(
        route=route,
        state=state,
        needs=_needs(state, ready),
        standby=ready,
        ways=ways(present, route, state, looking_since),
        step=next_step(present, route, state),
        decided=known is not None,
    )


def standby(board: Board, route: Route, state: RouteState) -> str | None:
    """The first other provider that is proven: up for long enough, and looked at lately."""
    proven = ("target_not_up", "target_not_proven", "not_ready")
    for to in dict.fromkeys((*state.order, *route.providers)):
        if to in route.providers and to != state.provider and not refusals(board, Wish(route, state, to), *proven):
            return to
    return None


def is_held(holding: Holding | None, now: datetime) -> bool:
    """Whether a pause or a pin still counts: it ends at its time, even while nobody decides."""
    return holding is not None and now < holding.until


def moved_part(state: RouteState, now: datetime) -> float | None:
    """The part of a ramp that is over, in [0, 1]; None without one under way."""
    ramp = state.ramp
    if ramp is None or not state.is_moving(now):
        return None
    gone = now - ramp.start - timedelta(seconds=ramp.wait_s)
    return min(max(gone.total_seconds() / ramp.seconds, 0.0), 1.0) if ramp.seconds else 1.0


def _needs(state: RouteState, ready: str | None) -> tuple[str, ...]:
    found = {
        PROPOSED: state.proposal is not None,
        LOCKED: state.locked_at is not None,
        BLOCKED: bool(state.blocked) and state.proposal is None,
        NOT_READY: ready is None,
    }
    return tuple(each for each in NEEDS if found[each])
