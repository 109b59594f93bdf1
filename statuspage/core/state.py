"""What is held between two decisions, and what a decision is made of. The store reads the one and writes the other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias

from statuspage.core.detection import Belief
from statuspage.core.maintenance import Window
from statuspage.core.site import Site
from statuspage.core.status import Status
from statuspage.core.uptime import Figures, Span

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


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
class State:
    """What a deciding transaction reads. `site` is the published configuration, None before the first one."""

    components: Mapping[str, Held] = field(default_factory=dict)
    windows: tuple[Window, ...] = ()
    site: Site | None = None


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
    windows: tuple[Window, ...] = ()
    heartbeats: tuple[Heartbeat, ...] = ()
    updated_at: datetime | None = None
    """When the newest journal event was written: the page's `updated_at`."""
