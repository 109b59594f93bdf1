"""What time does to a route: holdings run out, rules begin and end, moves prove good, returns go on step by step."""

from dataclasses import replace

from statuspage.core.felt import since
from statuspage.core.guards import OF_HANDS, Board, Wish, against_target, is_failing, recent_moves, refusals
from statuspage.core.health import Health
from statuspage.core.incident import ROBOT
from statuspage.core.load import value_of
from statuspage.core.moves import home
from statuspage.core.ramping import step
from statuspage.core.route import Mode, Rollout, Route, RouteState, Rule, RuleState
from statuspage.core.wanting import has_soaked


def kept_up(board: Board, route: Route) -> tuple[RouteState, tuple[str, ...]]:
    """The route at this moment, and what is to be noticed of it: `verified`, `unverified`, `stepped`, `aborted`."""
    state, now, noticed = board.states[route.id], board.now, list[str]()
    if state.pinned is not None and state.pinned.until <= now:
        state = replace(state, pinned=None)
    if state.paused is not None and state.paused.until <= now:
        state = replace(state, paused=None)
    if state.verify_until is not None and state.verify_until <= now:
        state = replace(state, verify_until=None)
        if board.condition(state.provider).health is Health.UP:
            # Checks come from one place; users come from everywhere.
            felt = since(board.felt, state.provider, state.since)
            noticed.append("unverified" if felt.is_bad else "verified")
    if state.expires_at is not None and state.expires_at <= now:
        state = replace(state, expires_at=None, by=ROBOT)
    state = _ordered(board, route, state)
    state = _without_failing(board, route, state)
    has_hands = not refusals(board, Wish(route, state, state.provider), *OF_HANDS)
    is_free = route.mode is Mode.AUTO and has_hands
    if route.mode is not Mode.OBSERVE and has_hands:
        state, what = _with_proven(board, route, state)
        noticed += what
    if state.rollout is not None and not _goes_on(board, route, state, state.rollout):
        return replace(state, rollout=None), (*noticed, "aborted")
    if state.rollout is not None and is_free:
        state, what = _stepped(board, route, state, state.rollout)
        noticed += what
    return state, tuple(noticed)


def _ordered(board: Board, route: Route, state: RouteState) -> RouteState:
    """The order of preference by the rules that hold now; a rule holds until its value was low for a while."""
    was = state.rules if len(state.rules) == len(route.rules) else tuple(RuleState() for _ in route.rules)
    rules = tuple(
        replace(_rule_state(board, route, rule, each), flip=each.flip)
        for rule, each in zip(route.rules, was, strict=True)
    )
    first = next((rule.prefer for rule, held in zip(route.rules, rules, strict=True) if held.held), ())
    order = tuple(dict.fromkeys((*first, *route.prefer)))
    changed = bool(state.order) and order[0] != state.order[0]
    # What is home only by a rule is not at home again: else the end of the rule would be a return.
    origin = None if state.provider == order[0] == route.prefer[0] else state.origin
    # Back onto what failed is a return, and the policy of returns decides on it.
    reorder = (changed or state.reorder) and order[0] not in (state.provider, origin)
    if route.mode is Mode.OBSERVE:
        rules = was  # what is served stays as it would be without us
    return replace(state, rules=rules, order=order, origin=origin, reorder=reorder)


def _rule_state(board: Board, route: Route, rule: Rule, was: RuleState) -> RuleState:
    value = value_of(rule.attribute, route, board.switchboard, board.signals, board.now)
    if value is None or value > rule.over:
        return RuleState(held=was.held if value is None else True)
    if not was.held:
        return RuleState()
    if value >= rule.under:
        return RuleState(held=True)
    since = was.under_since or board.now
    return RuleState() if board.now - since >= board.pace.rule_hold else RuleState(True, since)


def _without_failing(board: Board, route: Route, state: RouteState) -> RouteState:
    """Nobody is given a provider that fails, whoever holds the route; an observed one stays as it is."""
    if not route.rules or route.mode is Mode.OBSERVE:
        return state
    usable = route.providers if state.usable is None else state.usable
    kept = tuple(name for name in route.providers if name in usable and not is_failing(board, name))
    lost = tuple(dict.fromkeys((*state.lost, *(name for name in usable if name not in kept))))
    return replace(state, usable=kept, lost=lost)


def _with_proven(board: Board, route: Route, state: RouteState) -> tuple[RouteState, tuple[str, ...]]:
    """Clients to whom a rule applies are given what passes every guard. What failed comes back within the budget.

    A provider that comes and goes would move them each time: it counts as a move, and ends in the lock.
    """
    is_new = state.since == board.now  # one change a moment
    if not route.rules or state.locked_at is not None or state.is_limited or is_new or _is_ramping(board, state):
        return state, ()
    present = state.usable or ()
    fit = [name for name in route.providers if name not in present and _is_fit(board, route, state, name)]
    back = [name for name in fit if name in state.lost]
    if back and refusals(board, Wish(route, state, back[0]), "flap_budget"):
        return replace(state, locked_at=board.now), ("locked",)
    if not fit:
        return state, ()
    moves = (*recent_moves(state, board.pace, board.now), board.now) if back else state.moves
    usable = tuple(name for name in route.providers if name in present or name in fit)
    return replace(state, usable=usable, lost=tuple(name for name in state.lost if name not in back), moves=moves), ()


def _is_fit(board: Board, route: Route, state: RouteState, name: str) -> bool:
    return not is_failing(board, name) and not against_target(board, Wish(route, state, name))


def _is_ramping(board: Board, state: RouteState) -> bool:
    return state.is_under_way(board.now) or state.rollout is not None


def _goes_on(board: Board, route: Route, state: RouteState, rollout: Rollout) -> bool:
    """Whether a return may stay as it is: in any mode and whoever holds it, or clients stay on what is dead.

    While nobody knows how the provider is it stays. Where it is wanted no longer, or by nobody, it ends.
    """
    is_wanted = rollout.to == home(state, route) and rollout.to in route.providers and route.failback == "auto"
    is_well = board.condition(rollout.to).health not in (Health.DOWN, Health.DEGRADED)
    return is_wanted and is_well and route.mode is Mode.AUTO


def _stepped(board: Board, route: Route, state: RouteState, rollout: Rollout) -> tuple[RouteState, tuple[str, ...]]:
    """A return goes on by one step when the last one was good for its time and the destination passes every guard."""
    further = next((pct for pct in board.pace.steps if pct > rollout.pct), None)
    if further is None or not has_soaked(board, rollout):
        return state, ()  # where all are there the move itself follows
    if against_target(board, Wish(route, state, rollout.to)):
        return state, ()
    return replace(state, rollout=step(board, route, state, rollout.to, further)), ("stepped",)
