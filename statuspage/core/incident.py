"""What is told of a trouble: incidents, their updates, and the table of states.

An incident is a value; every act on it gives a new one. Its state is that of its newest published update,
by the time shown and then by the order of writing, so that a back-dated update changes what was, not what is.

Laws, held by tests/core/test_incident_laws.py:
- every published opening (or reopening) of an incident has exactly one end;
- the robot changes nothing of an incident that a person has touched: it only adds drafts;
- what is published is never removed, only marked: edits keep what stood there before.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import count

from statuspage.core.site import public_id
from statuspage.core.status import Status

ROBOT = "robot"
"""The author of what nobody typed."""


class IncidentState(StrEnum):
    """Where an incident stands. The values are those of Statuspage's API."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    POSTMORTEM = "postmortem"

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self not in (IncidentState.RESOLVED, IncidentState.POSTMORTEM)


_OPEN = frozenset({IncidentState.INVESTIGATING, IncidentState.IDENTIFIED, IncidentState.MONITORING})

TABLE: Mapping[IncidentState, frozenset[IncidentState]] = {
    IncidentState.INVESTIGATING: _OPEN | {IncidentState.RESOLVED},
    IncidentState.IDENTIFIED: _OPEN | {IncidentState.RESOLVED},
    IncidentState.MONITORING: _OPEN | {IncidentState.RESOLVED},
    IncidentState.RESOLVED: _OPEN | {IncidentState.RESOLVED, IncidentState.POSTMORTEM},
    IncidentState.POSTMORTEM: frozenset({IncidentState.POSTMORTEM}),
}
"""Which state may follow which. A missing one is the illegal move; an open state after `resolved` reopens."""


class Impact(StrEnum):
    """How bad an incident is, by Statuspage's words."""

    NONE = "none"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


_IMPACTS = {Status.DEGRADED: Impact.MINOR, Status.PARTIAL: Impact.MAJOR, Status.MAJOR: Impact.CRITICAL}
_WEIGHT = {impact: weight for weight, impact in enumerate(Impact)}


def impact_of(status: Status) -> Impact:
    """The impact of one component in that status."""
    return _IMPACTS.get(status, Impact.NONE)


def worse(one: Impact, other: Impact) -> Impact:
    """The heavier of two impacts."""
    return max(one, other, key=_WEIGHT.__getitem__)


@dataclass(frozen=True, slots=True)
class ComponentChange:
    """What an update says of a component: it was `old` and is `new` from then on."""

    component: str
    old: Status
    new: Status


@dataclass(frozen=True, slots=True)
class Edit:
    """What stood in an update before it was edited at `at`."""

    at: datetime
    by: str
    state: str
    body: str
    display_at: datetime


@dataclass(frozen=True, slots=True)
class Update:
    """One text of an incident or a maintenance.

    `state` is the value of an IncidentState or a MaintenanceState. `display_at` is the time shown (it may be
    back-dated), `written_at` when it was written. `published_at` is None for a draft; `publish_at` is when a
    draft publishes itself unless vetoed. `tell` says whether anybody is notified. `withdrawn_at`: taken back.
    """

    id: str
    state: str
    body: str
    display_at: datetime
    written_at: datetime
    by: str
    html: str = ""
    """The body, rendered and cleaned. The store fills it in when it writes."""
    changes: tuple[ComponentChange, ...] = ()
    published_at: datetime | None = None
    publish_at: datetime | None = None
    next_by: datetime | None = None
    """When the next update was promised."""
    spared: tuple[str, ...] = ()
    """The components that the robot's text calls not affected."""
    tell: bool = True
    edits: tuple[Edit, ...] = ()
    withdrawn_at: datetime | None = None
    published_by: str | None = None
    """Who published it; of the robot's own publishing its name."""
    keeps: bool = False
    """Of the robot's drafts: one that stays true whatever comes, and is not taken back."""

    @property
    def is_published(self) -> bool:
        return self.published_at is not None and self.withdrawn_at is None

    @property
    def is_draft(self) -> bool:
        """Waits for a person, or for its time."""
        return self.published_at is None and self.withdrawn_at is None

    @property
    def is_backdated(self) -> bool:
        """Whether the time shown is more than a minute before the time of writing."""
        return (self.written_at - self.display_at).total_seconds() > 60


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a check saw, for staff only: hosts and versions may be in `detail`."""

    at: datetime
    check: str
    component: str
    agent: str
    verdict: str
    since: datetime
    reason: str | None = None
    stage: str | None = None
    detail: str = ""
    stages: tuple[tuple[str, float], ...] = ()
    """(name, milliseconds) of the run that it was told by."""


@dataclass(frozen=True, slots=True)
class Postmortem:
    """What was learned. `published_at` is None for a draft."""

    body: str
    by: str
    written_at: datetime
    html: str = ""
    published_at: datetime | None = None
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Former:
    """The title that people read until `until`."""

    title: str
    until: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Incident:
    """A trouble and what was said of it.

    `causes` are the components whose trouble opened it (empty: a person did). `components` is everything it
    affects or affected. `touched_by` is the person who took it over from the robot. `number` counts from 1.
    `version` counts its writings: a form that was filled in on another one is a lost race.
    """

    id: str
    title: str
    started_at: datetime
    created_at: datetime
    updated_at: datetime
    by: str
    causes: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    updates: tuple[Update, ...] = ()
    """In the order of writing."""
    impact: Impact = Impact.NONE
    publish: str = "auto"
    """The strictest publish policy of its causes: `auto`, `after …`, `draft`."""
    touched_by: str | None = None
    touched_at: datetime | None = None
    recovering_since: datetime | None = None
    dismissed_at: datetime | None = None
    """A draft that a person decided not to publish."""
    over_at: datetime | None = None
    """When the trouble of an incident that was never published ended."""
    nagged_for: datetime | None = None
    """The promise about whose breach staff were told."""
    evidence: tuple[Evidence, ...] = ()
    postmortem: Postmortem | None = None
    titles: tuple[Former, ...] = ()
    """Those that it had in public before, oldest first."""
    number: int = 0
    version: int = 0

    @property
    def published(self) -> tuple[Update, ...]:
        """The updates that the public sees, oldest first by the time shown."""
        shown = (update for update in self.updates if update.is_published)
        return tuple(sorted(shown, key=lambda update: update.display_at))

    @property
    def drafts(self) -> tuple[Update, ...]:
        """The updates that wait, in the order of writing."""
        return tuple(update for update in self.updates if update.is_draft)

    @property
    def course(self) -> tuple[Update, ...]:
        """The updates that its state follows from: the published ones; before the first, the drafts of its holder.

        The robot's offers to a person, and a person's draft in what is still the robot's, decide nothing.
        """
        if self.published:
            return self.published
        waiting = tuple(update for update in self.updates if update.withdrawn_at is None)
        return tuple(each for each in waiting if (each.by == ROBOT) is (self.touched_by is None)) or waiting

    @property
    def is_public(self) -> bool:
        return any(update.is_published for update in self.updates)

    @property
    def state(self) -> IncidentState:
        """The newest published update's state, of an unpublished incident the newest draft's; a postmortem ends it."""
        shown = self.course
        state = IncidentState(shown[-1].state) if shown else IncidentState.INVESTIGATING
        learned = self.postmortem is not None and self.postmortem.published_at is not None
        return IncidentState.POSTMORTEM if learned and state is IncidentState.RESOLVED else state

    @property
    def is_open(self) -> bool:
        """Whether it goes on: not resolved, not dismissed, not over before anybody heard of it."""
        return self.dismissed_at is None and self.over_at is None and self.state.is_open

    @property
    def monitoring_at(self) -> datetime | None:
        """When its monitoring last began, of the present course of it."""
        return self._since(IncidentState.MONITORING)

    @property
    def resolved_at(self) -> datetime | None:
        """When it was resolved, the last time; None while it goes on."""
        if self.state.is_open:
            return None
        ends = [update.display_at for update in self.published if update.state == IncidentState.RESOLVED]
        return ends[-1] if ends else None

    @property
    def next_by(self) -> datetime | None:
        """When the next update was promised; None once it is over."""
        shown = self.published
        return shown[-1].next_by if shown and self.is_open else None

    def is_overdue(self, now: datetime) -> bool:
        """Whether people wait for an update that was promised for before now."""
        return self.next_by is not None and self.next_by < now

    def _since(self, state: IncidentState) -> datetime | None:
        found = None
        for update in self.published:
            if update.state == state:
                found = found or update.display_at
            elif IncidentState(update.state).is_open:
                found = None
        return found

    def update(self, update_id: str) -> Update | None:
        """The update of that id, or None."""
        return next((update for update in self.updates if update.id == update_id), None)

    def unused_id(self, key: str) -> str:
        """An id for a further update, made from this key."""
        tried = (public_id("update", f"{self.id}/{key}/{n}") for n in count())
        return next(each for each in tried if self.update(each) is None)

    def called(self, title: str, by: str, at: datetime) -> "Incident":
        """The same under this title. One that the public has read is kept."""
        if title == self.title:
            return self
        former = (*self.titles, Former(self.title, at, by)) if self.is_public else self.titles
        return replace(self, title=title, titles=former)

    def with_update(self, update: Update) -> "Incident":
        """The same with this update put in the place of the one with its id, or added at the end."""
        if self.update(update.id) is None:
            return replace(self, updates=(*self.updates, update))
        return replace(self, updates=tuple(update if each.id == update.id else each for each in self.updates))
