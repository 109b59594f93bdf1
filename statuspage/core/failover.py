"""Where routes go: what the robot wants of each, what it may do by the route's mode, and what came of it.

Laws I1 to I21 are held by tests/core/test_failover_laws.py, every guard by tests/core/test_failover.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from statuspage.core.guards import Board, recent_moves
from statuspage.core.incident import ROBOT
from statuspage.core.moves import Event, Plan, first_state, moved_to, numbered, with_ramps
from statuspage.core.route import Mode, Proposal, Refusal, Rollout, Route, RouteState, Scope
from statuspage.core.upkeep import kept_up
from statuspage.core.wanting import plan

NOTICES = ("would", "proposed", "withdrawn", "blocked", "cleared", "locked", "verified", "stepped", "aborted")


@dataclass(frozen=True, slots=True)
class Moved:
    """A route that moved: how, and how it stood before and after."""

    event: Event
    before: RouteState
    after: RouteState


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something of a route that is worth a line: one of `NOTICES`."""

    what: str
    state: RouteState


@dataclass(slots=True)
class Steered:
    """What came of it: the routes that changed, the moves among them, and what was noticed."""

    states: dict[str, RouteState] = field(default_factory=dict)
    moves: list[Moved] = field(default_factory=list)
    noticed: list[Noticed] = field(default_factory=list)


def steer(board: Board) -> Steered:
    """Everything that the robot does with the routes at this moment. Run again with nothing changed it does nothing."""
    routes, done, moved = board.switchboard.routes, Steered(), dict[str, Event]()
    stood = {each.id: board.states.get(each.id) or first_state(each, board.now) for each in routes}
    present = replace(board, states={**board.states, **stood})
    for route in routes:
        state, noticed = kept_up(present, route)
        present = present.after(state)
        done.noticed += [Noticed(what, state) for what in noticed]
    for route in routes:
        state, event = _acted(present, route, plan(present, route), done)
        present = present.after(state)
        if event is not None:
            moved[route.id] = event
            present = replace(present, moving=present.moving + 1)
    present = with_ramps(present, tuple(moved))
    for route in routes:
        after = numbered(stood[route.id], present.states[route.id], board.now)
        if after != board.states.get(route.id):
            done.states[route.id] = after
        if route.id in moved:
            done.moves.append(Moved(moved[route.id], stood[route.id], after))
    # Whatever was noticed is told of the route as it is in the end.
    done.noticed = [replace(each, state=done.states.get(each.state.route, each.state)) for each in done.noticed]
    return done


def _acted(board: Board, route: Route, wanted: Plan | None, done: Steered) -> tuple[RouteState, Event | None]:
    """The route after what the robot wanted, by its mode; the event if it moved."""
    state = board.states[route.id]
    if wanted is None:
        return _at_rest(state, done), None
    if wanted.refused:
        return _blocked(board, state, wanted, done), None
    if route.mode is Mode.OBSERVE:
        return _observed(state, wanted, done), None
    if route.mode is Mode.APPROVE:
        return _proposed(board, state, wanted, done), None
    if wanted.event is Event.RETURNED and state.rollout is None:
        return _begun(board, state, wanted, done), None
    after = moved_to(state, route, wanted, by=ROBOT, board=board)
    if wanted.event is Event.RETURNED:  # counted when it began, and walked by everybody since
        after = replace(after, moves=state.moves, scope=Scope.NEW)
    if after.is_limited:
        # Why it is limited is why it cannot be lifted.
        lift = plan(board.after(after), route)
        after = replace(after, blocked=lift.refused, blocked_to=lift.to) if lift else after
    if "flap_budget" in _names(wanted.spurned) and state.locked_at is None:
        after = replace(after, locked_at=board.now)
        done.noticed.append(Noticed("locked", after))
    if after.is_limited:
        done.noticed.append(Noticed("blocked", after))
    elif state.blocked:
        done.noticed.append(Noticed("cleared", after))
    return after, wanted.event


def _at_rest(state: RouteState, done: Steered) -> RouteState:
    rested = replace(state, proposal=None, would=None, blocked=(), blocked_to=None)
    if state.proposal is not None:
        done.noticed.append(Noticed("withdrawn", rested))
    elif state.blocked:
        done.noticed.append(Noticed("cleared", rested))
    return rested


def _blocked(board: Board, state: RouteState, wanted: Plan, done: Steered) -> RouteState:
    """What the robot wants and may not. It is news when other guards speak; what they see changes all the time."""
    if _names(wanted.refused) == _names(state.blocked) and state.blocked_to == wanted.to and state.proposal is None:
        return state
    blocked = replace(state, blocked=wanted.refused, blocked_to=wanted.to, proposal=None, would=None)
    if "flap_budget" in _names(wanted.refused) and state.locked_at is None:
        blocked = replace(blocked, locked_at=board.now)
        done.noticed.append(Noticed("locked", blocked))
    done.noticed.append(Noticed("blocked", blocked))
    return blocked


def _observed(state: RouteState, wanted: Plan, done: Steered) -> RouteState:
    """What would be done, once."""
    if state.would == wanted.to and _names(state.blocked) == _names(wanted.spurned):
        return state
    after = replace(state, would=wanted.to, blocked=wanted.spurned, blocked_to=None)
    if state.would != wanted.to:
        done.noticed.append(Noticed("would", after))
    return after


def _proposed(board: Board, state: RouteState, wanted: Plan, done: Steered) -> RouteState:
    """What waits for a person. Another destination or cause is another proposal."""
    waiting = state.proposal
    if waiting is not None and (waiting.to, waiting.cause) == (wanted.to, wanted.cause):
        return state
    proposal = Proposal(wanted.to, wanted.cause, wanted.event.value, wanted.reason, board.now)
    after = replace(state, proposal=proposal, blocked=wanted.spurned, blocked_to=None)
    done.noticed.append(Noticed("proposed", after))
    return after


def _begun(board: Board, state: RouteState, wanted: Plan, done: Steered) -> RouteState:
    """The first step of a return. It counts as a move: whoever goes to and fro in steps does so too."""
    moves = (*recent_moves(state, board.pace, board.now), board.now)
    after = replace(
        state,
        rollout=Rollout(wanted.to, board.pace.steps[0], board.now),
        moves=moves,
        blocked=(),
        blocked_to=None,
    )
    done.noticed.append(Noticed("stepped", after))
    return after


def _names(refused: Sequence[Refusal]) -> list[str]:
    return [each.guard for each in refused]
