"""Where routes go: what the robot wants of each, what it may do by the route's mode, and what came of it.

Laws I1 to I21 are held by tests/core/test_failover_laws.py, every guard by tests/core/test_failover.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from statuspage.core.guards import Board, recent_moves
from statuspage.core.incident import ROBOT
from statuspage.core.moves import Event, Plan, first_state, moved_to, numbered
from statuspage.core.ramping import step, with_ramps
from statuspage.core.route import Mode, Proposal, Refusal, Route, RouteState, Scope
from statuspage.core.upkeep import kept_up
from statuspage.core.wanting import plan

WAITS = frozenset({"target_not_proven", "dwell", "not_stable", "parallel"})
"""Guards that say no more than that its time will come: nobody is told of them, unless it is limited until then."""

NOTICES = (
    "would", "proposed", "withdrawn", "blocked", "cleared", "locked", "verified", "unverified", "stepped", "aborted",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moved:
    """A route that moved: how, how it stood before and after, and what spoke against everything better."""

    event: Event
    before: RouteState
    after: RouteState
    spurned: tuple[Refusal, ...] = ()


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
    routes, done, moved = board.switchboard.routes, Steered(), dict[str, Plan]()
    stood = {each.id: board.states.get(each.id) or first_state(each, board.now) for each in routes}
    present = replace(board, states={**board.states, **stood})
    for route in routes:
        state, noticed = kept_up(present, route)
        present = present.after(state)
        done.noticed += [Noticed(what, state) for what in noticed]
    for _ in range(len(routes) + 1):  # what one move makes room for goes at the same moment
        before = present.states
        for route in routes:
            wanted = plan(present, route)
            if route.id in moved and wanted is not None and not wanted.refused:
                continue  # once a moment is enough
            state, done_so = _acted(present, route, wanted, done)
            present = present.after(state)
            if done_so is not None:
                moved[route.id] = done_so
        # Who is on the way counts for those who come after: with ramps, not without.
        present = with_ramps(present, stood, moved)
        if present.states == before:
            break
    for route in routes:
        after = numbered(stood[route.id], present.states[route.id], board.now)
        if after != board.states.get(route.id):
            done.states[route.id] = after
        if route.id in moved:
            done.moves.append(Moved(moved[route.id].event, stood[route.id], after, moved[route.id].spurned))
    # Whatever was noticed is told once, of the route as it is in the end.
    told = dict.fromkeys((each.what, each.state.route) for each in done.noticed)
    done.noticed = [Noticed(what, done.states.get(id, present.states[id])) for what, id in told]
    return done


def _acted(board: Board, route: Route, wanted: Plan | None, done: Steered) -> tuple[RouteState, Plan | None]:
    """The route after what the robot wanted, by its mode; the plan if it moved."""
    state = board.states[route.id]
    if wanted is None:
        return _at_rest(state, done), None
    if wanted.refused:
        return _blocked(board, state, wanted, done), None
    mode = Mode.AUTO if state.is_overdue else route.mode  # what a person ordered needs no mode
    if mode is Mode.OBSERVE:
        return _observed(state, wanted, done), None
    if mode is Mode.APPROVE:
        return _proposed(board, state, wanted, done), None
    if wanted.event is Event.RETURNED and state.rollout is None:
        return _begun(board, route, state, wanted, done), None
    after = moved_to(state, route, wanted, by=ROBOT, board=board)
    if wanted.event is Event.RETURNED:  # counted when it began, and walked by everybody since
        after = replace(after, moves=state.moves, scope=Scope.NEW)
    if after.pinned is not None and after.pinned.implied:
        after = replace(after, pinned=None)  # what it held sank
    _cleared(state, after, done)
    return after, wanted  # why it is limited is why it cannot be lifted: that is found next, and may lock it


def _at_rest(state: RouteState, done: Steered) -> RouteState:
    rested = replace(state, proposal=None, would=None, blocked=(), blocked_to=None)
    if state.proposal is not None:
        done.noticed.append(Noticed("withdrawn", rested))
    _cleared(state, rested, done)
    return rested


def _cleared(before: RouteState, after: RouteState, done: Steered) -> None:
    """What was told to be blocked is no longer."""
    if _is_blocked(before) and not _is_blocked(after):
        done.noticed.append(Noticed("cleared", after))


def _is_blocked(state: RouteState) -> bool:
    """Whether more than time keeps it from where it should be."""
    return state.blocked_to is not None and (state.is_limited or not set(_names(state.blocked)) <= WAITS)


def _blocked(board: Board, state: RouteState, wanted: Plan, done: Steered) -> RouteState:
    """What the robot wants and may not. It is news when other guards speak; what they see changes all the time."""
    locks = wanted.overspent and state.locked_at is None
    is_news = _names(wanted.refused) != _names(state.blocked) or state.blocked_to != wanted.to
    if not is_news and state.proposal is None and not locks:
        return state
    blocked = replace(state, blocked=wanted.refused, blocked_to=wanted.to, proposal=None, would=None)
    if locks:
        blocked = replace(blocked, locked_at=board.now)
        done.noticed.append(Noticed("locked", blocked))
    _cleared(state, blocked, done)
    if _is_blocked(blocked):
        done.noticed.append(Noticed("blocked", blocked))
    return blocked


def _observed(state: RouteState, wanted: Plan, done: Steered) -> RouteState:
    """What would be done, once."""
    is_known = state.would == wanted.to and _names(state.blocked) == _names(wanted.spurned)
    if is_known and state.proposal is None and state.blocked_to is None:
        return state
    after = replace(state, would=wanted.to, blocked=wanted.spurned, blocked_to=None, proposal=None)
    _cleared(state, after, done)
    if state.would != wanted.to:
        done.noticed.append(Noticed("would", after))
    return after


def _proposed(board: Board, state: RouteState, wanted: Plan, done: Steered) -> RouteState:
    """What waits for a person. Another destination or cause is another proposal."""
    waiting = state.proposal
    same = (wanted.to, wanted.cause, wanted.event.value)
    if waiting is not None and (waiting.to, waiting.cause, waiting.event) == same:
        return state
    proposal = Proposal(wanted.to, wanted.cause, wanted.event.value, wanted.reason, board.now)
    after = replace(state, proposal=proposal, blocked=wanted.spurned, blocked_to=None, would=None)
    _cleared(state, after, done)
    done.noticed.append(Noticed("proposed", after))
    return after


def _begun(board: Board, route: Route, state: RouteState, wanted: Plan, done: Steered) -> RouteState:
    """The first step of a return. It counts as a move: whoever goes to and fro in steps does so too."""
    moves = (*recent_moves(state, board.pace, board.now), board.now)
    after = replace(
        state,
        rollout=step(board, route, state, wanted.to, board.pace.steps[0]),
        moves=moves,
        proposal=None,
        would=None,
        blocked=(),
        blocked_to=None,
    )
    _cleared(state, after, done)
    done.noticed.append(Noticed("stepped", after))
    return after


def _names(refused: Sequence[Refusal]) -> list[str]:
    return [each.guard for each in refused]
