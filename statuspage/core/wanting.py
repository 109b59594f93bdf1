"""What the robot wants of a route at this moment, and what forbids it. It changes nothing."""

from collections.abc import Sequence
from dataclasses import replace

from statuspage.core.guards import (
    OF_HANDS,
    OF_RETURN,
    OF_ROBOT,
    Board,
    Wish,
    against_target,
    is_failing,
    refusals,
    sank_with_the_move,
)
from statuspage.core.health import Health
from statuspage.core.incident import ROBOT
from statuspage.core.moves import BY_HAND, PREFERENCE, Event, Plan, home
from statuspage.core.route import LIMITED, Refusal, Rollout, Route, RouteState, Scope


def plan(board: Board, route: Route) -> Plan | None:
    """Where the route should be; None where it should stay."""
    state = board.states[route.id]
    if state.is_limited:
        return _lift(board, route, state)
    if is_failing(board, state.provider):
        return _leave(board, route, state, slow=False)
    if _is_drained(board, state):
        return _drain(board, route, state)
    if _is_slow(board, route, state.provider):
        return _leave(board, route, state, slow=True)
    if state.reorder:
        return _follow(board, route, state) if state.since < board.now else None  # one move a moment
    if state.provider != home(state, route) and route.failback == "auto":
        return _return(board, route, state)
    return None


def is_kept_limited(state: RouteState) -> bool:
    """Whether a person limited it of their own accord: it is theirs to lift."""
    return state.is_limited and state.by != ROBOT and state.cause == BY_HAND


def has_soaked(board: Board, rollout: Rollout) -> bool:
    """Whether the present step of a return has been seen to be good for its time, with everybody there."""
    found = board.condition(rollout.to)
    return found.health is Health.UP and board.lasts(max(found.since, rollout.arrived)) >= board.pace.soak


def _is_overspent(against: Sequence[Refusal]) -> bool:
    names = {each.guard for each in against}
    return "flap_budget" in names and names <= set(OF_ROBOT)


def _is_slow(board: Board, route: Route, provider: str) -> bool:
    slow_since = board.condition(provider).slow_since
    return route.slow_for is not None and slow_since is not None and board.lasts(slow_since) >= route.slow_for


def _leave(board: Board, route: Route, state: RouteState, *, slow: bool) -> Plan | None:
    """Away from a provider that fails: onto the first that passes, else into limited mode."""
    source = board.condition(state.provider)
    cause = f"{state.provider}_{'slow' if slow else 'down'}"
    began = source.slow_since if slow and source.slow_since else source.since
    reason = f"{state.provider} is {'slow' if slow else 'down'} since {began:%H:%M:%S} UTC"
    reason += f" ({source.why})" if source.why else ""
    hands = refusals(board, Wish(route, state, LIMITED), *OF_HANDS)
    shed = Plan(Event.SHED, LIMITED, cause, reason, hands)
    if not slow and sank_with_the_move(board, state):
        said = f"{state.provider} failed within {board.pace.sunk_within.total_seconds():.0f} s of the move onto it"
        return _safe(board, route, replace(shed, cause="follows_load", spurned=(Refusal("follows_load", said),)))
    spurned: list[Refusal] = []
    overspent = False
    for to in state.order:
        if to == state.provider:
            continue
        wish = Wish(route, state, to)
        event = Event.FAILED_BACK if to == home(state, route) else Event.FAILED_OVER
        against = against_target(board, wish) or _against_robot(board, wish)
        if not against:
            return Plan(event, to, cause, reason, hands)
        if [each.guard for each in against] == ["parallel"]:
            return Plan(event, to, cause, reason, (*against, *hands))  # its turn comes
        spurned += against
        overspent |= _is_overspent(against) and not hands
    if slow:
        stay = Plan(Event.FAILED_OVER, state.provider, cause, reason, tuple(spurned), overspent=overspent)
        return stay if spurned else None
    return _safe(board, route, replace(shed, spurned=tuple(spurned), overspent=overspent))


def _safe(board: Board, route: Route, shed: Plan) -> Plan:
    """What is built into the application is as safe as limited mode, and better: a route that has it goes there."""
    state = board.states[route.id]
    for to in dict.fromkeys((*state.order, *route.providers)):
        if board.is_built_in(to) and not against_target(board, Wish(route, state, to)):
            event = Event.FAILED_BACK if to == home(state, route) else Event.FAILED_OVER
            return replace(shed, event=event, to=to, overspent=False)
    return shed


def _against_robot(board: Board, wish: Wish) -> tuple[Refusal, ...]:
    """What forbids the robot to go to a provider. Like limited mode, what is built in is always allowed."""
    return () if board.is_built_in(wish.to) else refusals(board, wish, *OF_ROBOT)


def _is_drained(board: Board, state: RouteState) -> bool:
    """Whether those lose their provider that stayed on it when a rule moved new connections only."""
    left_behind = state.scope is Scope.NEW and state.cause == PREFERENCE
    return left_behind and state.previous is not None and is_failing(board, state.previous)


def _drain(board: Board, route: Route, state: RouteState) -> Plan:
    """They follow, paced, where there is room for them; else the route is limited, for they come in any case."""
    previous = state.previous or ""
    found = board.condition(previous)
    reason = f"{previous} is down since {found.since:%H:%M:%S} UTC" + (f" ({found.why})" if found.why else "")
    hands = refusals(board, Wish(route, state, LIMITED), *OF_HANDS)
    against = refusals(board, Wish(route, state, state.provider), "capacity", "follows_load")
    event, to = (Event.SHED, LIMITED) if against else (Event.DRAINED, state.provider)
    drained = Plan(event, to, f"{previous}_down", reason, hands, spurned=against)
    return _safe(board, route, drained) if against else drained


def _lift(board: Board, route: Route, state: RouteState) -> Plan | None:
    """Out of limited mode, when a provider passes. What a person limited is theirs to lift."""
    if is_kept_limited(state):
        return None
    hands = refusals(board, Wish(route, state, LIMITED), *OF_HANDS)
    spurned: list[Refusal] = []
    overspent = False
    preferred = (state.expires_to, *state.order) if state.expires_to else state.order
    for to in dict.fromkeys(preferred):
        wish = Wish(route, state, to)
        event = Event.FOUND_HOME if to == home(state, route) else Event.FOUND
        against = (*against_target(board, wish), *_against_robot(board, wish))
        if not against:
            return Plan(event, to, f"{to}_up", f"{to} passes every guard", (*_too_soon(board, state), *hands))
        spurned += against
        overspent |= _is_overspent(against) and not hands
    to, forbidden = home(state, route), tuple(spurned)
    return Plan(Event.FOUND_HOME, to, "none_up", "no provider passes", forbidden, overspent=overspent)


def _too_soon(board: Board, state: RouteState) -> tuple[Refusal, ...]:
    stayed, needed = board.now - state.since, board.pace.limited_min
    if stayed >= needed:
        return ()
    return (Refusal("dwell", f"limited for {stayed.total_seconds():.0f} s of {needed.total_seconds():.0f} s"),)


def _follow(board: Board, route: Route, state: RouteState) -> Plan:
    """New connections onto what the rules prefer now."""
    to = home(state, route)
    wish = Wish(route, state, to)
    against = (*against_target(board, wish), *refusals(board, wish, *OF_ROBOT, *OF_HANDS))
    overspent = _is_overspent(against)
    return Plan(Event.FOLLOWED, to, PREFERENCE, f"{to} is preferred now", against, overspent=overspent)


def _return(board: Board, route: Route, state: RouteState) -> Plan | None:
    """Home again, in steps: the first step is a change of its own, the last is the move."""
    to = home(state, route)
    wish = Wish(route, state, to)
    if state.rollout is not None:
        whole = state.rollout.pct >= board.pace.steps[-1] and has_soaked(board, state.rollout)
        return (
            Plan(Event.RETURNED, to, "returned", f"{to} is well again", refusals(board, wish, *OF_HANDS))
            if whole
            else None
        )
    if board.condition(to).health is not Health.UP:
        return None  # nothing to return to yet: that needs no explanation
    against = (*against_target(board, wish), *refusals(board, wish, *OF_RETURN, *OF_ROBOT, *OF_HANDS))
    overspent = _is_overspent(against)
    return Plan(Event.RETURNED, to, "returned", f"{to} is well again", against, overspent=overspent)
