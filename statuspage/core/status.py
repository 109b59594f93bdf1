"""The status algebra: what a component can be, which of two is worse, and the page's one sentence.

The order is major > partial > degraded > maintenance > operational > unknown. `unknown` is the bottom:
it shows only where nothing at all is known, so `worst` is the join of a lattice (associative,
commutative, idempotent, with UNKNOWN as identity).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """A component's state. All values but UNKNOWN are Statuspage's own words (API v2)."""

    UNKNOWN = "unknown"
    OPERATIONAL = "operational"
    MAINTENANCE = "under_maintenance"
    DEGRADED = "degraded_performance"
    PARTIAL = "partial_outage"
    MAJOR = "major_outage"

    @property
    def severity(self) -> int:
        """0 (unknown) to 5 (major outage); a larger number is a worse state."""
        return _SEVERITY[self]


_SEVERITY = {status: rank for rank, status in enumerate(Status)}


def worst(statuses: Iterable[Status]) -> Status:
    """The join of the given statuses; UNKNOWN for none."""
    return max(statuses, key=lambda status: status.severity, default=Status.UNKNOWN)


class Indicator(StrEnum):
    """Statuspage's page indicator (API v2 `status.indicator`)."""

    NONE = "none"
    MAINTENANCE = "maintenance"
    MINOR = "minor"
    MAJOR = "major"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class PageStatus:
    """The answer in one sentence; `description` is one of Statuspage's seven exact strings."""

    indicator: Indicator
    description: str


OPERATIONAL = PageStatus(Indicator.NONE, "All Systems Operational")
MAINTENANCE = PageStatus(Indicator.MAINTENANCE, "Service Under Maintenance")
SOME_DEGRADED = PageStatus(Indicator.MINOR, "Partially Degraded Service")
ALL_DEGRADED = PageStatus(Indicator.MINOR, "Degraded System Service")
SOME_PARTIAL = PageStatus(Indicator.MINOR, "Minor Service Outage")
SOME_MAJOR = PageStatus(Indicator.MAJOR, "Partial System Outage")
ALL_MAJOR = PageStatus(Indicator.CRITICAL, "Major System Outage")


def page_status(components: Sequence[Status]) -> PageStatus:
    """The page's sentence from its leaf components (groups are not counted twice).

    Thresholds "some" and "all" as published by Atlassian and confirmed on recorded pages: any major, or
    nothing but partial outages, is a Partial System Outage; a few partial outages are a Minor one.
    An unknown component counts as one of "all" but never raises the sentence.
    """
    worst_of_all = worst(components)
    everywhere = bool(components) and all(status is worst_of_all for status in components)
    match worst_of_all:
        case Status.MAJOR:
            return ALL_MAJOR if everywhere else SOME_MAJOR
        case Status.PARTIAL:
            return SOME_MAJOR if everywhere else SOME_PARTIAL
        case Status.DEGRADED:
            return ALL_DEGRADED if everywhere else SOME_DEGRADED
        case Status.MAINTENANCE:
            return MAINTENANCE
        case _:
            return OPERATIONAL
