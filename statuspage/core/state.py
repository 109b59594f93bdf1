"""What is held between two decisions, and what a decision is made of. The store reads the one and writes the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from statuspage.core.detection import Belief
from statuspage.core.felt import Felt, Stretch
from statuspage.core.incident import Incident
from statuspage.core.load import Signals
from statuspage.core.maintenance import Maintenance, Window
from statuspage.core.route import RouteState
from statuspage.core.site import Site
from statuspage.core.status import Status
from statuspage.core.telling import Json, Telling
from statuspage.core.uptime import Figures, Span

__all__ = ["Json"]


@dataclass(frozen=True, slots=True)
class Held:
    """A component as it stands. `confirmed` is its last status that was not unknown: what API v2 shows."""

    component: str
    status: Status
    since: datetime
    confirmed: Status = Status.OPERATIONAL
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """What a person says a component's status is, against its checks, until `until` or the end of `incident`."""

    component: str
    status: Status
    by: str
    at: datetime
    until: datetime | None = None
    incident: str | None = None
    reason: str = ""

    def holds(self, now: datetime) -> bool:
        """Whether it has not run out."""
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class State:
    """What a deciding transaction reads. `site` is the published configuration, None before the first one.

    `incidents` are those that go on, wait as drafts or were resolved in the last hours, and those asked for by
    id; `maintenances` those that are not over, and those asked for.
    """

    components: Mapping[str, Held] = field(default_factory=dict)
    site: Site | None = None
    incidents: Mapping[str, Incident] = field(default_factory=dict)
    maintenances: Mapping[str, Maintenance] = field(default_factory=dict)
    overrides: Mapping[str, Override] = field(default_factory=dict)
    routes: Mapping[str, RouteState] = field(default_factory=dict)
    """How every route of the configuration stands; one that was never seen is not in it."""
    signals: Signals = field(default_factory=dict)
    felt: Felt = field(default_factory=dict)
    """What users felt in the last quarter of an hour, by slots."""
    low: frozenset[str] = frozenset()
    """The providers whose room was told to run low."""
    beliefs: Mapping[str, Belief] = field(default_factory=dict)
    """As they are stored, for those who ask for them; the monitor has newer ones."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """The planned windows that are not over."""
        return tuple(window for each in self.maintenances.values() if (window := each.window) is not None)


@dataclass(frozen=True, slots=True)
class Change:
    """A component moves from `old` to `new`, as of `since` (back-dated, UTC)."""

    component: str
    old: Status
    new: Status
    since: datetime


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One line of the journal: `kind` such as "component.updated", the subject's id, and what there is to know."""

    kind: str
    subject: str
    at: datetime
    data: Mapping[str, Json] = field(default_factory=dict)
    telling: Telling | None = None
    """Who is to hear of it, and what; None for what only the journal keeps."""


@dataclass(frozen=True, slots=True)
class Repaint:
    """A stretch of a component's past that was something else than it seemed: [started, ended) in UTC."""

    component: str
    status: Status
    started: datetime
    ended: datetime


@dataclass(frozen=True, slots=True)
class Decision:
    """New state and the events that tell of it; the store writes all of it in one transaction, or nothing.

    `site` publishes a new configuration; `created` are components met for the first time, `archived` those
    that left the configuration, `revived` those that came back.
    """

    changes: tuple[Change, ...] = ()
    beliefs: tuple[Belief, ...] = ()
    events: tuple[JournalEvent, ...] = ()
    site: Site | None = None
    created: tuple[Held, ...] = ()
    archived: tuple[str, ...] = ()
    revived: tuple[str, ...] = ()
    gap: tuple[datetime, datetime] | None = None
    """A stretch in which nobody looked: every component's history is unknown there."""
    incidents: tuple[Incident, ...] = ()
    """New or changed incidents, whole."""
    maintenances: tuple[Maintenance, ...] = ()
    """New or changed maintenances, whole."""
    overrides: tuple[Override, ...] = ()
    """New overrides; one replaces that of its component."""
    cleared: tuple[str, ...] = ()
    """Components whose override ends."""
    routes: tuple[RouteState, ...] = ()
    """New or changed routes, whole."""
    low: frozenset[str] | None = None
    """The providers whose room runs low, where that changed."""
    repaints: tuple[Repaint, ...] = ()
    undone: tuple[str, ...] = ()
    """Updates whose messages are dropped, as far as they are not sent yet."""

    @property
    def is_empty(self) -> bool:
        return self == Decision()


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A sign of life of one agent. `at` is when it was written, `last_run_at` when its newest run ended.

    `blind_since` is set while the agent cannot see, `frozen_until` while decisions rest after a stall.
    """

    agent: str
    at: datetime
    started_at: datetime
    last_run_at: datetime | None = None
    blind_since: datetime | None = None
    blind_reason: str | None = None
    frozen_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Day:
    """The figures of one component on one local day of the site's zone."""

    component: str
    day: date
    figures: Figures


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything the public pages say at one moment, read in one transaction.

    `days` holds the 90 newest days of every component; `troubles` the newest spans that were not operational.
    """

    generation: str
    revision: int
    read_at: datetime
    site: Site
    components: Mapping[str, Held]
    days: tuple[Day, ...] = ()
    troubles: tuple[Span, ...] = ()
    incidents: tuple[Incident, ...] = ()
    """All that are public, newest first by their start."""
    maintenances: tuple[Maintenance, ...] = ()
    """All of them, newest first by their start."""
    heartbeats: tuple[Heartbeat, ...] = ()
    updated_at: datetime | None = None
    """When the newest journal event was written: the page's `updated_at`."""
    routes: Mapping[str, RouteState] = field(default_factory=dict)
    """How every route stands; those that left the configuration are among them."""
    felt: Mapping[str, tuple[Stretch, ...]] = field(default_factory=dict)
    """What users felt of each provider in the last day, by hours."""

    @property
    def windows(self) -> tuple[Window, ...]:
        """The planned windows that are not over."""
        return tuple(window for each in self.maintenances if (window := each.window) is not None)
