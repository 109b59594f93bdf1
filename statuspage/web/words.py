"""A state as word and shape. Colour comes last: it is set in the style sheet from `slug`."""

from dataclasses import dataclass

from statuspage.core.incident import Impact
from statuspage.core.status import Indicator, Status


@dataclass(frozen=True, slots=True)
class Look:
    """How a state is shown: `slug` names its shape and colour, `word` says it."""

    slug: str
    word: str


LOOKS = {
    Status.OPERATIONAL: Look("ok", "Operational"),
    Status.DEGRADED: Look("degraded", "Degraded performance"),
    Status.PARTIAL: Look("partial", "Partial outage"),
    Status.MAJOR: Look("major", "Major outage"),
    Status.MAINTENANCE: Look("maint", "Under maintenance"),
    Status.UNKNOWN: Look("unknown", "No fresh data"),
}
"""In the order of the legend."""

GROUND = {
    Indicator.NONE: "ok",
    Indicator.MAINTENANCE: "maint",
    Indicator.MINOR: "degraded",
    Indicator.MAJOR: "major",
    Indicator.CRITICAL: "major",
}
"""The look of the whole page by its indicator; a minor outage is told apart by its worst component."""


STATE_WORDS = {
    "investigating": "Investigating",
    "identified": "Identified",
    "monitoring": "Monitoring",
    "resolved": "Resolved",
    "postmortem": "Postmortem",
    "scheduled": "Scheduled",
    "in_progress": "In progress",
    "verifying": "Verifying",
    "completed": "Completed",
    "cancelled": "Cancelled",
}
"""The states of incidents and of planned work as words."""

REPEATED = "Update"
"""What an update is called that leaves the state as it is."""

IMPACTS = {
    Impact.NONE: Look("info", "No component affected"),
    Impact.MINOR: Look("degraded", "Minor impact"),
    Impact.MAJOR: Look("partial", "Major impact"),
    Impact.CRITICAL: Look("major", "Critical impact"),
}
PLANNED = Look("maint", "Planned maintenance")


def count(number: int, noun: str) -> str:
    """`1 component`, `2 components`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def listed(names: list[str], most: int) -> str:
    """`A, B and C`, or `A, B and 3 more` when there are more than `most`."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1]))) if names else ""
