"""How a route moves: the table of its standings, and what every move changes.

The table says what may happen to a route in each standing. Whether it happens is decided elsewhere, by health, time
and guards (`wanting`), or by a person (`operating`):

* FAILED_OVER, FAILED_BACK: the provider is down (or slow for long enough), and another one passes every guard: one
  further down the order of preference, or the preferred one.
* SHED: the provider is down and no other passes. Limited mode is safe and always allowed.
* FOUND, FOUND_HOME: in limited mode, a provider passes again.
* RETURNED: the preferred provider has been up for long, and the route returns by itself, in steps.
* FOLLOWED: a rule changed the order of preference; new connections follow, those that stand stay.
* SENT, SENT_HOME, LIMITED_BY_HAND: a person's act.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from statuspage.core.guards import Board, recent_moves
from statuspage.core.load import arrivals, users_of
from statuspage.core.pacing import ramp_after, seconds_for
from statuspage.core.route import LIMITED, Refusal, Route, RouteState, RuleState, Scope
from statuspage.core.site import public_id

BY_HAND = "by_hand"
"""The cause of what a person did of their own accord."""


class Standing(StrEnum):
    """Where a route stands."""

    STEADY = "steady"
    """On the provider it prefers."""
    SWITCHED = "switched"
    """On another one."""
    LIMITED = "limited"


class Event(StrEnum):
    """What can happen to a route."""

    FAILED_OVER = "failed_over"
    FAILED_BACK = "failed_back"
    SHED = "shed"
    FOUND = "found"
    FOUND_HOME = "found_home"
    RETURNED = "returned"
    FOLLOWED = "followed"
    SENT = "sent"
    SENT_HOME = "sent_home"
    LIMITED_BY_HAND = "limited_by_hand"


@dataclass(frozen=True, slots=True)
class Move:
    """What an event means. `counts`: against the budget of moves that the robot makes by itself."""

    to: Standing
    counts: bool = False


_S, _E = Standing, Event
TABLE: Mapping[Standing, Mapping[Event, Move]] = {
    _S.STEADY: {
        _E.FAILED_OVER: Move(_S.SWITCHED, counts=True),
        _E.SHED: Move(_S.LIMITED),
        _E.SENT: Move(_S.SWITCHED),
        _E.LIMITED_BY_HAND: Move(_S.LIMITED),
    },
    _S.SWITCHED: {
        _E.FAILED_OVER: Move(_S.SWITCHED, counts=True),
        _E.FAILED_BACK: Move(_S.STEADY, counts=True),
        _E.SHED: Move(_S.LIMITED),
        _E.RETURNED: Move(_S.STEADY, counts=True),
        _E.FOLLOWED: Move(_S.STEADY, counts=True),
        _E.SENT: Move(_S.SWITCHED),
        _E.SENT_HOME: Move(_S.STEADY),
        _E.LIMITED_BY_HAND: Move(_S.LIMITED),
    },
    _S.LIMITED: {
        _E.FOUND: Move(_S.SWITCHED, counts=True),
        _E.FOUND_HOME: Move(_S.STEADY, counts=True),
        _E.SENT: Move(_S.SWITCHED),
        _E.SENT_HOME: Move(_S.STEADY),
    },
}
"""A missing row is the illegal move."""


def standing(state: RouteState, route: Route) -> Standing:
    """Where it stands, by the order of preference that holds."""
    if state.is_limited:
        return Standing.LIMITED
    return Standing.STEADY if state.provider == home(state, route) else Standing.SWITCHED


def home(state: RouteState, route: Route) -> str:
    """The provider that it prefers at this moment."""
    return (state.order or route.prefer)[0]


def first_state(route: Route, now: datetime) -> RouteState:
    """A route that was never seen before: on the provider that it prefers."""
    return RouteState(
        route=route.id,
        provider=route.prefer[0],
        epoch=1,
        since=now,
        move=move_id(route.prefer[0], now),
        usable=route.providers if route.rules else (),
        order=route.prefer,
        rules=tuple(RuleState() for _ in route.rules),
        changed_at=now,
    )


def numbered(before: RouteState, after: RouteState, now: datetime) -> RouteState:
    """The route with the next epoch, if what consumers see of it has changed."""
    if after.served == before.served:
        return after
    return replace(after, epoch=before.epoch + 1, changed_at=now)


@dataclass(frozen=True, slots=True)
class Plan:
    """A move that somebody wants: what forbids it (`refused`), and what spoke against everything better (`spurned`).

    `overspent`: a destination passes, and nothing but the budget of moves forbids it.
    """

    event: Event
    to: str
    cause: str
    reason: str
    refused: tuple[Refusal, ...] = ()
    spurned: tuple[Refusal, ...] = ()
    overspent: bool = False


def moved_to(state: RouteState, route: Route, plan: Plan, *, by: str, board: Board) -> RouteState:
    """The route after a move. Raises KeyError for what the table does not allow. Its ramp comes with `with_ramps`."""
    move, now, pace = TABLE[standing(state, route)][plan.event], board.now, board.pace
    recent = recent_moves(state, pace, now)
    failed = state.origin or (None if state.is_limited else state.provider)
    return replace(
        state,
        provider=plan.to,
        since=now,
        cause=plan.cause,
        reason=plan.reason,
        by=by,
        previous=state.previous if state.is_limited else state.provider,
        origin=None if move.to is Standing.STEADY else failed,
        scope=Scope.NEW if plan.event is Event.FOLLOWED else Scope.ALL,
        move=move_id(plan.to, now),
        ramp=None,
        rollout=None,
        reorder=state.reorder and plan.to != home(state, route) and not state.is_overdue,
        moves=(*recent, now) if move.counts else recent,
        proposal=None,
        would=None,
        blocked=(),
        blocked_to=None,
        verify_until=None if plan.to == LIMITED else now + pace.verify,
        expires_at=None,
        expires_to=None,
        exercised_at=now,
    )


def move_id(to: str, now: datetime) -> str:
    """The name that the routes share which move to one place at one moment: their clients move together."""
    return public_id("move", f"{to}/{now.isoformat()}")


def with_ramps(board: Board, moved: Sequence[str]) -> Board:
    """The board with a ramp for each route that has just moved: one for all that move onto the same provider.

    Ramps of earlier moves that are still under way come first; together they never ask for more than its share.
    """
    groups: dict[str, list[Route]] = {}
    for route in board.switchboard.routes:
        state = board.states.get(route.id)
        if state is not None and route.id in moved and not state.is_limited and state.scope is Scope.ALL:
            groups.setdefault(state.provider, []).append(route)
    for to, routes in groups.items():
        known = [users_of(each, board.signals, board.now) for each in routes]
        users = sum(each or 0 for each in known) if any(each is not None for each in known) else None
        provider = board.provider(to)
        arriving = arrivals(to, board.signals, board.now)
        # Nobody connects to what is built in.
        seconds = 0 if provider.built_in else seconds_for(users, provider.max_connects_per_s, arriving, board.pace)
        others = [
            state.ramp
            for id, state in board.states.items()
            if id not in moved and state.provider == to and state.ramp is not None and state.is_moving(board.now)
        ]
        ramp = ramp_after(others, seconds, board.now)
        for each in routes:
            board = board.after(replace(board.states[each.id], ramp=ramp))
    return board
