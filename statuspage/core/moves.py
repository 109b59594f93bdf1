"""How a route moves: the table of its standings, and what every move changes.

The table says what may happen to a route in each standing. Whether it happens is decided elsewhere, by health, time
and guards (`wanting`), or by a person (`operating`):

* FAILED_OVER, FAILED_BACK: the provider is down (or slow for long enough), and another one passes every guard: one
  further down the order of preference, or the preferred one.
* DRAINED: what stayed behind a move for new connections follows, for its provider fails now.
* SHED: the provider is down and no other passes. Limited mode is safe and always allowed.
* FOUND, FOUND_HOME: in limited mode, a provider passes again.
* RETURNED: the preferred provider has been up for long, and the route returns by itself, in steps.
* FOLLOWED: a rule changed the order of preference; new connections follow, those that stand stay.
* SENT, SENT_HOME, LIMITED_BY_HAND: a person's act.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from statuspage.core.guards import Board, recent_moves
from statuspage.core.route import LIMITED, Mode, Refusal, Route, RouteState, RuleState, Scope
from statuspage.core.site import public_id

BY_HAND = "by_hand"
"""The cause of what a person did of their own accord."""
PREFERENCE = "preference"
"""The cause of what a rule did."""


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
    DRAINED = "drained"
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
        _E.DRAINED: Move(_S.STEADY),
        _E.SHED: Move(_S.LIMITED),
        _E.SENT: Move(_S.SWITCHED),
        _E.LIMITED_BY_HAND: Move(_S.LIMITED),
    },
    _S.SWITCHED: {
        _E.FAILED_OVER: Move(_S.SWITCHED, counts=True),
        _E.FAILED_BACK: Move(_S.STEADY, counts=True),
        _E.DRAINED: Move(_S.SWITCHED),
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
        usable=None if route.mode is Mode.OBSERVE else route.prefer[:1] if route.rules else (),
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
    """The route after a move. Raises KeyError for what the table does not allow. Its ramp comes with `ramping`."""
    move, now, pace = TABLE[standing(state, route)][plan.event], board.now, board.pace
    recent = recent_moves(state, pace, now)
    counts = move.counts and not board.is_built_in(plan.to)
    been = state.been if plan.to == state.provider else dict.fromkeys((*state.been, state.provider))
    return replace(
        state,
        provider=plan.to,
        since=now,
        cause=plan.cause,
        reason=plan.reason,
        by=by,
        previous=state.previous if state.is_limited or plan.to == state.provider else state.provider,
        origin=_origin(state, route, plan),
        scope=Scope.NEW if plan.event is Event.FOLLOWED else Scope.ALL,
        move=move_id(plan.to, now),
        ramp=None,
        rollout=None,
        reorder=state.reorder and plan.to != home(state, route) and not state.is_overdue,
        moves=(*recent, now) if counts and now not in recent else recent,
        proposal=None,
        would=None,
        blocked=(),
        blocked_to=None,
        verify_until=None if plan.to == LIMITED else now + pace.verify,
        expires_at=None,
        expires_to=None,
        been=tuple(each for each in been if each in route.providers),
        exercised_at=now,
    )


def _origin(state: RouteState, route: Route, plan: Plan) -> str | None:
    """Whose failure began it: until the route is at home, not by a rule alone, or where a person calls home."""
    if plan.to == route.prefer[0] or plan.event is Event.SENT_HOME:
        return None
    if state.is_limited or plan.event in (Event.FOLLOWED, Event.DRAINED):
        return state.origin
    return state.origin or state.provider


def move_id(to: str, now: datetime) -> str:
    """The name that the routes share which move to one place at one moment: their clients move together."""
    return public_id("move", f"{to}/{now.isoformat()}")
