"""Ramps of what moves onto a provider: moves, steps of returns and whatever else, in one budget for each provider."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from statuspage.core.given import all_given
from statuspage.core.guards import Board
from statuspage.core.moves import move_id
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
    others = [ramp for each in board.switchboard.routes if each.id not in but for ramp in _onto(board, each, to)]
    return ramp_after([each for each in others if board.now < each.ends], seconds, board.now)


def with_flips(board: Board, stood: Mapping[str, RouteState], moved: Collection[str]) -> Board:
    """The board with a move id and a ramp for each route whose rules lead elsewhere although it did not move."""
    for route in board.switchboard.routes:
        state, before = board.states.get(route.id), stood.get(route.id)
        if state is None or before is None or route.id in moved or state.is_limited:
            continue
        pairs = zip(all_given(route, before), all_given(route, state), strict=False)
        onto = tuple(dict.fromkeys(new for old, new in pairs if new != old))
        if onto:
            ramps = [ramp_onto(board, to, [(route, before)], but=(route.id,)) for to in onto]
            ramp = max(ramps, key=lambda each: each.ends)
            board = board.after(replace(state, move=move_id(onto[0], board.now), ramp=ramp))
    return board


def step(board: Board, route: Route, state: RouteState, to: str, pct: int) -> Rollout:
    """A step of a return: those that come with it have a ramp of their own."""
    before = state.rollout.pct if state.rollout is not None else 0
    return Rollout(to, pct, board.now, ramp_onto(board, to, [(route, state)], part=pct - before))


def _onto(board: Board, route: Route, to: str) -> Sequence[Ramp]:
    """The ramps of a route onto a provider, those among them to whom a rule applies."""
    state = board.states.get(route.id)
    if state is None:
        return ()
    found = [state.ramp] if state.provider == to or to in all_given(route, state) else []
    if state.rollout is not None and state.rollout.to == to:
        found.append(state.rollout.ramp)
    return [each for each in found if each is not None]
