"""A page in memory that takes decisions as the store does: what the rules of incidents are proved on."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from statuspage.core.decide import VerdictChange, adopt, decide
from statuspage.core.detection import Belief, Rules, Run, Verdict, observe
from statuspage.core.incident import Incident, Update
from statuspage.core.maintenance import Maintenance
from statuspage.core.observation import Observation, Outcome, Reason, Stage
from statuspage.core.site import Component, Site, Times
from statuspage.core.state import Decision, Held, JournalEvent, Override, State
from statuspage.core.status import Status
from statuspage.core.telling import Destination
from statuspage.store.documents import Document
from statuspage.store.incidents import STILL_WARM, is_live
from tests.core.values import T0

UP, SLOW, DOWN, UNKNOWN, UNSTABLE = Verdict.UP, Verdict.SLOW, Verdict.DOWN, Verdict.UNKNOWN, Verdict.UNSTABLE

PARTS = (
    Component("redis", "Redis", 1, checks=("redis",)),
    Component("backend", "Backend", 2, needs=("redis",), checks=("backend",)),
    Component("lobby", "Virtual Lobby", 3, needs=("backend",)),
    Component("firebase", "Firebase Web Sockets", 4, checks=("fb-eu", "fb-us")),
    Component("native", "Native Web Sockets", 5, checks=("native",)),
    Component("video", "Video", 6),
)
"""A chain of needs that ends in a component without checks, two providers, and something that stands alone."""


def site_of(*parts: Component, times: Times | None = None, publish: Mapping[str, str] | None = None) -> Site:
    """A page of these components, or of all PARTS; `publish` has policies by component."""
    chosen = tuple(
        replace(each, publish=(publish or {}).get(each.id, each.publish), position=n)
        for n, each in enumerate(parts or PARTS, 1)
    )
    everything = Destination("all", "webhook", ("*",))
    return Site(
        "Acme",
        "https://status.example.com",
        "Etc/UTC",
        chosen,
        (),
        (),
        times=times or Times(),
        destinations=(everything,),
    )


@dataclass
class Page:
    """The state, the beliefs, the time, and what was journalled of it. Starts with everything well."""

    site: Site = field(default_factory=site_of)
    now: datetime = T0
    components: dict[str, Held] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    maintenances: dict[str, Maintenance] = field(default_factory=dict)
    overrides: dict[str, Override] = field(default_factory=dict)
    beliefs: dict[str, Belief] = field(default_factory=dict)
    newest: dict[str, Observation] = field(default_factory=dict)
    journal: list[JournalEvent] = field(default_factory=list)
    published: Site | None = None
    moves: list[VerdictChange] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.adopt(self.site)
        self.see(UP, *self.beliefs)
        self.decide()
        self.journal.clear()

    # what happens

    def adopt(self, site: Site) -> None:
        """Publish a configuration; checks that left are no longer believed anything of."""
        self.site = site
        self.act(lambda state: adopt(state, site, self.now))
        checks = [check for each in site.components for check in each.checks]
        self.beliefs = {check: self.beliefs.get(check) or Belief(check, "local", since=self.now) for check in checks}

    def see(self, verdict: Verdict, *checks: str, reason: Reason = Reason.TIMEOUT, detail: str = "") -> None:
        """From now on these checks are believed to be so."""
        for check in checks:
            before = self.beliefs[check]
            bad = verdict in (DOWN, SLOW, UNSTABLE)
            window = (Run(self.now, Outcome.FAIL if bad else Outcome.OK),) if verdict is not UNKNOWN else ()
            cause, stage = (reason, "upgrade") if bad else (None, None)
            belief = Belief(check, "local", verdict, self.now, cause, stage, window)
            self.beliefs[check] = belief
            if before.verdict is not verdict:
                self.moves.append(VerdictChange(before.verdict, belief))
            if bad:
                stages = (Stage("connect", 12.5),)
                self.newest[check] = Observation(
                    check, "local", self.now, Outcome.FAIL, 100.0, reason, "upgrade", detail, stages
                )

    def run(self, check: str, outcome: Outcome, rules: Rules) -> None:
        """One run of a check, judged by the real detection with these thresholds."""
        before, bad = self.beliefs[check], outcome is not Outcome.OK
        cause, stage = (Reason.TIMEOUT, "upgrade") if bad else (None, None)
        seen = Observation(check, "local", self.now, outcome, 100.0, cause, stage)
        belief = observe(before, seen, rules)
        self.beliefs[check] = belief
        if bad:
            self.newest[check] = seen
        if before.verdict is not belief.verdict:
            self.moves.append(VerdictChange(before.verdict, belief))

    def wait(self, seconds: float, every: float = 1.0) -> None:
        """Let time pass, deciding every so often and at the end.

        A second costs a millisecond, and most of them change nothing: those are passed over in growing strides, each
        as long as nothing would be decided at its end. What is decided is decided at its own second.
        """
        until, step = self.now + timedelta(seconds=seconds), timedelta(seconds=every)
        stride = step
        while self.now < until:
            began, self.now = self.now, min(until, self.now + stride)
            if stride > step and not self._is_quiet():
                self.now, stride = began, step
                continue
            stride = min(2 * stride, 64 * step) if self.decide().is_empty else step

    def _is_quiet(self) -> bool:
        return decide(self.state(), self.beliefs, (), self.now, newest=self.newest).is_empty

    def decide(self) -> Decision:
        """Decide as the monitor does."""
        moves, self.moves = tuple(self.moves), []
        return self.act(lambda state: decide(state, self.beliefs, moves, self.now, newest=self.newest))

    def act(self, command: Callable[[State], Decision], also: Iterable[str] = ()) -> Decision:
        """Run a command on what it would read, and write what it decides."""
        decision = command(self.state(also))
        self.write(decision)
        return decision

    def restart(self) -> None:
        """Everything goes through the documents in which it is stored."""
        self.incidents = _stored(Incident, self.incidents)
        self.maintenances = _stored(Maintenance, self.maintenances)
        self.overrides = _stored(Override, self.overrides)

    # what is held

    def state(self, also: Iterable[str] = ()) -> State:
        wanted, warm = set(also), self.now - STILL_WARM
        return State(
            components=dict(self.components),
            site=self.published,
            incidents={
                each.id: each
                for each in self.incidents.values()
                if is_live(each) or each.updated_at > warm or each.id in wanted
            },
            maintenances={
                each.id: each for each in self.maintenances.values() if not each.state.is_over or each.id in wanted
            },
            overrides=dict(self.overrides),
        )

    def write(self, decision: Decision) -> None:
        self.published = decision.site or self.published
        for held in decision.created:
            self.components[held.component] = held
        for name in decision.revived:
            self.components[name] = replace(self.components[name], since=self.now)
        for change in decision.changes:
            held = self.components[change.component]
            self.components[change.component] = replace(held, status=change.new, since=change.since)
        for incident in decision.incidents:
            number = incident.number or len(self.incidents) + 1
            self.incidents[incident.id] = replace(incident, number=number, version=incident.version + 1)
        for maintenance in decision.maintenances:
            number = maintenance.number or len(self.maintenances) + 1
            kept = replace(maintenance, number=number, version=maintenance.version + 1)
            self.maintenances[kept.id] = kept
        for component in decision.cleared:
            self.overrides.pop(component, None)
        self.overrides |= {each.component: each for each in decision.overrides}
        self.journal = [each for each in self.journal if each.data.get("update") not in decision.undone]
        self.journal.extend(decision.events)

    # looking at it

    def only(self) -> Incident:
        """The one incident there is."""
        assert len(self.incidents) == 1, [each.title for each in self.incidents.values()]
        return next(iter(self.incidents.values()))

    def newest_incident(self) -> Incident:
        """The one that opened last."""
        return max(self.incidents.values(), key=lambda each: each.number)

    def kinds(self, prefix: str = "incident.", subject: str | None = None) -> list[str]:
        """The journal's kinds that begin so, in their order."""
        return [each.kind for each in self.journal if each.kind.startswith(prefix) and subject in (None, each.subject)]

    def status(self, component: str) -> Status:
        return self.components[component].status


V = TypeVar("V")


def _stored(shape: type[V], values: Mapping[str, V]) -> dict[str, V]:
    document = Document(shape)
    return {name: document.read(json.loads(json.dumps(document.write(value)))) for name, value in values.items()}


def said(incident: Incident) -> list[tuple[str, str]]:
    """(state, who) of each published update, oldest first."""
    return [(update.state, update.by) for update in incident.published]


def draft(incident: Incident) -> Update:
    """The one draft that waits."""
    (found,) = incident.drafts
    return found
