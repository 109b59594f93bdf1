"""Worlds in memory in which routes are steered: what the rules of failover are proved on.

A `World` steers once a second, from what its checks say, and holds every tick to two laws: steering again at the same
moment changes nothing, and an epoch rises by one when what is served changes and at no other time. A `RoutedPage`
takes whole decisions, incidents included, as the store does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache

from statuspage.core import operating
from statuspage.core.boarding import board_of
from statuspage.core.detection import EPOCH, Belief, Run, Verdict
from statuspage.core.failover import Moved, Noticed, Steered, steer
from statuspage.core.felt import SLOT, Counts, Stretch, begun
from statuspage.core.guards import Board
from statuspage.core.incident import Update
from statuspage.core.load import BASELINE, Signal
from statuspage.core.maintenance import Maintenance
from statuspage.core.moves import Event
from statuspage.core.observation import Outcome, Reason
from statuspage.core.operating import Order
from statuspage.core.rooms import watch_rooms
from statuspage.core.route import (
    LIMITED,
    Assertion,
    Mode,
    Pace,
    PlannedEvent,
    Provider,
    Refusal,
    Route,
    RouteState,
    Rule,
    Switchboard,
)
from statuspage.core.route_events import steered_events
from statuspage.core.site import Component, Site, Times
from statuspage.core.state import Decision, JournalEvent, State
from tests.core.pages import DOWN, SLOW, UNKNOWN, UNSTABLE, UP, Page, site_of
from tests.core.values import T0

FIREBASE, NATIVE, THIRD = "firebase", "native", "third"
CHAT, QUESTIONS = "realtime.chat", "realtime.questions"

NAMES = {FIREBASE: "Firebase Web Sockets", NATIVE: "Native Web Sockets", THIRD: "Third Web Sockets"}
LONG_AGO = T0 - timedelta(days=1)
BAD = (DOWN, SLOW, UNSTABLE)
EVERY = timedelta(seconds=10)
"""How often those who say how many they are say it again."""


def provider(id: str, capacity: int | None = None, rate: float | None = None) -> Provider:
    """A provider whose component and check have its own id."""
    return Provider(id, NAMES.get(id, id.title()), id, capacity, rate)


def route(id: str = CHAT, *prefer: str, mode: Mode = Mode.AUTO, failback: str = "manual", **more: object) -> Route:
    """A route, in `auto` unless said otherwise; its component is the last part of its id."""
    order = prefer or (FIREBASE, NATIVE)
    made = Route(id, id.rpartition(".")[2], order, mode, failback)
    return replace(made, **more)  # type: ignore[arg-type]


def rule(over: float = 5000, under: float = 4000, *prefer: str, attribute: str = "event_users") -> Rule:
    """Over 5,000 users: native first."""
    return Rule(attribute, over, under, prefer or (NATIVE, FIREBASE))


def switchboard(
    *routes: Route,
    providers: Sequence[Provider] = (),
    events: Sequence[PlannedEvent] = (),
    assertions: Sequence[Assertion] = (),
    pace: Pace | None = None,
) -> Switchboard:
    """A switchboard of these routes (one for chat where there are none); providers that nobody describes are plain."""
    chosen = routes or (route(),)
    known = {each.id: each for each in providers}
    named = dict.fromkeys(name for each in chosen for name in each.providers)
    every = (*providers, *(provider(name) for name in named if name not in known))
    return Switchboard(every, chosen, tuple(events), tuple(assertions), pace or Pace())


@cache
def routed_site(board: Switchboard, times: Times | None = None, publish: str = "auto") -> Site:
    """A page with a component for each provider, with one check, and one for each module, with none."""
    sources = (Component(each.component, each.name, 1, checks=(each.id,), publish=publish) for each in board.providers)
    modules = dict.fromkeys(each.component for each in board.routes)
    parts = (*sources, *(Component(each, f"Session {each.title()}", 1) for each in modules))
    return replace(site_of(*parts, times=times), switchboard=board)


def spare(belief: Belief, now: datetime) -> Belief:
    """The belief with a run of the last ten seconds, as its verdict says; of what is not known there is none."""
    if belief.verdict is UNKNOWN:
        return belief
    outcome = Outcome.FAIL if belief.verdict in BAD else Outcome.OK
    last = belief.window[-1] if belief.window else None
    if last is not None and last.outcome is outcome and timedelta(0) <= now - last.at < EVERY:
        return belief
    return replace(belief, window=(Run(now, outcome),))


def believed(check: str, verdict: Verdict, since: datetime) -> Belief:
    """What is held of a check."""
    reason, stage = (Reason.TIMEOUT, "upgrade") if verdict in BAD else (None, None)
    return Belief(check, "local", verdict, since, reason, stage)


@dataclass
class World:
    """Providers, routes, what is said of them, and a clock. Starts with every provider up for a day."""

    switchboard: Switchboard = field(default_factory=switchboard)
    now: datetime = T0
    routes: dict[str, RouteState] = field(default_factory=dict)
    beliefs: dict[str, Belief] = field(default_factory=dict)
    said: dict[str, tuple[int | None, float | None]] = field(default_factory=dict)
    signals: dict[str, list[Signal]] = field(default_factory=dict)
    felt: dict[str, list[Stretch]] = field(default_factory=dict)
    maintenances: dict[str, Maintenance] = field(default_factory=dict)
    watching_since: datetime = EPOCH
    unseen: set[str] = field(default_factory=set)
    """Providers that no check has run against since."""
    low: frozenset[str] = frozenset()
    moves: list[Moved] = field(default_factory=list)
    noticed: list[Noticed] = field(default_factory=list)
    events: list[JournalEvent] = field(default_factory=list)
    written: int = 0
    """How often a route was written."""

    def __post_init__(self) -> None:
        for each in self.switchboard.providers:
            self.beliefs.setdefault(each.id, believed(each.id, UP, LONG_AGO))
        self.tick()

    # what happens

    def see(self, verdict: Verdict, *providers: str, ago: float = 0) -> None:
        """From now on, or from some seconds ago, these providers are so."""
        for each in providers:
            before, since = self.beliefs[each], self.now - timedelta(seconds=ago)
            self.beliefs[each] = replace(believed(each, verdict, since), window=before.window)

    def say(self, subject: str, users: int | None = None, rate: float | None = None) -> None:
        """A route or a provider says this of itself, and goes on saying it every ten seconds."""
        self.said[subject] = (users, rate)
        self._speak(subject)

    def feel(self, provider: str, counts: Counts) -> None:
        """Beacons tell this of the slot that goes on."""
        self.felt.setdefault(provider, []).append(Stretch(begun(self.now, SLOT), counts))

    def hush(self, subject: str) -> None:
        """Nothing is said of it any more."""
        del self.said[subject]

    def hide(self, provider: str) -> None:
        """It has never had a run that was evidence."""
        self.unseen.add(provider)
        self.beliefs[provider] = replace(self.beliefs[provider], window=())

    def plan_work(self, component: str, seconds: float) -> None:
        """Planned work on a component begins now."""
        until = self.now + timedelta(seconds=seconds)
        update = Update("begun", "in_progress", "Work.", self.now, self.now, "ana", published_at=self.now)
        self.maintenances[component] = Maintenance(
            component, "Work", self.now, until, (component,), self.now, self.now, "ana", (update,)
        )

    def look_anew(self) -> None:
        """Looking begins anew, as after a restart: no time before it counts."""
        self.watching_since = self.now

    def configure(self, board: Switchboard) -> None:
        """Another configuration is published."""
        self.switchboard = board
        for each in board.providers:
            self.beliefs.setdefault(each.id, believed(each.id, UP, LONG_AGO))

    def wait(self, seconds: float, every: float = 1) -> None:
        """Let time pass, steering every second, or every so often where nothing is to be hit upon the second."""
        until = self.now + timedelta(seconds=seconds)
        while self.now < until:
            self.now = min(until, self.now + timedelta(seconds=every))
            self.tick()

    def tick(self) -> Steered:
        """Steer as the monitor does."""
        self.maintenances = {id: each for id, each in self.maintenances.items() if self.now < each.ends}
        self.beliefs = {id: each if id in self.unseen else spare(each, self.now) for id, each in self.beliefs.items()}
        for subject in self.said:
            if self.now - self.signals[subject][-1].at >= EVERY:
                self._speak(subject)
        board = self.board()
        done = steer(board)
        self._hold_to_the_laws(board, done)
        if done.states:
            board = replace(board, states={**board.states, **done.states})
        self.events += steered_events(self.routes, done, board)
        self.routes |= done.states
        self.moves += done.moves
        self.noticed += done.noticed
        self.written += len(done.states)
        rooms = watch_rooms(board, self.low)
        self.low = self.low if rooms.low is None else rooms.low
        self.events += rooms.events
        return done

    def _speak(self, subject: str) -> None:
        known = [each for each in self.signals.get(subject, []) if self.now - each.at < BASELINE]
        self.signals[subject] = [*known, Signal(subject, self.now, *self.said[subject])]

    def _hold_to_the_laws(self, board: Board, done: Steered) -> None:
        for id, after in done.states.items():
            before = board.states.get(id)
            if before is not None:
                assert after.epoch - before.epoch == (after.served != before.served), (before, after)
        if not done.states:
            return  # the same again
        again = steer(replace(board, states={**board.states, **done.states}))
        assert again == Steered(), again

    # what people do

    def order(self, id: str = CHAT, by: str = "ana") -> Order:
        """Because, and with the epoch that stands."""
        return Order(by, "because", self.routes[id].epoch)

    def move(self, to: str, id: str = CHAT, override: Sequence[str] = (), **more: object) -> Decision:
        """Ana sends a route somewhere."""
        return self.act(
            lambda held: operating.move(held, id, to, self.order(id), self.now, override, **more)  # type: ignore[arg-type]
        )

    def approve(self, id: str = CHAT, override: Sequence[str] = (), to: str | None = None) -> Decision:
        """What is proposed, as whoever looks at it sees it, or what was seen to be proposed."""
        proposal = self.routes[id].proposal
        seen = to or (proposal.to if proposal is not None else None)
        return self.act(lambda held: operating.approve(held, id, self.order(id), self.now, override, seen))

    def pin(self, seconds: float, id: str = CHAT) -> Decision:
        return self.act(lambda held: operating.pin(held, id, self.in_(seconds), self.order(id), self.now))

    def pause(self, seconds: float, id: str = CHAT) -> Decision:
        return self.act(lambda held: operating.pause(held, id, self.in_(seconds), self.order(id), self.now))

    def resume(self, id: str = CHAT) -> Decision:
        return self.act(lambda held: operating.resume(held, id, self.order(id), self.now))

    def acknowledge(self, id: str = CHAT) -> Decision:
        return self.act(lambda held: operating.acknowledge(held, id, self.order(id), self.now))

    def act(self, command: Callable[[State], Decision]) -> Decision:
        """Run a command on what it would read, and write what it decides."""
        decision = command(self.state())
        self.routes |= {each.route: each for each in decision.routes}
        self.events += decision.events
        return decision

    def in_(self, seconds: float) -> datetime:
        """That moment."""
        return self.now + timedelta(seconds=seconds)

    # what is held

    def state(self) -> State:
        return State(
            site=routed_site(self.switchboard),
            maintenances=dict(self.maintenances),
            routes=dict(self.routes),
            signals=self.signals,
            felt=self.felt,
            low=self.low,
            beliefs=dict(self.beliefs),
        )

    def board(self) -> Board:
        state = self.state()
        assert state.site is not None
        return board_of(state, state.site, self.beliefs, self.now, self.watching_since)

    # looking at it

    def __getitem__(self, id: str) -> RouteState:
        return self.routes[id]

    @property
    def chat(self) -> RouteState:
        return self.routes[CHAT]

    def where(self, *ids: str) -> list[str]:
        """Where these routes stand; all of them where none is named."""
        return [self.routes[each].provider for each in ids or self.routes]

    def why_not(self, id: str = CHAT) -> list[str]:
        """The names of the guards that keep a route where it is."""
        return [each.guard for each in self.routes[id].blocked]

    def course(self, id: str = CHAT) -> list[tuple[Event, str]]:
        """How a route moved by itself, and where to."""
        return [(each.event, each.after.provider) for each in self.moves if each.after.route == id]

    def notices(self, id: str = CHAT) -> list[str]:
        """What was noticed of a route."""
        return [each.what for each in self.noticed if each.state.route == id]

    def kinds(self, prefix: str = "route.") -> list[str]:
        """The journal's kinds that begin so, in their order."""
        return [each.kind for each in self.events if each.kind.startswith(prefix)]


def detail(state: RouteState, guard: str) -> str:
    """What a guard saw."""
    return next(each.detail for each in state.blocked if each.guard == guard)


def names(refusals: Sequence[Refusal]) -> list[str]:
    """The names of guards."""
    return [each.guard for each in refusals]


@dataclass
class RoutedPage(Page):
    """A page with routes: everything that is decided at once, as the store keeps it."""

    site: Site = field(default_factory=lambda: routed_site(switchboard()))
    routes: dict[str, RouteState] = field(default_factory=dict)
    signals: dict[str, tuple[Signal, ...]] = field(default_factory=dict)
    low: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        super().__post_init__()
        self.beliefs = {id: replace(each, since=LONG_AGO) for id, each in self.beliefs.items()}
        self.moves.clear()
        self.decide()
        self.journal.clear()

    def decide(self) -> Decision:
        """Decide as the monitor does; every check has just run. Deciding again at the same moment changes nothing."""
        self.beliefs = {id: spare(each, self.now) for id, each in self.beliefs.items()}
        decided = super().decide()
        again = super().decide()
        assert again.is_empty, again
        return decided

    def state(self, also: Sequence[str] = ()) -> State:  # type: ignore[override]
        held = super().state(also)
        return replace(
            held, routes=dict(self.routes), signals=dict(self.signals), low=self.low, beliefs=dict(self.beliefs)
        )

    def write(self, decision: Decision) -> None:
        super().write(decision)
        self.routes |= {each.route: each for each in decision.routes}
        self.low = self.low if decision.low is None else decision.low

    def order(self, id: str = CHAT) -> Order:
        """Because, and with the epoch that stands."""
        return Order("ana", "because", self.routes[id].epoch)

    def move(self, to: str, id: str = CHAT, override: Sequence[str] = ()) -> None:
        """Ana sends a route somewhere."""
        self.act(lambda held: operating.move(held, id, to, self.order(id), self.now, override))

    @property
    def chat(self) -> RouteState:
        return self.routes[CHAT]


__all__ = [
    "CHAT",
    "DOWN",
    "FIREBASE",
    "LIMITED",
    "LONG_AGO",
    "NATIVE",
    "QUESTIONS",
    "SLOW",
    "THIRD",
    "UNKNOWN",
    "UNSTABLE",
    "UP",
    "RoutedPage",
    "World",
    "detail",
    "names",
    "provider",
    "route",
    "routed_site",
    "rule",
    "switchboard",
]
