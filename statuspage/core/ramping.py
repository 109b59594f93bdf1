"""Ramps of what moves onto a provider: moves, steps of returns and whatever else, in one budget for each provider."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from statuspage.core.guards import Board
from statuspage.core.pacing import ramp_after, seconds_for
from statuspage.core.route import Ramp, Rollout, Route, RouteState, Scope

Coming = Sequence[tuple[Route, RouteState]]
"""Routes that come, and how each of them stood before."""


def with_ramps(board: Board, moved: Mapping[str, RouteState]) -> Board:
    """The board with a ramp for each route that has just moved: one for all that move onto the same provider.

    `moved` is how each of them stood before: how many they are is reckoned from there.
    """
    groups: dict[str, list[Route]] = {}
    for route in board.switchboard.routes:
        state = board.states.get(route.id)
        if state is not None and route.id in moved and not state.is_limited and state.scope is Scope.ALL:
            groups.setdefault(state.provider, []).append(route)
    for to, routes in groups.items():
        ramp = ramp_onto(board, to, [(each, moved[each.id]) for each in routes], but=moved)
        for each in routes:
            board = board.after(replace(board.states[each.id], ramp=ramp))
    return board


def ramp_onto(board: Board, to: str, coming: Coming, *, part: int = 100, but: Collection[str] = ()) -> Ramp:
    """The ramp of `part` percent of these routes' users. Ramps onto the same provider that are under way come first.

    Together they never ask for more than its share. `but` are routes whose own ramp onto it is the one to be made.
    """
    known = [board.users(route, stood) for route, stood in coming]
    users = sum(each or 0 for each in known) if any(each is not None for each in known) else None
    some = -(-users * part // 100) if users is not None else None
    provider = board.provider(to)
    arriving = board.arriving(to, coming)
    # Nobody connects to what is built in.
    seconds = 0 if provider.built_in else seconds_for(some, provider.max_connects_per_s, arriving, board.pace)
    others = [ramp for id, state in board.states.items() if id not in but for ramp in _onto(state, to)]
    return ramp_after([each for each in others if board.now < each.ends], seconds, board.now)


def step(board: Board, route: Route, state: RouteState, to: str, pct: int) -> Rollout:
    """A step of a return: those that come with it have a ramp of their own."""
    before = state.rollout.pct if state.rollout is not None else 0
    return Rollout(to, pct, board.now, ramp_onto(board, to, [(route, state)], part=pct - before))


def _onto(state: RouteState, to: str) -> Sequence[Ramp]:
    """The ramps of a route onto a provider."""
    found = [state.ramp] if state.provider == to else []
    if state.rollout is not None and state.rollout.to == to:
        found.append(state.rollout.ramp)
    return [each for each in found if each is not None]
