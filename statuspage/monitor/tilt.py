"""Noticing that we stood still or that the clock was moved (after Redis Sentinel's TILT).

A tick comes every `interval`. If it comes more than `tolerance` late, or if wall clock and monotonic clock
disagree by more than that, decisions rest for `rest` while looking goes on. A span of standing still is
remembered: what ran during it is no evidence. A moved clock leaves no such span: what runs measure is monotonic.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from statuspage.core.blame import Stall

TOLERANCE = 2.0
REST = 30.0
REMEMBERED = 20


@dataclass(frozen=True, slots=True)
class Jolt:
    """What a tick found: how late it came and by how much the wall clock was moved, in seconds."""

    late: float
    stepped: float


class Tilt:
    """Fed with both clocks at every tick; answers whether decisions may be taken."""

    def __init__(self, interval: float, tolerance: float = TOLERANCE, rest: float = REST) -> None:
        self.interval = interval
        self.tolerance = tolerance
        self.rest = rest
        self.stalls: deque[Stall] = deque(maxlen=REMEMBERED)
        self.frozen_until: float | None = None
        self.frozen_since: float | None = None
        """When the present rest began; one that is prolonged before it ends goes on."""
        self._last: tuple[datetime, float] | None = None

    def tick(self, now: datetime, monotonic: float) -> Jolt | None:
        """Take one reading of both clocks. Returns what was wrong, None when nothing was."""
        last, self._last = self._last, (now, monotonic)
        if last is None:
            return None
        passed = monotonic - last[1]
        late = passed - self.interval
        stepped = (now - last[0]).total_seconds() - passed
        if late <= self.tolerance and abs(stepped) <= self.tolerance:
            return None
        # What was the case at the last tick: nobody decided anything while we stood still.
        if self.frozen_since is None or not self.frozen(last[1]):
            self.frozen_since = last[1] if late > self.tolerance else monotonic
        self.frozen_until = monotonic + self.rest
        if late > self.tolerance:
            self.stalls.append(Stall(last[1], monotonic))
        return Jolt(late=max(late, 0.0), stepped=stepped)

    def frozen(self, monotonic: float) -> bool:
        """Whether decisions rest."""
        return self.frozen_until is not None and monotonic < self.frozen_until

    def rested(self, monotonic: float) -> float:
        """For how many seconds decisions have rested; 0 while they are taken."""
        if self.frozen_since is None or not self.frozen(monotonic):
            return 0.0
        return monotonic - self.frozen_since
