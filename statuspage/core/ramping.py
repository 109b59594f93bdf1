"""Ramps of what moves onto a provider: moves, steps of returns and whatever else, in one budget for each provider."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from statuspage.core.given import all_given
from statuspage.core.guards import Board
from statuspage.core.moves import move_id
from statuspage.core.pacing import ramp_after, seconds_for
from statuspage.core.route import LIMITED, Flip, Ramp, Rollout, Route, RouteState, RuleState, Scope

Coming = Sequence[tuple[Route, RouteState]]
"""Routes that come, and how each of them stood before."""


@dataclass(slots=True)
class _Coming:
    """What comes onto a provider at this moment: whole routes, and of routes those to whom some rules apply."""

    routes: list[str] = field(default_factory=list)
    rules: list[tuple[str, int]] = field(default_factory=list)


def with_ramps(board: Board, stood: Mapping[str, RouteState], moved: Collection[str]) -> Board:
    """The board with a ramp for whatever moves at this moment, one for all that come onto the same provider.

    These are the routes that have `moved`, and those to whom a rule applies that leads elsewhere now, though their
    route may stay. `stood` is how the routes stood before: how many they are is reckoned from there.
    """
    coming = dict[str, _Coming]()
    for route in board.switchboard.routes:
        state, before = board.states.get(route.id), stood.get(route.id)
        if state is None or before is None:
            continue
        present = state
        if route.id in moved and not state.is_limited and state.scope is Scope.ALL:
            coming.setdefault(state.provider, _Coming()).routes.append(route.id)
            state = replace(state, ramp=None)
        old, new = all_given(route, before), all_given(route, state)
        for rule in (number for number, to in enumerate(new) if to not in (LIMITED, old[number])):
            coming.setdefault(new[rule], _Coming()).rules.append((route.id, rule))
        state = _with_flips(state, [_kept(before, n, to) for n, to in enumerate(new)])
        board = board if state is present else board.after(state)
    for to, each in coming.items():
        board = _with_ramp(board, to, each, stood)
    return board


def _kept(before: RouteState, rule: int, to: str) -> Flip | None:
    """The last flip of a rule, while it leads where that led."""
    flip = before.rules[rule].flip if rule < len(before.rules) else None
    return flip if flip is not None and flip.to == to else None


def _with_flips(state: RouteState, flips: Sequence[Flip | None]) -> RouteState:
    known = (*state.rules, *(RuleState() for _ in flips))[: len(flips)]
    rules = tuple(replace(each, flip=flip) for each, flip in zip(known, flips, strict=True))
    return state if rules == state.rules else replace(state, rules=rules)


def _with_ramp(board: Board, to: str, coming: _Coming, stood: Mapping[str, RouteState]) -> Board:
    ids = dict.fromkeys((*coming.routes, *(id for id, _ in coming.rules)))
    routes = [each for each in board.switchboard.routes if each.id in ids]
    ramp = ramp_onto(board, to, [(each, stood[each.id]) for each in routes])
    for id in coming.routes:
        board = board.after(replace(board.states[id], ramp=ramp))
    for route in routes:
        state, was = board.states[route.id], all_given(route, stood[route.id])
        flips = [each.flip for each in state.rules]
        for rule in (rule for id, rule in coming.rules if id == route.id):
            left = None if was[rule] == LIMITED else was[rule]
            flips[rule] = Flip(to, left, move_id(to, board.now), ramp)
        board = board.after(_with_flips(state, flips))
    return board


def ramp_onto(board: Board, to: str, coming: Coming, *, part: int = 100) -> Ramp:
    """The ramp of `part` percent of these routes' users. Ramps onto the same provider that are under way come first.

    Together they never ask for more than its share.
    """
    known = [board.users(route, stood) for route, stood in coming]
    users = sum(each or 0 for each in known) if any(each is not None for each in known) else None
    some = -(-users * part // 100) if users is not None else None
    provider = board.provider(to)
    arriving = board.arriving(to, coming)
    # Nobody connects to what is built in.
    seconds = 0 if provider.built_in else seconds_for(some, provider.max_connects_per_s, arriving, board.pace)
    others = [ramp for each in board.states.values() for ramp in each.sending(to, board.pace.steps)]
    return ramp_after([each for each in others if board.now < each.ends], seconds, board.now)


def step(board: Board, route: Route, state: RouteState, to: str, pct: int) -> Rollout:
    """A step of a return: those that come with it have a ramp of their own."""
    before = state.rollout.pct if state.rollout is not None else 0
    return Rollout(to, pct, board.now, ramp_onto(board, to, [(route, state)], part=pct - before))
