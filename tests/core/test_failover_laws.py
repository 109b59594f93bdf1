"""The laws of failover, for any order of what can happen: I1 to I21, and that ramps onto one provider share its pace.

At every tick of the machine: I2 and I7 (destinations), I3 (why and when the robot acts), I4 (budget), I5 and I6
(returns: dwell and stable when one begins, the policy when it ends), I13 (limited: only where no provider passes, and
30 s at least), the first half of I14 (all providers of a route fail: limited in the same tick), I16 (steps); I1
(epochs) and the fixed point by `World` itself. After every step of it: I10 (a route stands somewhere), I15 (the
journal) and I21 (what is told). At its end: the other half of I14 (all is well: every route comes home).

I9, I11, I12, I18 and I19 have properties of their own; I11 is held at every tick too. Elsewhere: I17 in
test_pacing.py, I20 in test_failover.py, I8 in the store (StaleLease, tests/store/test_transact.py), I10 for a route
that nobody decided on in test_directive.py. I9 is held here for the rule of the higher epoch; clients that obey it are
in tests/client.
"""

import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from statuspage.core.detection import Verdict
from statuspage.core.directive import directives_document, evaluate
from statuspage.core.failover import Moved, Steered
from statuspage.core.given import all_given
from statuspage.core.guards import GUARDS, OF_ROBOT, Wish, against_target, is_failing, recent_moves, refusals
from statuspage.core.health import Health
from statuspage.core.incident import ROBOT
from statuspage.core.moves import TABLE, Event, standing
from statuspage.core.refusals import Conflict, Refused
from statuspage.core.route import LIMITED, Assertion, Mode, Pace, PlannedEvent, Provider, Ramp, Route, RouteState, Scope
from statuspage.core.state import Decision
from tests.core import switchboards
from tests.core.switchboards import (
    CHAT,
    DOWN,
    FIREBASE,
    NATIVE,
    QUESTIONS,
    SLOW,
    THIRD,
    UNKNOWN,
    UNSTABLE,
    UP,
    World,
    provider,
    route,
    switchboard,
)
from tests.core.values import at

IS_THOROUGH = os.environ.get("STATUSPAGE_THOROUGH") == "1"
MACHINE = settings(max_examples=30 if IS_THOROUGH else 12, stateful_step_count=40 if IS_THOROUGH else 30, deadline=None)
MANY = settings(max_examples=40 if IS_THOROUGH else 12, deadline=None)

FEED, CACHE = "realtime.feed", "cache.main"
THREE = (FIREBASE, NATIVE, THIRD)
ROUTES = (
    route(CHAT, users=300, rules=(switchboards.rule(),)),
    route(QUESTIONS, *THREE, failback="auto", users=300),
    route(FEED, NATIVE, FIREBASE, mode=Mode.APPROVE, users=200, slow_for=timedelta(seconds=30)),
    route(CACHE, *THREE, mode=Mode.OBSERVE, slow_for=timedelta(minutes=2)),
    route("realtime.inbox", *THREE, users=100, slow_for=timedelta(minutes=1)),
)
BOARD = switchboard(
    *ROUTES,
    providers=[provider(FIREBASE), provider(NATIVE, 1000, 50), provider(THIRD, 400, 10)],
    events=[PlannedEvent("keynote", at(3600), at(7200), 6000, (CHAT,))],
    assertions=[Assertion("spread", THIRD, ("realtime.*",), at_most=2)],
    pace=Pace(parallel=2),
)
IDS = st.sampled_from([each.id for each in ROUTES])
PROVIDERS = st.sampled_from(THREE)
VERDICTS = st.sampled_from([UP, UP, DOWN, DOWN, SLOW, UNSTABLE, UNKNOWN])
AGO = st.sampled_from([0, 5, 11, 61, 1000])
SECONDS = st.sampled_from([1, 5, 11, 31, 61, 121, 301, 901, 1801])
BETWEEN_PROVIDERS = frozenset(
    {Event.FAILED_OVER, Event.FAILED_BACK, Event.FOUND, Event.FOUND_HOME, Event.RETURNED, Event.FOLLOWED}
)


@dataclass
class Lawful(World):
    """A world that holds every move of the robot to the laws, by means of its own."""

    spent: dict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    """When the robot moved a route between providers, or began to, since a person last forgave it."""

    def tick(self) -> Steered:
        before = dict(self.routes)
        done = super().tick()
        for moved in done.moves:
            self.hold(moved, before)
        onto_providers = [each for each in done.moves if each.event in BETWEEN_PROVIDERS - {Event.RETURNED}]
        begun = [id for id, after in done.states.items() if self.begins(before.get(id), after)]
        assert len(onto_providers) + len(begun) <= self.switchboard.pace.parallel
        for id in (*(each.after.route for each in onto_providers), *begun):
            self.spend(id)
        for id in begun:
            rollout = done.states[id].rollout
            assert rollout is not None
            self.hold_return(before[id], rollout.to)
        for id, after in done.states.items():
            if id in before:
                self.hold_change(before[id], after)
        self.hold_clients()
        self.hold_flips(before)
        self.hold_ramps(done)
        self.hold_limited()
        return done

    def hold_ramps(self, done: Steered) -> None:
        """Whatever comes onto one provider comes one ramp after the other, each within the provider's share."""
        for known in self.switchboard.providers:
            onto = {ramp for id in self.routes for ramp in self.ramps(id, known.id) if ramp.ends > self.now}
            spans = sorted((each.ends - timedelta(seconds=each.seconds), each.ends) for each in onto)
            for (_, ends), (begins, _) in pairwise(spans):
                assert ends - begins <= timedelta(seconds=1), (known.id, spans)  # waits are whole seconds
        coming = defaultdict[tuple[str, Ramp], int](int)
        for moved in done.moves:
            found, ramp = self.switchboard.route(moved.after.route), moved.after.ramp
            if found is not None and ramp is not None and found.users is not None and moved.event is not Event.RETURNED:
                heard = self.said.get(found.id, (None, None))[0]
                coming[moved.after.provider, ramp] += found.users if heard is None else min(heard, found.users)
        for (to, ramp), users in coming.items():
            provider = self.switchboard.provider(to)
            if provider is not None and provider.max_connects_per_s is not None:
                assert users <= provider.max_connects_per_s * self.switchboard.pace.headroom * ramp.seconds

    def hold_flips(self, before: dict[str, RouteState]) -> None:
        """Whoever is led elsewhere by a rule has a ramp for it, and nobody else has."""
        for found in self.switchboard.routes:
            was, state = before.get(found.id), self.routes[found.id]
            if was is None:
                continue
            for number, (old, new) in enumerate(zip(all_given(found, was), all_given(found, state), strict=True)):
                flip, known = state.rules[number].flip, was.rules[number].flip if number < len(was.rules) else None
                if new == LIMITED:
                    assert flip is None
                elif new != old:
                    assert flip is not None
                    assert (flip.to, flip.ramp.start) == (new, self.now)
                else:
                    assert flip == known

    def hold_limited(self) -> None:
        """I14: when every provider of a route fails it is limited in the same tick."""
        board = self.board()
        for found in self.switchboard.routes:
            state = self.routes[found.id]
            is_free = not refusals(board, Wish(found, state, LIMITED), "paused_or_pinned", "tilt")
            if found.mode is Mode.AUTO and is_free and all(is_failing(board, each) for each in found.providers):
                assert state.is_limited, "I14"

    def hold_shed(self, found: Route, moved: Moved, before: dict[str, RouteState]) -> None:
        """I13: limited only where no provider passes: as the routes stood, or as they stand with what moved now."""
        board, state = self.board(), moved.before
        if moved.after.cause == "follows_load":
            down, within = board.condition(state.provider).since, board.pace.sunk_within
            assert state.since - within <= down <= state.arrived + within, "I13"
            return
        for to in found.providers:
            wish = Wish(found, state, to)
            if to == state.provider or to not in state.order:
                continue
            boards = (replace(board, states={**before, found.id: state}), board.after(state))
            assert any(against_target(each, wish) or refusals(each, wish, *OF_ROBOT) for each in boards), "I13"

    def hold_return(self, state: RouteState, to: str) -> None:
        """I5: a return begins when the route has stayed, and where it returns to has been up, for long enough."""
        board, pace = self.board(), self.switchboard.pace
        found = board.condition(to)
        assert self.now - state.since >= pace.dwell, "I5"
        assert found.health is Health.UP, "I5"
        assert self.now - max(found.since, self.watching_since) >= pace.stable, "I5"

    def ramps(self, id: str, to: str) -> Sequence[Ramp]:
        """The ramps by which a route's clients come onto a provider."""
        state, found = self.routes[id], self.switchboard.route(id)
        ramps = [state.ramp] if state.provider == to else []
        if state.rollout is not None and state.rollout.to == to:
            ramps.append(state.rollout.ramp)
        led = zip(state.rules, all_given(found, state), strict=True) if found is not None else ()
        ramps += [each.flip.ramp for each, place in led if each.flip is not None and place == to]
        return [each for each in ramps if each is not None and each.seconds]

    def hold_clients(self) -> None:
        """No client is given a provider that fails, but where its route stands: not by a rule, nor by a return."""
        board = self.board()
        told: Any = directives_document(self.switchboard, self.routes, "g", None, False, self.now)
        for found in self.switchboard.routes:
            state = self.routes[found.id]
            if found.mode is Mode.OBSERVE:
                continue  # as without us
            contexts: list[dict[str, Any]] = [{}, {"event_users": 10**6}]
            for context in (*contexts, *({"targetingKey": f"client-{n}"} for n in range(8))):
                given = evaluate(found.id, told["routes"][found.id], context).value
                assert given == state.provider or not is_failing(board, given), (found.id, context, state)

    def begins(self, before: RouteState | None, after: RouteState) -> bool:
        return before is not None and after.rollout is not None and before.rollout is None

    def spend(self, id: str) -> None:
        pace = self.switchboard.pace
        self.spent[id] = [each for each in self.spent[id] if self.now - each < pace.moves_within] + [self.now]
        assert len(self.spent[id]) <= pace.moves, "I4"

    def hold(self, moved: Moved, stood: dict[str, RouteState]) -> None:
        board, before, after = self.board(), moved.before, moved.after
        pace, found = board.pace, self.switchboard.route(after.route)
        assert found is not None
        assert moved.event in TABLE[standing(before, found)] or before.order != after.order
        # I3
        assert found.mode is Mode.AUTO or before.expires_to is not None
        is_rescue = moved.event is Event.SHED and after.cause == "follows_load"
        for holding in (before.pinned, before.paused):
            assert holding is None or holding.until <= self.now or (holding.implied and is_rescue)
        assert self.now - self.watching_since >= pace.settle
        assert not any(window.covers(found.component, self.now) for window in board.windows)
        source = board.condition(before.provider)
        is_down = source.health is Health.DOWN and self.now - source.since >= pace.confirm
        is_slow = found.slow_for is not None and source.slow_since is not None
        if moved.event is Event.SHED:
            stayed = board.condition(before.previous or "")
            is_drained = before.cause == "preference" and stayed.health is Health.DOWN
            assert is_down or is_drained, "I13"
            if is_down:
                self.hold_shed(found, moved, stood)
        if moved.event in (Event.FAILED_OVER, Event.FAILED_BACK):
            assert is_down or is_slow
        if moved.event in (Event.FOUND, Event.FOUND_HOME):
            assert before.is_limited
            assert self.now - before.since >= pace.limited_min, "I13"
            assert before.by == ROBOT or before.cause != "by_hand" or before.expires_to is not None
        if moved.event is Event.RETURNED:
            assert (found.failback, before.rollout is not None) == ("auto", True), "I5, I6"
            assert before.rollout is not None
            assert before.rollout.pct == pace.steps[-1]
        if moved.event is Event.FOLLOWED:
            assert after.scope is Scope.NEW
            assert before.origin in (None, before.provider) or before.origin != after.provider, "I6"
        assert before.locked_at is None or moved.event in (Event.SHED, Event.DRAINED, Event.RETURNED), "I4"
        if after.is_limited:
            assert after.ramp is None
            return
        if moved.event is Event.DRAINED:
            self.has_room(after.provider)
            counted = recent_moves(before, pace, self.now)
            assert (after.provider, after.moves, after.ramp is None) == (before.provider, counted, False)
            return
        # I2
        target = board.condition(after.provider)
        assert target.health is Health.UP
        assert self.now - max(target.since, self.watching_since) >= pace.target_min_up
        if moved.event is not Event.RETURNED:
            assert not any(window.covers(after.provider, self.now) for window in board.windows)
            self.has_room(after.provider)
        assert (after.ramp is None) is (after.scope is Scope.NEW)

    def has_room(self, id: str) -> None:
        """I7: what is on a provider, or on its way back, fits."""
        known = self.switchboard.provider(id)
        assert known is not None
        if known.capacity is None or known.id in self.said:
            return
        there = [each for each in self.switchboard.routes if id in self.places(each.id)]
        heard = {each.id: self.said[each.id][0] if each.id in self.said else None for each in there}
        users = sum((heard[each.id] if heard[each.id] is not None else each.users) or 0 for each in there)
        assert users <= known.capacity * self.switchboard.pace.headroom, "I7"

    def places(self, id: str) -> Sequence[str]:
        state = self.routes[id]
        return (state.provider, state.rollout.to) if state.rollout else (state.provider,)

    def hold_change(self, before: RouteState, after: RouteState) -> None:
        if before.rollout and after.rollout and before.rollout.to == after.rollout.to:
            assert after.rollout.pct >= before.rollout.pct, "I16"
        if after.locked_at is None:
            assert before.locked_at is None, "latched"
        found = self.switchboard.route(after.route)
        # A return that was under way is called off, and what a person pinned ends when they said.
        is_left = before.rollout is None and before.pinned is None and not before.is_limited
        if found is not None and found.mode is Mode.OBSERVE and is_left:
            assert after.served == before.served, "I11"

    def forgive(self, id: str) -> None:
        self.spent[id].clear()


class Failover(RuleBasedStateMachine):
    """Providers sink and come back, people act, the configuration changes, the monitor restarts: in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Lawful(BOARD)

    # --- what happens ---

    @rule(verdict=VERDICTS, which=PROVIDERS, ago=AGO, seconds=SECONDS)
    def see(self, verdict: Verdict, which: str, ago: float, seconds: int) -> None:
        self.world.see(verdict, which, ago=ago)
        self.pass_time(seconds)

    @rule(first=PROVIDERS, then=PROVIDERS, between=st.sampled_from([0, 1, 30, 59, 61]))
    def one_sinks_after_the_other(self, first: str, then: str, between: int) -> None:
        self.world.see(DOWN, first)
        self.world.wait(between)
        self.world.see(DOWN, then)
        self.world.wait(15)

    @rule(seconds=st.sampled_from([61, 901, 1501]))
    def everything_is_well(self, seconds: int) -> None:
        for each in THREE:
            if self.world.beliefs[each].verdict is not UP:
                self.world.see(UP, each)
        self.pass_time(seconds)

    @rule(seconds=SECONDS)
    def pass_time(self, seconds: int) -> None:
        self.world.wait(seconds, every=max(1, seconds // 12))

    @rule(id=IDS, users=st.sampled_from([0, 100, 500, 4500, 6000]))
    def say_how_many(self, id: str, users: int) -> None:
        self.world.say(id, users=users)
        self.world.tick()

    @rule(subject=st.one_of(IDS, PROVIDERS), rate=st.sampled_from([1.0, 10.0, 200.0]))
    def say_how_fast(self, subject: str, rate: float) -> None:
        self.world.say(subject, rate=rate)
        self.pass_time(61)

    @rule(subject=st.one_of(IDS, PROVIDERS))
    def fall_silent(self, subject: str) -> None:
        self.world.said.pop(subject, None)

    @rule()
    def restart(self) -> None:
        self.world.look_anew()
        self.world.tick()

    @rule(component=st.sampled_from([*THREE, "chat"]), seconds=st.sampled_from([30, 600]))
    def plan_work(self, component: str, seconds: int) -> None:
        self.world.plan_work(component, seconds)

    @rule(id=IDS, mode=st.sampled_from(list(Mode)), failback=st.sampled_from(["manual", "auto"]))
    def configure(self, id: str, mode: Mode, failback: str) -> None:
        changed = (
            replace(each, mode=mode, failback=failback) if each.id == id else each
            for each in self.world.switchboard.routes
        )
        self.world.configure(replace(self.world.switchboard, routes=tuple(changed)))
        self.world.tick()

    # --- what people do ---

    def act(self, id: str, what: Any) -> Decision | None:
        before = self.world.routes[id]
        try:
            decision: Decision = what()
        except (Refused, Conflict):
            assert self.world.routes[id] is before
            return None
        after = self.world.routes[id]
        assert after.epoch - before.epoch == (after.served != before.served), "I1"
        if not after.moves:
            self.world.forgive(id)
        return decision

    @rule(id=IDS, to=st.sampled_from([*THREE, LIMITED]), bold=st.booleans(), until=st.sampled_from([None, 30, 300]))
    def move(self, id: str, to: str, bold: bool, until: int | None) -> None:
        world = self.world
        override = [*GUARDS, "assertion:spread"] if bold else []
        more = {"expires_at": world.in_(until)} if until is not None and to == LIMITED else {}
        if self.act(id, lambda: world.move(to, id, override, **more)) and not bold and to != LIMITED:
            assert world.board().condition(to).health is Health.UP
            world.has_room(to)
        world.tick()

    @rule(id=IDS)
    def approve(self, id: str) -> None:
        self.act(id, lambda: self.world.approve(id))
        self.world.tick()

    @rule(id=IDS, seconds=st.sampled_from([30, 600]), what=st.sampled_from(["pin", "pause"]))
    def hold(self, id: str, seconds: int, what: str) -> None:
        self.act(id, lambda: getattr(self.world, what)(seconds, id))

    @rule(id=IDS, what=st.sampled_from(["resume", "acknowledge"]))
    def release(self, id: str, what: str) -> None:
        self.act(id, lambda: getattr(self.world, what)(id))
        self.world.tick()

    # --- the laws ---

    @invariant()
    def every_route_stands_somewhere(self) -> None:
        """I10."""
        for each in self.world.switchboard.routes:
            state = self.world.routes[each.id]
            assert state.provider in (*each.providers, LIMITED)
            assert state.order[0] in each.providers

    @invariant()
    def the_journal_tells_every_epoch_once(self) -> None:
        """I15."""
        told = defaultdict(list)
        for event in self.world.events:
            if event.kind in ("route.moved", "route.changed"):
                told[event.subject].append(event.data["epoch"])
        for id, state in self.world.routes.items():
            assert told[id] == list(range(2, state.epoch + 1)), id

    @invariant()
    def what_is_told_is_in_order_and_nothing_ends_that_was_not_told(self) -> None:
        """I21."""
        blocked, proposed = set[str](), set[str]()
        for event in self.world.events:
            if event.kind == "route.moved":
                proposed.discard(event.subject)
            match event.kind:
                case "route.blocked":
                    blocked.add(event.subject)
                case "route.cleared":
                    assert event.subject in blocked
                    blocked.remove(event.subject)
                case "route.proposed":
                    proposed.add(event.subject)
                case "route.withdrawn":
                    assert event.subject in proposed
                    proposed.remove(event.subject)
            if event.telling is not None and event.kind.startswith("route."):
                assert event.telling.queue == f"route/{event.subject}"
        times = [event.at for event in self.world.events]
        assert times == sorted(times)
        for id, state in self.world.routes.items():
            if state.proposal is not None:
                assert id in proposed

    def teardown(self) -> None:
        """I14: when everything is well and stays well, and nobody holds anything, every route comes home."""
        world = self.world
        world.said.clear()
        routes = tuple(replace(each, mode=Mode.AUTO, failback="auto", rules=()) for each in world.switchboard.routes)
        plain = tuple(Provider(each.id, each.name, each.component) for each in world.switchboard.providers)
        world.configure(replace(world.switchboard, routes=routes, providers=plain, assertions=(), events=()))
        for each in THREE:
            world.see(UP, each, ago=1000)
        for id in world.routes:
            self.act(id, partial(world.resume, id))
        world.wait(1850, every=50)  # what spent its budget locks now, if it has not before
        for id in world.routes:
            self.act(id, partial(world.acknowledge, id))
        world.wait(4000, every=50)
        for found in routes:
            assert world.routes[found.id].provider == found.prefer[0], world.routes[found.id]
        self.the_journal_tells_every_epoch_once()
        self.every_route_stands_somewhere()


TestFailover = Failover.TestCase
TestFailover.settings = MACHINE


# --- properties of their own ------------------------------------------------------------------------------------------

STEPS = st.lists(
    st.tuples(st.sampled_from([FIREBASE, NATIVE]), VERDICTS, st.sampled_from([1, 11, 61, 300])), max_size=8
)


def lived(steps: Sequence[tuple[str, Verdict, int]], *routes: Route) -> World:
    """A world in which that happened."""
    here = World(switchboard(*routes))
    for which, verdict, seconds in steps:
        here.see(verdict, which)
        here.wait(seconds, every=max(1, seconds // 20))
    return here


@MANY
@given(STEPS)
def test_the_same_inputs_give_the_same_routes(steps: list[tuple[str, Verdict, int]]) -> None:
    """I12."""
    board = (route(CHAT, failback="auto"), route(QUESTIONS, NATIVE, FIREBASE))
    one, other = lived(steps, *board), lived(steps, *board)
    assert (one.routes, one.events) == (other.routes, other.events)


@MANY
@given(STEPS)
def test_what_is_observed_is_served_as_if_nobody_looked_and_would_do_first_what_auto_does_first(
    steps: list[tuple[str, Verdict, int]],
) -> None:
    """I11."""
    watched, done = lived(steps, route(mode=Mode.OBSERVE)), lived(steps, route(mode=Mode.AUTO))
    assert (watched.chat.epoch, watched.where(), watched.moves) == (1, [FIREBASE], [])
    would = [event.data["to"] for event in watched.events if event.kind == "route.would"]
    moved = [each.after.provider for each in done.moves]
    assert would[:1] == moved[:1]


@MANY
@given(STEPS, st.integers(1, 5000))
def test_total_blindness_changes_no_epoch_however_long_it_lasts(
    steps: list[tuple[str, Verdict, int]], seconds: int
) -> None:
    """I18."""
    here = lived(steps, route(CHAT, failback="auto", rules=(switchboards.rule(),)), route(QUESTIONS))
    epochs = {id: state.epoch for id, state in here.routes.items()}
    here.see(UNKNOWN, FIREBASE, NATIVE)
    here.wait(seconds, every=max(1, seconds // 30))
    assert {id: state.epoch for id, state in here.routes.items()} == epochs


@MANY
@given(st.integers(11, 900), st.integers(11, 900), st.sampled_from(["manual", "auto"]), st.booleans())
def test_a_square_wave_moves_a_route_three_times_at_most_and_then_it_is_locked_or_at_rest(
    good: int, bad: int, failback: str, both: bool
) -> None:
    """I19."""
    pace = Pace(stable=timedelta(seconds=100), dwell=timedelta(seconds=60), moves_within=timedelta(days=1))
    here = World(switchboard(route(failback=failback), pace=pace))
    for _ in range(8):
        here.see(DOWN, FIREBASE)
        here.see(UP, *([NATIVE] if both else []))
        here.wait(bad, every=max(1, bad // 40))
        here.see(UP, FIREBASE)
        here.see(DOWN, *([NATIVE] if both else []))
        here.wait(good, every=max(1, good // 40))
    counted = [each for each in here.moves if each.event in BETWEEN_PROVIDERS]
    assert len(counted) <= 3
    assert here.chat.epoch <= 80


@MANY
@given(STEPS, st.randoms(use_true_random=False))
def test_a_client_that_refuses_older_epochs_ends_at_the_newest_whatever_order_they_come_in(
    steps: list[tuple[str, Verdict, int]], random: Any
) -> None:
    """I9."""
    here = lived(steps, route())
    served = [(each.after.epoch, each.after.provider) for each in here.moves]
    arriving = [each for each in served for _ in range(random.randint(0, 3))] + served[-1:]
    random.shuffle(arriving)
    applied = (1, FIREBASE)
    for each in arriving:
        before = applied
        applied = each if each[0] > applied[0] else applied
        assert applied[0] >= before[0]
    assert applied == (here.chat.epoch, here.chat.provider)
