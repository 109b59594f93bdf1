"""A provider's health, as the checks of its component find it: what people say, or have planned, does not count.

Four values. UNKNOWN never triggers anything, and only UP is a destination.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from statuspage.core.detection import EPOCH, Belief, Verdict


class Health(StrEnum):
    """How a provider is."""

    UP = "up"
    DEGRADED = "degraded"
    """Slow, unsteady, or down in part: no reason to leave at once, no place to go."""
    DOWN = "down"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """A provider's health and since when (UTC, back-dated). `slow_since`: it answers, slowly, since then.

    `seen_at` is when a check last had a run that was evidence; None for never. `why` is the check's reason.
    """

    health: Health = Health.UNKNOWN
    since: datetime = EPOCH
    slow_since: datetime | None = None
    seen_at: datetime | None = None
    why: str = ""


def condition(checks: Iterable[str], beliefs: Mapping[str, Belief]) -> Condition:
    """The condition of a provider with these checks. A check of which nothing is believed yet is unknown."""
    held = [beliefs.get(check) or Belief(check, "") for check in checks]
    if not held:
        return Condition()
    since = max(belief.since for belief in held)
    seen = min((belief.last_fresh for belief in held if belief.last_fresh), default=None)
    verdicts = [belief.verdict for belief in held]
    if all(verdict is Verdict.DOWN for verdict in verdicts):
        worst = max(held, key=lambda belief: belief.since)
        return Condition(Health.DOWN, since, None, seen, _why(worst))
    if all(verdict is Verdict.UP for verdict in verdicts):
        return Condition(Health.UP, since, None, seen)
    if all(verdict is Verdict.UNKNOWN for verdict in verdicts):
        return Condition(Health.UNKNOWN, since, None, seen)
    troubled = [belief for belief in held if belief.verdict in (Verdict.DOWN, Verdict.SLOW, Verdict.UNSTABLE)]
    if not troubled:  # some are up, of the others nobody knows
        return Condition(Health.UNKNOWN, since, None, seen)
    slow = [belief.since for belief in held if belief.verdict is Verdict.SLOW]
    answering = all(verdict in (Verdict.SLOW, Verdict.UP) for verdict in verdicts)
    return Condition(Health.DEGRADED, since, min(slow) if slow and answering else None, seen, _why(troubled[0]))


def _why(belief: Belief) -> str:
    reason = belief.reason.value if belief.reason else belief.verdict.value
    return f"{reason} at {belief.stage}" if belief.stage else reason
