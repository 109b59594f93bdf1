"""Is it us? Rounds of looks at things that are up whenever the internet is.

A round asks all anchors at once. A run that failed before it was connected is judged by the rounds that
overlap it, and at least one that began after it did; if there is none yet, one is made at once.
"""

import asyncio
import itertools
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from statuspage.core.blame import Anchors
from statuspage.core.clock import Clock
from statuspage.core.observation import Observation, Outcome

Look = Callable[[], Awaitable[Observation]]


@dataclass(frozen=True, slots=True)
class Round:
    """One finished round; times are seconds of the monotonic clock."""

    started: float
    ended: float
    result: Anchors


class AnchorRounds:
    """Makes rounds on demand, never two at once."""

    def __init__(self, looks: Sequence[Look], clock: Clock) -> None:
        self._looks = tuple(looks)
        self._clock = clock
        self._rounds: deque[Round] = deque(maxlen=32)
        self._making: asyncio.Task[Round] | None = None

    @property
    def can_tell(self) -> bool:
        """Whether there are enough anchors to be evidence."""
        return len(self._looks) >= 2

    @property
    def failing_since(self) -> float | None:
        """When the first of the newest failing rounds began, once there are two of them; monotonic seconds.

        One alone judges the runs beside it, and is no state of ours yet.
        """
        failing = list(itertools.takewhile(lambda each: each.result.failing, reversed(self._rounds)))
        return failing[-1].started if len(failing) >= 2 else None

    async def look(self) -> Anchors:
        """Make one round, or wait for the one under way."""
        return (await self._round()).result

    async def during(self, started: float) -> Anchors:
        """The worst round that overlaps [started, now], one of which began after `started`."""
        if not self.can_tell:
            return Anchors(asked=len(self._looks))
        while not any(each.started >= started for each in self._rounds):
            await self._round()
        overlapping = [each.result for each in self._rounds if each.ended >= started]
        return max(overlapping, key=lambda each: each.failed / each.asked)

    async def _round(self) -> Round:
        if self._making is None:
            self._making = asyncio.get_running_loop().create_task(self._make())
        return await asyncio.shield(self._making)

    async def _make(self) -> Round:
        started = self._clock.monotonic()
        try:
            seen = await asyncio.gather(*(look() for look in self._looks))
            failed = sum(each.outcome in (Outcome.FAIL, Outcome.BLIND) for each in seen)
            made = Round(started, self._clock.monotonic(), Anchors(len(seen), failed))
            self._rounds.append(made)
            return made
        finally:
            self._making = None
