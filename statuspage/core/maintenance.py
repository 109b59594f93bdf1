"""Planned windows, and what they mask.

A window covers the components it names and nothing else: what needs them is not excused. It masks trouble
that began inside it; an outage that was there before is not part of the plan and stays what it is.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from statuspage.core.incident import Update
from statuspage.core.status import Status


class MaintenanceState(StrEnum):
    """Where planned work stands. All but `cancelled` are values of Statuspage's API, which knows no such thing."""

    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    VERIFYING = "verifying"
    COMPLETED = "completed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        return self in (MaintenanceState.COMPLETED, MaintenanceState.CANCELLED)


_S = MaintenanceState
TABLE: Mapping[MaintenanceState, frozenset[MaintenanceState]] = {
    _S.SCHEDULED: frozenset({_S.SCHEDULED, _S.IN_PROGRESS, _S.CANCELLED}),
    _S.IN_PROGRESS: frozenset({_S.IN_PROGRESS, _S.VERIFYING, _S.COMPLETED, _S.CANCELLED}),
    _S.VERIFYING: frozenset({_S.VERIFYING, _S.IN_PROGRESS, _S.COMPLETED}),
    _S.COMPLETED: frozenset({_S.COMPLETED}),
    _S.CANCELLED: frozenset({_S.CANCELLED}),
}
"""Which state may follow which; a missing one is the illegal move."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Planned work as it is told: [starts, ends) in UTC on some components, and its updates.

    `automatic` begins and completes it at its times. `sequence` counts the changes of its plan (RFC 5545).
    """

    id: str
    title: str
    starts: datetime
    ends: datetime
    components: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    by: str
    updates: tuple[Update, ...] = ()
    """In the order of writing; all were published, some were taken back."""
    automatic: bool = True
    sequence: int = 0
    number: int = 0
    version: int = 0

    @property
    def published(self) -> tuple[Update, ...]:
        """Its updates, oldest first by the time shown."""
        return tuple(sorted((u for u in self.updates if u.is_published), key=lambda update: update.display_at))

    @property
    def is_public(self) -> bool:
        """Whether anybody may know of it: its announcement was not taken back."""
        return bool(self.published)

    @property
    def state(self) -> MaintenanceState:
        """The newest published update's state; what was announced and taken back will not take place."""
        shown = self.published
        if not shown:
            return MaintenanceState.CANCELLED if self.updates else MaintenanceState.SCHEDULED
        return MaintenanceState(shown[-1].state)

    @property
    def ended_at(self) -> datetime | None:
        """When it was completed or cancelled; None before, and for what was taken back."""
        shown = self.published
        return shown[-1].display_at if shown and self.state.is_over else None

    @property
    def _begun(self) -> tuple[datetime, ...]:
        """The times at which people, or the robot, said that it is in progress."""
        return tuple(each.display_at for each in self.published if each.state == MaintenanceState.IN_PROGRESS)

    @property
    def began_at(self) -> datetime:
        """When it begins: by the plan, or before that if it was begun before."""
        return min([self.starts, *self._begun])

    def update(self, update_id: str) -> Update | None:
        """The update of that id, or None."""
        return next((update for update in self.updates if update.id == update_id), None)

    def with_update(self, update: Update) -> "Maintenance":
        """The same with this update in the place of the one with its id, or at the end."""
        if self.update(update.id) is None:
            return replace(self, updates=(*self.updates, update))
        return replace(self, updates=tuple(update if each.id == update.id else each for each in self.updates))

    @property
    def window(self) -> "Window | None":
        """The stretch that it masks, while it is not over. What a person is to begin masks nothing before they do."""
        if self.state.is_over or not (self.automatic or self._begun):
            return None
        return Window(self.id, self.began_at, self.ends, frozenset(self.components))


@dataclass(frozen=True, slots=True)
class Window:
    """Planned work: [starts, ends) in UTC on the named components."""

    id: str
    starts: datetime
    ends: datetime
    components: frozenset[str]

    def __post_init__(self) -> None:
        if self.ends <= self.starts:
            raise ValueError(f"maintenance {self.id}: ends must be after starts")

    def covers(self, component: str, at: datetime) -> bool:
        """Whether the component is under maintenance at that moment."""
        return component in self.components and self.starts <= at < self.ends


def masked(component: str, status: Status, since: datetime, windows: Iterable[Window], now: datetime) -> Status:
    """What to show for a component that is in `status` since `since`, given the windows."""
    for window in windows:
        if window.covers(component, now) and (status in (Status.OPERATIONAL, Status.UNKNOWN) or since >= window.starts):
            return Status.MAINTENANCE
    return status


def edges(windows: Iterable[Window], now: datetime) -> tuple[datetime, ...]:
    """The moments still to come at which some window opens or closes, in order: pages change then."""
    return tuple(sorted({at for window in windows for at in (window.starts, window.ends) if at > now}))
