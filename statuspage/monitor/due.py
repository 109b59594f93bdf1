"""Which check is due when: a small heap on the monotonic clock.

Checks are spread over their interval by a hash of their id, so that a thousand of them do not fire at once
and a restart keeps the pattern. A run that is late is started once, not once for every interval missed.
"""

import hashlib
import heapq
from collections.abc import Mapping
from dataclasses import dataclass


def spread(check: str, every: float) -> float:
    """Where in its interval a check fires: seconds in [0, every), the same in every process."""
    number = int.from_bytes(hashlib.sha256(check.encode()).digest()[:8])
    return number / 2**64 * every


@dataclass(slots=True)
class _Plan:
    every: float
    at: float


class Due:
    """The heap. Times are seconds of the monotonic clock."""

    def __init__(self) -> None:
        self._plans: dict[str, _Plan] = {}
        self._heap: list[tuple[float, str]] = []

    def plan(self, checks: Mapping[str, float], now: float, first_within: float | None = None) -> None:
        """Replace what is watched by `checks` (interval in seconds by id). Those already planned keep their time.

        `first_within` caps the wait for the very first run of a check.
        """
        for gone in self._plans.keys() - checks.keys():
            del self._plans[gone]
        for check, every in checks.items():
            known = self._plans.get(check)
            if known is not None and known.every == every:
                continue
            within = every if first_within is None else min(every, first_within)
            self._set(check, every, now + spread(check, within))

    def hasten(self, check: str, at: float) -> None:
        """Let a check run at `at` unless it is due earlier anyway."""
        plan = self._plans.get(check)
        if plan is not None and at < plan.at:
            self._set(check, plan.every, at)

    def after_start(self, check: str, now: float, pause: float | None = None) -> None:
        """Plan the next run of a check that starts now: after its interval, or after `pause`."""
        plan = self._plans.get(check)
        if plan is None:
            return
        if pause is not None:
            self._set(check, plan.every, now + pause)
            return
        # Keep the rhythm of the plan, unless we are more than one interval late.
        following = plan.at + plan.every
        self._set(check, plan.every, following if following > now else now + plan.every)

    def pop(self, now: float) -> list[str]:
        """The checks that are due, earliest first. Each stays out of the heap until `after_start`."""
        due = []
        while self._heap and self._heap[0][0] <= now:
            at, check = heapq.heappop(self._heap)
            plan = self._plans.get(check)
            if plan is not None and plan.at == at:
                due.append(check)
        return due

    def lateness(self, check: str, now: float) -> float:
        """Seconds by which a check that is started now is late."""
        plan = self._plans.get(check)
        return max(0.0, now - plan.at) if plan is not None else 0.0

    def _set(self, check: str, every: float, at: float) -> None:
        self._plans[check] = _Plan(every, at)
        heapq.heappush(self._heap, (at, check))
