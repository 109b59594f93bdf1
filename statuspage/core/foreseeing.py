"""What becomes of a route next by itself, as far as that is known: told to whoever thinks of acting before."""

from dataclasses import dataclass
from datetime import datetime

from statuspage.core.explaining import span
from statuspage.core.guards import Board
from statuspage.core.health import Health
from statuspage.core.incident import ROBOT
from statuspage.core.moves import home
from statuspage.core.route import LIMITED, Mode, Route, RouteState


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next, and when at the earliest (UTC); None where that depends on what nobody knows yet."""

    what: str
    at: datetime | None = None


def next_step(board: Board, route: Route, state: RouteState) -> Step:
    """The next thing that happens without anybody doing anything."""
    return _of_hands(board, state) or _of_people(board, route, state) or _of_robot(board, route, state)


def _of_hands(board: Board, state: RouteState) -> Step | None:
    held = [each.until for each in (state.paused, state.pinned) if each is not None and board.now < each.until]
    return Step("the robot may act again", max(held)) if held else None


def _of_people(board: Board, route: Route, state: RouteState) -> Step | None:
    if state.locked_at is not None:
        return Step("no move between providers until somebody acknowledges")
    if state.proposal is not None:
        return Step(f"nothing until somebody approves the move to {_name(board, state.proposal.to)}")
    if route.mode is Mode.OBSERVE:
        would = f": it would be on {_name(board, state.would)}" if state.would else ""
        return Step(f"nothing, it is only observed{would}")
    if state.is_limited and state.by != ROBOT:
        if state.expires_at is not None:
            return Step("the robot looks for a provider", state.expires_at)
        return Step("nothing until somebody moves it or resumes")
    return None


def _of_robot(board: Board, route: Route, state: RouteState) -> Step:
    if state.is_limited:
        return _lift(board, state)
    found, name = board.condition(state.provider), _name(board, state.provider)
    if found.health is Health.DOWN:
        return Step(f"it leaves {name}", max(found.since + board.pace.confirm, board.now))
    if route.slow_for is not None and found.slow_since is not None:
        return Step(f"it leaves {name} if that stays slow", max(found.slow_since + route.slow_for, board.now))
    if state.rollout is not None:
        return Step(f"the return to {_name(board, state.rollout.to)} goes on", state.rollout.arrived + board.pace.soak)
    if state.ramp is not None and state.is_moving(board.now):
        return Step("everybody has moved", state.ramp.ends)
    if state.verify_until is not None:
        return Step("the move is called good", state.verify_until)
    return _stay(board, route, state)


def _lift(board: Board, state: RouteState) -> Step:
    pace, earliest = board.pace, state.since + board.pace.limited_min
    proven = {
        name: max(found.since + pace.target_min_up, earliest, board.now)
        for name in state.order
        if (found := board.condition(name)).health is Health.UP
    }
    if not proven:
        return Step(f"it comes back when a provider is up for {span(pace.target_min_up)}")
    first = min(proven, key=lambda name: proven[name])
    return Step(f"it moves to {_name(board, first)} if every guard passes", proven[first])


def _stay(board: Board, route: Route, state: RouteState) -> Step:
    to = home(state, route)
    if state.provider == to:
        return Step(f"it moves when {_name(board, to)} is down for {span(board.pace.confirm)}")
    if route.failback != "auto":
        return Step(f"it stays on {_name(board, state.provider)} until somebody moves it back")
    found = board.condition(to)
    if found.health is not Health.UP:
        return Step(f"it returns when {_name(board, to)} has been up for {span(board.pace.stable)}")
    at = max(found.since + board.pace.stable, state.since + board.pace.dwell, board.now)
    return Step(f"it returns to {_name(board, to)}, in steps", at)


def _name(board: Board, provider: str) -> str:
    return "limited mode" if provider == LIMITED else board.provider(provider).name
