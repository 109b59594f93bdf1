"""Routes and providers: what the configuration says of them, and how a route stands.

A route is one module's choice of provider. What is served of it is its directive; whenever that changes, its epoch
rises by exactly one. `limited` stands in the place of a provider where the module works without realtime.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase

LIMITED = "limited"
"""In the place of a provider: clients do not connect, and the module works as far as it can without."""


class Mode(StrEnum):
    """What the robot may do with a route by itself."""

    OBSERVE = "observe"
    """Say what it would do."""
    APPROVE = "approve"
    """Ask first."""
    AUTO = "auto"
    """Do it."""


class Scope(StrEnum):
    """Whom a move concerns."""

    ALL = "all"
    NEW = "new"
    """New connections only: what is connected stays."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Firebase, native WebSockets, a Redis. `component` is what visitors see of it, and what its health is read from.

    `built_in`: a part of the application itself, such as a cache in its own memory. It has no component and no check,
    and is there whenever the application is.
    `capacity` in users, `max_connects_per_s` in new connections a second; None where nobody has said.
    """

    id: str
    name: str
    component: str
    capacity: int | None = None
    max_connects_per_s: float | None = None
    built_in: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """While `attribute` is over `over`, and until it has been under `under` for a while, this order of preference."""

    attribute: str
    over: float
    under: float
    prefer: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One module's choice. `prefer` is its order of preference, `users` its peak number of connections.

    `slow_for`: a provider that is slow for so long is left too; None: only one that is down.
    """

    id: str
    component: str
    prefer: tuple[str, ...]
    mode: Mode = Mode.OBSERVE
    failback: str = "manual"
    users: int | None = None
    rules: tuple[Rule, ...] = ()
    slow_for: timedelta | None = None
    still_works: str | None = None
    """What people can still do in limited mode, a sentence."""

    @property
    def providers(self) -> tuple[str, ...]:
        """Every provider that it may choose, each once."""
        return tuple(dict.fromkeys((*self.prefer, *(name for rule in self.rules for name in rule.prefer))))


@dataclass(frozen=True, slots=True)
class PlannedEvent:
    """Doors that open at `starts` (UTC) for `users` people, on the routes that match `routes`."""

    id: str
    starts: datetime
    ends: datetime
    users: int
    routes: tuple[str, ...] = ("*",)

    def touches(self, route: str) -> bool:
        """Whether it is about that route."""
        return matches(route, self.routes)


@dataclass(frozen=True, slots=True)
class Assertion:
    """What must hold after every move: of the routes that match, at most or at least so many on the provider."""

    id: str
    provider: str
    routes: tuple[str, ...] = ("*",)
    at_most: int | None = None
    at_least: int | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly and how often routes move. facts of the field: Sentinel, Orchestrator, Envoy, Patroni."""

    confirm: timedelta = timedelta(seconds=10)
    """How long a provider is down, from its first bad run, before it is left."""
    target_min_up: timedelta = timedelta(seconds=60)
    """How long a provider is up before anything moves onto it."""
    limited_min: timedelta = timedelta(seconds=30)
    """The shortest time in limited mode."""
    dwell: timedelta = timedelta(minutes=5)
    """The shortest stay before returning by itself."""
    stable: timedelta = timedelta(minutes=15)
    """How long the preferred provider is up before returning by itself."""
    moves: int = 3
    """So many moves by itself within `moves_within`; the next one locks the route until somebody acknowledges."""
    moves_within: timedelta = timedelta(minutes=30)
    verify: timedelta = timedelta(minutes=2)
    """How long a move is watched before it is called good."""
    settle: timedelta = timedelta(seconds=60)
    """Nothing is moved for so long after looking began anew."""
    sunk_within: timedelta = timedelta(seconds=60)
    """Providers that fail within so short a time of each other, or of a move, fail from the load that follows."""
    herd: float = 3.0
    """So many times the usual rate of new connections is a herd."""
    headroom: float = 0.8
    """The part of a capacity and of a rate of new connections that is used."""
    parallel: int = 20
    """The most routes that move at one moment."""
    hold_by_hand: timedelta = timedelta(minutes=30)
    """How long what a person moved is left where it is."""
    rule_hold: timedelta = timedelta(minutes=10)
    """How long a value is under its limit before a rule ends."""
    event_lead: timedelta = timedelta(minutes=30)
    """Before and after a planned event its users count."""
    ramp: timedelta = timedelta(seconds=30)
    """How long a move takes where nobody has said what the provider can take."""
    steps: tuple[int, ...] = (5, 25, 50, 100)
    """The percentages of a return."""
    soak: timedelta = timedelta(minutes=2)
    """How long each of them is watched."""
    max_wait: timedelta = timedelta(seconds=8)
    """How long a client may try to connect."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """From `start` on clients wait `wait_s`, then move each at its own moment within `seconds`."""

    start: datetime
    wait_s: int
    seconds: int

    @property
    def begins(self) -> datetime:
        """When the first of them moves."""
        return self.start + timedelta(seconds=self.wait_s)

    @property
    def ends(self) -> datetime:
        return self.start + timedelta(seconds=self.wait_s + self.seconds)


@dataclass(frozen=True, slots=True)
class Rollout:
    """A return in steps: `pct` of the clients are on `to` since `since`, the others where the route stands.

    Those that came with this step come within `ramp`.
    """

    to: str
    pct: int
    since: datetime
    ramp: Ramp | None = None

    @property
    def arrived(self) -> datetime:
        """When the last of those that came with this step is there."""
        return self.ramp.ends if self.ramp is not None else self.since


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not done: the guard's stable name, and what it saw."""

    guard: str
    detail: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the robot would do, and waits to be told to."""

    to: str
    cause: str
    event: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Holding:
    """A person keeps the robot's hands off, until then. `implied`: they moved it, and said nothing of holding."""

    until: datetime
    by: str
    reason: str = ""
    implied: bool = False


@dataclass(frozen=True, slots=True)
class Flip:
    """Those to whom a rule applies go from `left` to `to`, though others stay: a move and a ramp of their own.

    `left` is None where they had no provider.
    """

    to: str
    left: str | None
    move: str
    ramp: Ramp


@dataclass(frozen=True, slots=True)
class RuleState:
    """Whether a rule holds, since when its value has been under its limit, and the last flip of whom it applies to."""

    held: bool = False
    under_since: datetime | None = None
    flip: Flip | None = None


@dataclass(frozen=True, slots=True)
class RouteState:
    """How a route stands. `provider` is a provider's id, or `limited`; `previous` is where clients come from.

    `move` is shared by the routes that moved together, so that a client's modules move at one moment. `usable` are
    the providers that may be given to clients to whom a rule applies; None while the route was only ever observed: any,
    as without us. `moves` are the times of the robot's own
    moves between providers. `cause` is a word such as `firebase_down`.
    """

    route: str
    provider: str
    epoch: int
    since: datetime
    cause: str = "start"
    by: str = "robot"
    reason: str = ""
    previous: str | None = None
    origin: str | None = None
    """The provider whose failure began it, until the route is at home again."""
    scope: Scope = Scope.ALL
    move: str = ""
    ramp: Ramp | None = None
    rollout: Rollout | None = None
    usable: tuple[str, ...] | None = ()
    lost: tuple[str, ...] = ()
    """Those that were usable and failed since."""
    order: tuple[str, ...] = ()
    """The order of preference that was last looked at."""
    reorder: bool = False
    """The order has another first since, and new connections are to follow."""
    rules: tuple[RuleState, ...] = ()
    moves: tuple[datetime, ...] = ()
    locked_at: datetime | None = None
    pinned: Holding | None = None
    paused: Holding | None = None
    proposal: Proposal | None = None
    would: str | None = None
    """Where an observed route would be."""
    blocked: tuple[Refusal, ...] = ()
    blocked_to: str | None = None
    verify_until: datetime | None = None
    expires_at: datetime | None = None
    """Only for what a person limited until then."""
    expires_to: str | None = None
    been: tuple[str, ...] = ()
    """The providers that it has left."""
    exercised_at: datetime | None = None
    """When it last moved, or was drilled."""
    changed_at: datetime | None = None

    @property
    def is_limited(self) -> bool:
        return self.provider == LIMITED

    @property
    def is_in_hand(self) -> bool:
        """Whether it stands where a person wants it, for everybody."""
        return self.pinned is not None or self.cause == "by_hand"

    @property
    def served(self) -> tuple[object, ...]:
        """What consumers see change: the epoch rises when this does, and at no other time."""
        pct = (self.rollout.to, self.rollout.pct, self.rollout.ramp) if self.rollout else None
        held = tuple((each.held, each.flip.move if each.flip else None) for each in self.rules)
        in_hand = bool(self.rules) and self.is_in_hand
        ends = (self.expires_at, self.expires_to)
        return (self.provider, self.scope, self.move, pct, self.usable, held, in_hand, ends)

    @property
    def is_overdue(self) -> bool:
        """Whether a person said that it is limited until a moment that has come, and where it goes then."""
        return self.is_limited and self.expires_at is None and self.expires_to is not None

    @property
    def arrived(self) -> datetime:
        """When the last of its clients is where it stands: at the end of its ramp."""
        return self.ramp.ends if self.ramp is not None else self.since

    def is_moving(self, now: datetime) -> bool:
        """Whether the route's clients are still on their way."""
        return self.ramp is not None and now < self.ramp.ends

    def is_under_way(self, now: datetime) -> bool:
        """Whether anybody is: the route's clients, or those to whom a rule applies."""
        return self.is_moving(now) or any(each.flip is not None and now < each.flip.ramp.ends for each in self.rules)

    def sending(self, to: str | None, steps: Sequence[int]) -> dict[Ramp, int]:
        """The ramps of its clients onto a provider, or onto any (None), each with the percentage that comes with it."""
        found = [(self.provider, self.ramp, 100)]
        found += [(each.flip.to, each.flip.ramp, 100) for each in self.rules if each.flip is not None]
        if self.rollout is not None:
            before = max((pct for pct in steps if pct < self.rollout.pct), default=0)
            found.append((self.rollout.to, self.rollout.ramp, self.rollout.pct - before))
        return {ramp: part for place, ramp, part in found if ramp is not None and ramp.seconds and to in (None, place)}


@dataclass(frozen=True, slots=True)
class Switchboard:
    """Everything that the configuration says of routes."""

    providers: tuple[Provider, ...] = ()
    routes: tuple[Route, ...] = ()
    events: tuple[PlannedEvent, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    pace: Pace = field(default_factory=Pace)
    beacon_share: float = 0.1
    """The part of their tries to connect that clients tell of."""

    def provider(self, id: str) -> Provider | None:
        """The provider of that id, or None."""
        return next((each for each in self.providers if each.id == id), None)

    def route(self, id: str) -> Route | None:
        """The route of that id, or None."""
        return next((each for each in self.routes if each.id == id), None)

    def routes_of(self, component: str) -> tuple[Route, ...]:
        """The routes that serve a component."""
        return tuple(each for each in self.routes if each.component == component)


def matches(route: str, patterns: tuple[str, ...]) -> bool:
    """Whether a route's id matches one of these, such as `realtime.*`."""
    return any(fnmatchcase(route, pattern) for pattern in patterns)
