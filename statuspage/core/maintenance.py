"""Planned windows, and what they mask.

A window covers the components it names and nothing else: what needs them is not excused. It masks trouble
that began inside it; an outage that was there before is not part of the plan and stays what it is.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from statuspage.core.status import Status


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
