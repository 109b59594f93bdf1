"""The laws of incidents, for any order of what can happen to them.

Every published open has exactly one end for any order of: down and up (`see`, or runs under the check's thresholds in
`look`), the start and end of planned work (`plan`, `move_a_maintenance`, and `pass_time`, which begins and ends it),
a restart, a deletion (`take_a_component_away`, `take_a_check_away`) and an edit of thresholds (`change_the_thresholds`,
which counts from the next run on, as when the file is read again). There is no switch that pauses a check: a pause is
that it leaves the configuration and comes back (`put_a_component_back`), or that nothing fresh is seen of it for a time
(UNKNOWN); acts of people (a held draft, a draft that waits for them) pause what the robot would say.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from statuspage.core import correcting, planning, posting
from statuspage.core.detection import Rules
from statuspage.core.incident import ROBOT, Incident, IncidentState
from statuspage.core.maintenance import MaintenanceState
from statuspage.core.observation import Outcome
from statuspage.core.posting import Post
from statuspage.core.refusals import Conflict, NotThere, Refused
from statuspage.core.site import Times
from statuspage.core.state import Decision, State
from statuspage.core.status import Status
from statuspage.core.topology import IN_TROUBLE
from tests.core.pages import DOWN, PARTS, SLOW, UNKNOWN, UP, Page

CHECKS = st.sampled_from([check for each in PARTS for check in each.checks])
COMPONENTS = st.sampled_from([each.id for each in PARTS])
SECONDS = st.sampled_from([0, 1, 5, 12, 19, 21, 61, 119, 301, 599, 901, 1801, 90000])
AGO = st.sampled_from([0, 5, 120, 1200])
STATUSES = st.sampled_from([Status.OPERATIONAL, Status.DEGRADED, Status.PARTIAL, Status.MAJOR])
STATES = st.sampled_from(["investigating", "identified", "monitoring", "resolved"])
POLICIES = st.sampled_from(["auto", "after 300s", "draft"])
PICK = st.integers(0, 50)
OUTCOMES = st.lists(st.sampled_from([Outcome.OK, Outcome.FAIL, Outcome.SLOW, Outcome.BLIND]), min_size=1, max_size=6)
THRESHOLDS = st.sampled_from([Rules(), Rules(1, 1, 1), Rules(2, 3, 1), Rules(5, 5, 5), Rules(1, 8, 6)])

OVER = Post("It is over.", state="resolved")
WORDS = Post("A person's words.", title="A person's title")


class Incidents(RuleBasedStateMachine):
    """Checks fail and recover, people act, the configuration changes, the monitor restarts: in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.thresholds: dict[str, Rules] = {}

    # --- what checks see ---

    @rule(check=CHECKS, outcomes=OUTCOMES, apart=st.sampled_from([1, 10]), decided=st.booleans())
    def look(self, check: str, outcomes: list[Outcome], apart: int, decided: bool) -> None:
        """Runs, one after the other, judged by the thresholds that the check has now."""
        for outcome in outcomes:
            if check in self.page.beliefs:
                self.page.now += timedelta(seconds=apart)
                self.page.run(check, outcome, self.thresholds.get(check, Rules()))
        if decided:
            self.decide()

    @rule(check=CHECKS, verdict=st.sampled_from([UP, DOWN, SLOW, UNKNOWN]), decided=st.booleans())
    def see(self, check: str, verdict: Any, decided: bool) -> None:
        if check in self.page.beliefs and self.page.beliefs[check].verdict is not verdict:
            self.page.see(verdict, check)
            if decided:
                self.decide()

    @rule()
    def everything_is_well(self) -> None:
        for check, belief in self.page.beliefs.items():
            if belief.verdict is not UP:
                self.page.see(UP, check)
        self.decide()

    @rule(check=CHECKS)
    def something_fails_for_long_enough(self, check: str) -> None:
        if check in self.page.beliefs:
            self.page.see(DOWN, check)
            self.pass_time(121)

    @rule(seconds=st.sampled_from([0, 600, 1200]))
    def everything_is_well_again_and_stays_so(self, seconds: int) -> None:
        self.everything_is_well()
        self.pass_time(301)
        self.pass_time(seconds)

    @rule(seconds=SECONDS)
    def pass_time(self, seconds: int) -> None:
        self.page.now += timedelta(seconds=seconds)
        self.decide()

    def decide(self) -> None:
        before, stood = dict(self.page.incidents), dict(self.page.components)
        decided = self.page.decide()
        for change in decided.changes:
            assert change.old is stood[change.component].status is not change.new
            assert change.since <= self.page.now
        self.robot_kept_to_its_own(before)
        again = self.page.decide()
        assert again.is_empty, again
        self.causes_are_in_trouble_or_recover()

    @rule()
    def restart(self) -> None:
        before = self.page.incidents, self.page.maintenances, self.page.overrides
        self.page.restart()
        assert (self.page.incidents, self.page.maintenances, self.page.overrides) == before

    # --- what people do ---

    def do(self, command: Callable[[State], Decision], also: tuple[str, ...] = ()) -> None:
        before = dict(self.page.incidents)
        try:
            decision = self.page.act(command, also)
        except (Refused, NotThere, Conflict):
            return
        for event in decision.events:
            if event.kind == "component.updated":
                assert event.data["to"] != event.data["from"]
        self.what_was_published_is_there(before, set(decision.undone))

    @rule(components=st.dictionaries(COMPONENTS, STATUSES, max_size=2), draft=st.booleans(), ago=AGO, state=STATES)
    def open_one(self, components: dict[str, Status], draft: bool, ago: int, state: str) -> None:
        at = self.page.now - timedelta(seconds=ago)
        post = replace(WORDS, components=components, draft=draft, display_at=at, state=state)
        self.do(lambda now: posting.open_incident(now, post, "ana", self.page.now))

    @precondition(lambda self: self.page.incidents)
    @rule(
        pick=PICK,
        state=STATES,
        components=st.dictionaries(COMPONENTS, STATUSES, max_size=2),
        draft=st.booleans(),
        ago=AGO,
        reset=st.booleans(),
    )
    def post(self, pick: int, state: str, components: dict[str, Status], draft: bool, ago: int, reset: bool) -> None:
        id, at = self.some(pick).id, self.page.now - timedelta(seconds=ago) if ago else None
        post = Post("More words.", None, state, components, at, draft=draft, reset=reset)
        self.do(lambda now: posting.post_update(now, id, post, "ana", self.page.now), (id,))

    @precondition(lambda self: any(each.updates for each in self.page.incidents.values()))
    @rule(pick=PICK, which=PICK, act=st.sampled_from(["publish", "dismiss", "hold", "withdraw", "edit"]), state=STATES)
    def act_on_an_update(self, pick: int, which: int, act: str, state: str) -> None:
        incident, now = self.some(pick), self.page.now
        id, update = incident.id, incident.updates[which % len(incident.updates)].id
        acts: dict[str, Callable[[State], Decision]] = {
            "publish": lambda held: posting.publish_draft(held, id, update, "bob", now),
            "dismiss": lambda held: posting.dismiss(held, id, update, "ana", now),
            "hold": lambda held: posting.hold_draft(held, id, update, "ana", now),
            "withdraw": lambda held: posting.withdraw(held, id, update, "ana", now),
            "edit": lambda held: posting.edit_update(held, id, update, Post("Better.", state=state), "ana", now),
        }
        self.do(acts[act], (id,))

    @precondition(lambda self: self.page.incidents)
    @rule(pick=PICK, publish=st.booleans())
    def learn(self, pick: int, publish: bool) -> None:
        id = self.some(pick).id
        self.do(
            lambda held: posting.write_postmortem(held, id, "We learned.", "ana", self.page.now, publish=publish), (id,)
        )

    @precondition(lambda self: self.page.incidents)
    @rule(pick=PICK)
    def hand_back(self, pick: int) -> None:
        id = self.some(pick).id
        self.do(lambda held: posting.hand_back(held, id, "ana", self.page.now), (id,))

    @rule(component=COMPONENTS, status=STATUSES, seconds=st.sampled_from([5, 600, 4000]))
    def override(self, component: str, status: Status, seconds: int) -> None:
        until = self.page.now + timedelta(seconds=seconds)
        self.do(lambda held: correcting.override(held, component, status, until, "because", "ana", self.page.now))

    @rule(component=COMPONENTS)
    def release(self, component: str) -> None:
        self.do(lambda held: correcting.release(held, component, "ana", self.page.now))

    @rule(component=COMPONENTS, begin=st.sampled_from([-60, 0, 30, 700]), length=st.sampled_from([20, 400]))
    def plan(self, component: str, begin: int, length: int) -> None:
        starts = self.page.now + timedelta(seconds=begin)
        plan = planning.Plan("Work", starts, starts + timedelta(seconds=length), (component,))
        self.do(lambda held: planning.plan_maintenance(held, plan, "ana", self.page.now))

    @precondition(lambda self: self.page.maintenances)
    @rule(pick=PICK, to=st.sampled_from(list(MaintenanceState)), undo=st.booleans())
    def move_a_maintenance(self, pick: int, to: MaintenanceState, undo: bool) -> None:
        found, now = list(self.page.maintenances.values()), self.page.now
        one = found[pick % len(found)]
        if undo:
            last = one.updates[-1].id
            self.do(lambda held: planning.withdraw_update(held, one.id, last, "ana", now), (one.id,))
        else:
            self.do(lambda held: planning.update_maintenance(held, one.id, to, "Words.", "ana", now), (one.id,))

    # --- what the configuration does ---

    @rule(component=COMPONENTS, decided=st.booleans())
    def take_a_component_away(self, component: str, decided: bool) -> None:
        left = tuple(each for each in self.page.site.components if each.id != component)
        self.adopt(replace(self.page.site, components=left), decided)

    @rule(component=COMPONENTS, policy=POLICIES, decided=st.booleans())
    def put_a_component_back(self, component: str, policy: str, decided: bool) -> None:
        part = next(each for each in PARTS if each.id == component)
        others = tuple(each for each in self.page.site.components if each.id != component)
        self.adopt(replace(self.page.site, components=(*others, replace(part, publish=policy))), decided)

    @rule(component=COMPONENTS, decided=st.booleans())
    def take_a_check_away(self, component: str, decided: bool) -> None:
        parts = tuple(
            replace(each, checks=each.checks[1:]) if each.id == component else each
            for each in self.page.site.components
        )
        self.adopt(replace(self.page.site, components=parts), decided)

    @rule(check=CHECKS, rules=THRESHOLDS)
    def change_the_thresholds(self, check: str, rules: Rules) -> None:
        self.thresholds[check] = rules

    @rule(after=st.sampled_from([0, 10, 120]), resolve=st.sampled_from([30, 300]), promise=st.sampled_from([60, 1800]))
    def change_the_times(self, after: int, resolve: int, promise: int) -> None:
        times = Times(
            incident_after=timedelta(seconds=after),
            resolve_after=timedelta(seconds=resolve),
            next_update=timedelta(seconds=promise),
        )
        self.adopt(replace(self.page.site, times=times), False)

    def adopt(self, site: Any, decided: bool) -> None:
        self.page.adopt(site)
        if decided:
            self.decide()

    # --- the laws ---

    def some(self, pick: int) -> Incident:
        found = sorted(self.page.incidents.values(), key=lambda each: -each.number)
        return found[pick % len(found)]

    def robot_kept_to_its_own(self, before: dict[str, Incident]) -> None:
        """What a person has touched the robot changes by drafts only."""
        for old in before.values():
            new = self.page.incidents[old.id]
            if old.touched_by is not None:
                assert face(new) == face(old)
        self.what_was_published_is_there(before, set())

    def what_was_published_is_there(self, before: dict[str, Incident], undone: set[str]) -> None:
        for old in before.values():
            now = {update.id: update for update in self.page.incidents[old.id].updates}
            for update in old.published:
                assert update.id in undone or now[update.id].published_at == update.published_at

    def causes_are_in_trouble_or_recover(self) -> None:
        for incident in self.page.incidents.values():
            if incident.is_open and incident.causes and incident.touched_by is None:
                live = [each for each in incident.causes if self.page.site.component(each)]
                statuses = [self.page.status(each) for each in live]
                if not any(each in IN_TROUBLE or each is Status.UNKNOWN for each in statuses):
                    assert incident.state is IncidentState.MONITORING
                    assert incident.recovering_since is not None

    @invariant()
    def what_was_told_is_what_stands(self) -> None:
        """Openings and ends alternate in the journal, and its last word is how the incident stands."""
        for incident in self.page.incidents.values():
            stands = "unheard of"
            for event in self.page.journal:
                if event.subject != incident.id or event.kind not in MOVES:
                    continue
                allowed, then = MOVES[event.kind]
                assert stands in allowed, (incident.title, event.kind, stands)
                stands = then
            expected = ("open" if incident.is_open else "ended") if incident.is_public else "unheard of"
            assert stands == expected, incident

    @invariant()
    def a_cause_has_one_open_incident(self) -> None:
        taken = [cause for each in self.page.incidents.values() if each.is_open for cause in each.causes]
        assert len(taken) == len(set(taken))

    @invariant()
    def the_robot_has_one_draft_at_most(self) -> None:
        for incident in self.page.incidents.values():
            assert len([draft for draft in incident.drafts if draft.by == ROBOT]) <= 1
            assert len({update.id for update in incident.updates}) == len(incident.updates)

    def teardown(self) -> None:
        """When everything is well and stays well, and people have ended what is theirs, the rest ends by itself."""
        now = self.page.now
        for each in list(self.page.incidents.values()):
            if each.touched_by is not None and each.is_open:
                self.page.act(partial(posting.post_update, incident_id=each.id, post=OVER, by="ana", now=now))
        self.page.adopt(replace(self.page.site, times=Times()))
        for check in self.page.beliefs:
            self.page.see(UP, check)
        for seconds in (1, 5000, 1, 301, 1, 301, 1):
            self.page.now += timedelta(seconds=seconds)
            self.page.decide()
        self.what_was_told_is_what_stands()
        for incident in self.page.incidents.values():
            if incident.touched_by is None and incident.causes:
                assert not incident.is_open, incident
        assert not [name for name in self.page.overrides if self.page.overrides[name].incident is None]


MOVES = {
    "incident.created": (("unheard of",), "open"),
    "incident.reopened": (("ended",), "open"),
    "incident.resolved": (("open",), "ended"),
}


def face(incident: Incident) -> object:
    """What the public sees of an incident, and what it would see next."""
    people = tuple(update for update in incident.updates if update.by != ROBOT)
    return incident.title, incident.published, people, incident.state, incident.components, incident.is_open


TestIncidents = Incidents.TestCase
