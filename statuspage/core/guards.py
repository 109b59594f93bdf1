"""Guards: named reasons not to move a route. Every one that speaks is reported, with what it saw.

The names never change: people override a guard by its name. `stale_lease` and `epoch_conflict` are not here, for they
are found where a decision is written, and nobody overrides them.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from statuspage.core.detection import EPOCH
from statuspage.core.felt import MANY, Felt
from statuspage.core.health import Condition, Health
from statuspage.core.load import Signal, Signals, arrivals, herd, peak_of, planned_for, said_on
from statuspage.core.maintenance import Window
from statuspage.core.route import LIMITED, Pace, Provider, Refusal, Route, RouteState, Scope, Switchboard, matches

READY_WITHIN = timedelta(minutes=5)
"""A destination was seen to work so recently."""
LATE = timedelta(seconds=25)
"""So long after a ramp its last clients are in what is said: they read of it within 15 s, and counts take 10 s."""


@dataclass(frozen=True, slots=True)
class Board:
    """What the guards look at. `states` are the routes as they stand, those already moved at this moment among them.

    `conditions` are the providers' by id. `watching_since` is when looking began anew: before it no time counts.
    """

    switchboard: Switchboard
    states: Mapping[str, RouteState]
    conditions: Mapping[str, Condition]
    now: datetime
    signals: Signals = field(default_factory=dict)
    felt: Felt = field(default_factory=dict)
    windows: Sequence[Window] = ()
    watching_since: datetime = EPOCH

    @property
    def moving(self) -> int:
        """The routes that the robot moves between providers at this very moment."""
        return sum(1 for state in self.states.values() if state.moves and state.moves[-1] == self.now)

    @property
    def pace(self) -> Pace:
        return self.switchboard.pace

    def condition(self, provider: str) -> Condition:
        """The condition of a provider; unknown where nothing is known."""
        return self.conditions.get(provider, Condition())

    def lasts(self, since: datetime) -> timedelta:
        """For how long something has lasted while somebody looked."""
        return self.now - max(since, self.watching_since)

    def provider(self, id: str) -> Provider:
        """The provider of that id, an unlimited one where the configuration has none."""
        return self.switchboard.provider(id) or Provider(id, id, "")

    def is_built_in(self, place: str) -> bool:
        """Whether a place is a part of the application itself: as safe as limited mode, and better."""
        known = self.switchboard.provider(place)
        return known is not None and known.built_in

    def after(self, state: RouteState) -> "Board":
        """The same with a route as it stands now."""
        return replace(self, states={**self.states, state.route: state})

    def on(self, provider: str, but: str = "") -> list[Route]:
        """The routes that stand on a provider, or are returning to it."""
        return [
            each
            for each in self.switchboard.routes
            if each.id != but and (state := self.states.get(each.id)) and provider in _places(state)
        ]

    def users(self, route: Route, state: RouteState | None = None) -> int | None:
        """How many connections to reckon with when it moves from where it stands; None where nobody has said."""
        stands = state or self.states.get(route.id)
        peak = peak_of(route, self.signals, self.now, is_trusted=stands is not None and self._is_calm(stands))
        planned = planned_for(route, self.switchboard.events, self.now, self.pace.event_lead)
        return max((each for each in (peak, planned) if each is not None), default=None)

    def users_on(self, provider: Provider, but: str = "") -> int:
        """How many connections to reckon with on a provider, beside those of one route."""
        summed = sum(self.users(each) or 0 for each in self.on(provider.id, but))
        return max(summed, said_on(provider, self.signals, self.now))

    def uncounted(self, provider: str, also: Route) -> list[str]:
        """Of the routes on a provider, and one more, those whose users nobody has counted: they count as 0."""
        return [each.id for each in (*self.on(provider, but=also.id), also) if self.users(each) is None]

    def arriving(self, to: str, coming: Iterable[tuple[Route, RouteState]], *, surely: bool = False) -> float:
        """New connections a second that a provider would take anyway with these routes, from where they stood.

        Those of a route come along. Where it says less than its source does, the source is believed. `surely`: few
        beacons are none, for a ramp may be too long at a stranger's word, but nobody stays on what is dead for it.
        """
        states = tuple((route, state) for route, state in coming if state.provider != to)
        rate = sum(self._arrivals(route.id, surely) for route, _ in states)
        sources = {source for _, state in states if (source := self._source(state)) not in (None, to)}
        left = sum(self._arrivals(source, surely) for source in sources if source is not None)
        return self._arrivals(to, surely) + max(rate, left)

    def _arrivals(self, subject: str, surely: bool) -> float:
        return arrivals(subject, self.unsent(subject), self.now, beacons=MANY if surely else 0)

    def unsent(self, subject: str) -> Signals:
        """What is said of a provider or of a route, without the new connections that our own ramps send there.

        Who was sent is no herd, and does not come anyway.
        """
        said, sent = self.signals.get(subject, ()), self._sent(subject)
        if not sent:
            return {subject: said}
        return {subject: [each if each.connects_per_s is None else _less(each, sent) for each in said]}

    def _sent(self, subject: str) -> list[tuple[datetime, datetime, float]]:
        """From when until when our own ramps send clients to a provider, or a route's clients, and how many a second.

        Where nobody has said how many they are it may be any number: what comes cannot be told from it.
        """
        found = []
        for route in self.switchboard.routes:
            state = self.states.get(route.id)
            ramps = state.sending(None if route.id == subject else subject, self.pace.steps) if state else {}
            users = self.users(route) if ramps else None
            for ramp, part in ramps.items():
                rate = users * part / 100 / ramp.seconds if users is not None else math.inf
                found.append((ramp.begins, ramp.ends + LATE, rate))
        return found

    def _source(self, state: RouteState) -> str | None:
        """Where new connections try to go now: limited, to what failed, as long as it is not well."""
        if not state.is_limited:
            return state.provider
        was = state.origin or state.previous
        return None if was is None or self.condition(was).health is Health.UP else was

    def _is_calm(self, state: RouteState) -> bool:
        """Whether everybody can be where they are counted: no source of theirs fails, nobody is on the way."""
        sources = (state.provider, state.previous) if state.scope is Scope.NEW else (state.provider,)
        is_well = all(self.condition(each).health is Health.UP for each in sources if each is not None)
        return is_well and not state.is_under_way(self.now)


def _less(said: Signal, sent: Iterable[tuple[datetime, datetime, float]]) -> Signal:
    rate = sum(rate for begins, ends, rate in sent if begins < said.at <= ends)
    return replace(said, connects_per_s=max((said.connects_per_s or 0.0) - rate, 0.0))


def _places(state: RouteState) -> tuple[str, ...]:
    return (state.provider, state.rollout.to) if state.rollout else (state.provider,)


@dataclass(frozen=True, slots=True)
class Wish:
    """A move that is being thought about."""

    route: Route
    state: RouteState
    to: str


Guard = Callable[[Board, Wish], str | None]
"""What speaks against the move, in a few words; None for nothing."""


def _target_not_up(board: Board, wish: Wish) -> str | None:
    found = board.condition(wish.to)
    if found.health is Health.UP:
        return None
    return f"{wish.to} is {found.health}" + (f": {found.why}" if found.why else "")


def _target_not_proven(board: Board, wish: Wish) -> str | None:
    found, needed = board.condition(wish.to), board.pace.target_min_up
    if found.health is not Health.UP or board.is_built_in(wish.to):
        return None  # it is not up: that is said already; what is built in is there whenever the application is
    lasted = board.lasts(found.since)
    return None if lasted >= needed else f"{wish.to} is up for {_s(lasted)} of {_s(needed)}"


def _not_ready(board: Board, wish: Wish) -> str | None:
    seen = board.condition(wish.to).seen_at
    if _is_worked_on(board, board.provider(wish.to).component):
        return f"planned work is under way on {wish.to}"
    if seen is None:
        return f"{wish.to} has no check that has ever answered"
    age = board.now - seen
    return f"{wish.to} was last looked at {_s(age)} ago" if age > READY_WITHIN else None


def _capacity(board: Board, wish: Wish) -> str | None:
    if board.is_built_in(wish.to):
        return None  # there is one in every process of the application: nobody connects to it
    return _crowd(board, wish) or _rush(board, wish)


def _rush(board: Board, wish: Wish) -> str | None:
    """New connections that alone are more than the destination's share: no ramp could make room for the others."""
    takes = board.provider(wish.to).max_connects_per_s
    if takes is None:
        return None
    share, rate = takes * board.pace.headroom, board.arriving(wish.to, [(wish.route, wish.state)], surely=True)
    if rate <= share:
        return None
    return f"{wish.to} takes {share:g} new connections a second ({board.pace.headroom:.0%} of {takes:g}): {rate:g} come"


def _crowd(board: Board, wish: Wish) -> str | None:
    provider = board.provider(wish.to)
    if provider.capacity is None:
        return None
    there = board.users_on(provider, but=wish.route.id)
    coming = board.users(wish.route, wish.state) or 0
    room = int(provider.capacity * board.pace.headroom)
    if there + coming <= room:
        return None
    limit = f"{room:,} users ({board.pace.headroom:.0%} of {provider.capacity:,})"
    unsaid = board.uncounted(wish.to, wish.route)
    others = f" and those of {', '.join(unsaid)}, whom nobody has counted" if unsaid else ""
    return f"{wish.to} takes {limit}: {there:,} + {coming:,}{others}"


def _follows_load(board: Board, wish: Wish) -> str | None:
    """Whether the failure would follow the users: a herd halted it, or both providers sink together."""
    if board.is_built_in(wish.to):
        return None
    source = wish.state.provider if wish.state.provider != LIMITED else (wish.state.origin or "")
    if wish.to == source:  # those that stayed behind follow
        source = wish.state.previous or source
    for subject in dict.fromkeys((wish.route.id, source, wish.to)):
        takes = board.provider(wish.to if subject == wish.route.id else subject).max_connects_per_s
        found = herd(subject, board.unsent(subject), board.now, board.pace, takes)
        if found is not None:
            return found
    return None


def _flap_budget(board: Board, wish: Wish) -> str | None:
    if wish.state.locked_at is not None:
        return f"locked since {wish.state.locked_at:%H:%M:%S} UTC, until somebody acknowledges"
    recent = recent_moves(wish.state, board.pace, board.now)
    if len(recent) < board.pace.moves:
        return None
    return f"{len(recent)} moves within {_s(board.pace.moves_within)}"


def _paused_or_pinned(board: Board, wish: Wish) -> str | None:
    for what, holding in (("paused", wish.state.paused), ("pinned", wish.state.pinned)):
        if holding is not None and board.now < holding.until and not (holding.implied and _is_rescue(board, wish)):
            return f"{what} by {holding.by} until {holding.until:%H:%M} UTC"
    sources = (wish.route.component, board.provider(wish.state.provider).component)
    return "planned work is under way" if any(_is_worked_on(board, each) for each in sources) else None


def _is_rescue(board: Board, wish: Wish) -> bool:
    """Whether it is about going to safety from what sank with the move: whoever moved it did not mean that."""
    is_safe = wish.to == LIMITED or board.is_built_in(wish.to)
    return is_safe and is_failing(board, wish.state.provider) and sank_with_the_move(board, wish.state)


def _is_worked_on(board: Board, component: str) -> bool:
    return any(window.covers(component, board.now) for window in board.windows)


def _tilt(board: Board, wish: Wish) -> str | None:
    looked = board.now - board.watching_since
    return None if looked >= board.pace.settle else f"looking for {_s(looked)} of {_s(board.pace.settle)}"


def _parallel(board: Board, wish: Wish) -> str | None:
    return f"{board.moving} routes move already" if board.moving >= board.pace.parallel else None


def _dwell(board: Board, wish: Wish) -> str | None:
    stayed = board.now - wish.state.since
    return None if stayed >= board.pace.dwell else f"here for {_s(stayed)} of {_s(board.pace.dwell)}"


def _not_stable(board: Board, wish: Wish) -> str | None:
    found = board.condition(wish.to)
    if found.health is not Health.UP:
        return None
    lasted = board.lasts(found.since)
    return None if lasted >= board.pace.stable else f"{wish.to} is up for {_s(lasted)} of {_s(board.pace.stable)}"


def assertions(board: Board, wish: Wish) -> Iterable[Refusal]:
    """The assertions that would not hold after the move, each under its own name."""
    places = {id: _places(state) for id, state in board.states.items()} | {wish.route.id: (wish.to,)}
    for rule in board.switchboard.assertions:
        if not matches(wish.route.id, rule.routes):
            continue
        count = sum(
            rule.provider in places.get(r.id, ()) for r in board.switchboard.routes if matches(r.id, rule.routes)
        )
        if rule.at_most is not None and count > rule.at_most and wish.to == rule.provider:
            yield Refusal(f"assertion:{rule.id}", f"{count} routes would be on {rule.provider}, at most {rule.at_most}")
        is_left = wish.state.provider == rule.provider and not is_failing(board, rule.provider)
        if rule.at_least is not None and count < rule.at_least and is_left:
            yield Refusal(
                f"assertion:{rule.id}", f"{count} routes would be on {rule.provider}, at least {rule.at_least}"
            )


GUARDS: Mapping[str, Guard] = {
    "target_not_up": _target_not_up,
    "target_not_proven": _target_not_proven,
    "not_ready": _not_ready,
    "capacity": _capacity,
    "follows_load": _follows_load,
    "dwell": _dwell,
    "not_stable": _not_stable,
    "flap_budget": _flap_budget,
    "parallel": _parallel,
    "paused_or_pinned": _paused_or_pinned,
    "tilt": _tilt,
}

OF_TARGET = ("target_not_up", "target_not_proven", "not_ready", "capacity", "follows_load")
"""What a destination must pass, whoever moves onto it."""
OF_ROBOT = ("flap_budget", "parallel")
"""What the robot must pass to move between providers."""
OF_HANDS = ("paused_or_pinned", "tilt")
"""What the robot must pass to do anything at all, limited mode included."""
OF_RETURN = ("dwell", "not_stable")
"""What a return of its own must pass besides."""
UNFORGIVING = ("stale_lease", "epoch_conflict")
"""What nobody overrides."""


def refusals(board: Board, wish: Wish, *names: str) -> tuple[Refusal, ...]:
    """What the named guards say against the move."""
    found = ((name, GUARDS[name](board, wish)) for name in names)
    return tuple(Refusal(name, said) for name, said in found if said is not None)


def against_target(board: Board, wish: Wish) -> tuple[Refusal, ...]:
    """What speaks against the destination itself."""
    if wish.to == LIMITED:
        return ()
    return (*refusals(board, wish, *OF_TARGET), *assertions(board, wish))


def is_failing(board: Board, provider: str) -> bool:
    """Down for as long as it takes to believe it, from the first bad run. UNKNOWN is not down."""
    found = board.condition(provider)
    return found.health is Health.DOWN and board.now - found.since >= board.pace.confirm


def sank_with_the_move(board: Board, state: RouteState) -> bool:
    """Whether the provider went down so soon after clients were moved onto it that the load must have followed."""
    down_since, within = board.condition(state.provider).since, board.pace.sunk_within
    if state.previous is None:
        return False
    return state.since - within <= down_since <= max(state.since, state.arrived) + within


def recent_moves(state: RouteState, pace: Pace, now: datetime) -> tuple[datetime, ...]:
    """The robot's own moves that still count."""
    return tuple(at for at in state.moves if now - at < pace.moves_within)


def _s(length: timedelta) -> str:
    return f"{length.total_seconds():.0f} s"
