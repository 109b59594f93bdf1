"""What time does to a route: holdings run out, rules begin and end, moves prove good, returns go on step by step."""

from dataclasses import replace

from statuspage.core.guards import OF_HANDS, Board, Wish, against_target, refusals
from statuspage.core.health import Health
from statuspage.core.incident import ROBOT
from statuspage.core.load import value_of
from statuspage.core.moves import home
from statuspage.core.ramping import step
from statuspage.core.route import Mode, Rollout, Route, RouteState, Rule, RuleState
from statuspage.core.wanting import has_soaked, is_failing


def kept_up(board: Board, route: Route) -> tuple[RouteState, tuple[str, ...]]:
    """The route at this moment, and what is to be noticed of it: `verified`, `stepped`, `aborted`."""
    state, now, noticed = board.states[route.id], board.now, list[str]()
    if state.pinned is not None and state.pinned.until <= now:
        state = replace(state, pinned=None)
    if state.paused is not None and state.paused.until <= now:
        state = replace(state, paused=None)
    if state.verify_until is not None and state.verify_until <= now:
        state = replace(state, verify_until=None)
        if board.condition(state.provider).health is Health.UP:
            noticed.append("verified")
    if state.expires_at is not None and state.expires_at <= now:
        state = replace(state, expires_at=None, by=ROBOT)
    state = _ordered(board, route, state)
    is_free = route.mode is Mode.AUTO and not refusals(board, Wish(route, state, state.provider), *OF_HANDS)
    if is_free:
        state = _with_usable(board, route, state)
    if state.rollout is not None and not _goes_on(board, route, state, state.rollout):
        return replace(state, rollout=None), (*noticed, "aborted")
    if state.rollout is not None and is_free:
        state, what = _stepped(board, route, state, state.rollout)
        noticed += what
    return state, tuple(noticed)


def _ordered(board: Board, route: Route, state: RouteState) -> RouteState:
    """The order of preference by the rules that hold now; a rule holds until its value was low for a while."""
    was = state.rules if len(state.rules) == len(route.rules) else tuple(RuleState() for _ in route.rules)
    rules = tuple(_rule_state(board, route, rule, held) for rule, held in zip(route.rules, was, strict=True))
    first = next((rule.prefer for rule, held in zip(route.rules, rules, strict=True) if held.held), ())
    order = tuple(dict.fromkeys((*first, *route.prefer)))
    changed = bool(state.order) and order[0] != state.order[0]
    origin = None if state.provider == order[0] else state.origin
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


def _with_usable(board: Board, route: Route, state: RouteState) -> RouteState:
    """Which providers clients may be given to whom a rule applies: proven ones, until they are confirmed to be down."""
    if not route.rules:
        return state
    kept = []
    for name in route.providers:
        found = board.condition(name)
        proven = found.health is Health.UP and board.lasts(found.since) >= board.pace.target_min_up
        if proven or (name in state.usable and not is_failing(board, name)):
            kept.append(name)
    return replace(state, usable=tuple(kept))


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
