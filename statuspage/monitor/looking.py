"""Starting what is due, and taking in what it saw: judged first, then noted for the store, then folded."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from statuspage.core import blame
from statuspage.core.clock import Clock
from statuspage.core.observation import Observation, Reason
from statuspage.monitor.anchors import AnchorRounds
from statuspage.monitor.beliefs import Beliefs
from statuspage.monitor.due import Due
from statuspage.monitor.look import Probe, Watch, look
from statuspage.monitor.tilt import Tilt
from statuspage.monitor.writer import Writer

log = logging.getLogger(__name__)

MAX_IN_FLIGHT = 3
"""Runs of one check at the same time: confirming runs overlap (settled.md, Times)."""

CRASHES_TOLD = 3
"""So many blind runs in a row by our own error are told to staff."""


class Looking:
    """The runs of one agent. `moved` is called when a verdict changed, `jolted` before a run is judged."""

    def __init__(
        self,
        agent: str,
        clock: Clock,
        beliefs: Beliefs,
        writer: Writer,
        tilt: Tilt,
        *,
        moved: Callable[[], None],
        jolted: Callable[[], None],
    ) -> None:
        self._agent = agent
        self._clock = clock
        self._beliefs = beliefs
        self._writer = writer
        self._tilt = tilt
        self._moved = moved
        self._jolted = jolted
        self._due = Due()
        self._watches: dict[str, Watch] = {}
        self._in_flight: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.anchors = AnchorRounds((), clock)
        self.seq = 0
        self.last_run_at: datetime | None = None
        self.late_ms: deque[float] = deque(maxlen=10_000)
        """By how much the newest runs were started late, in milliseconds."""

    def watch(self, watches: Sequence[Watch], anchors: Sequence[Watch], first_within: float) -> None:
        """Look at exactly these from now on. Checks that stay keep their rhythm."""
        self._watches = {watch.check.id: watch for watch in watches}
        every = {watch.check.id: watch.check.head.every.total_seconds() for watch in watches}
        self._due.plan(every, self._clock.monotonic(), first_within)
        self.anchors = AnchorRounds([self._anchor(watch) for watch in anchors], self._clock)

    def _anchor(self, watch: Watch) -> Probe:
        return lambda: look(watch, self._agent, self._clock)

    async def start_due(self) -> None:
        """Start every check whose time has come; a task of its own each."""
        now = self._clock.monotonic()
        for check in self._due.pop(now):
            self.late_ms.append(self._due.lateness(check, now) * 1000)
            watch = self._watches[check]
            confirming = self._beliefs[check].confirming
            pause = watch.check.head.confirm_every.total_seconds() if confirming else None
            self._due.after_start(check, now, pause)
            if self._in_flight.get(check, 0) < MAX_IN_FLIGHT:
                self._start(watch)

    async def look_at_anchors(self) -> None:
        """Make a round of anchors, where there are enough of them to tell."""
        if self.anchors.can_tell:
            await self.anchors.look()

    @property
    def anchors_blind(self) -> bool:
        """Whether the anchors fail. That a target beside us goes on answering says nothing of the way to the others."""
        return self.anchors.failing_since is not None

    async def end(self) -> None:
        """Cancel every run under way; what it would have seen is not known."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, watch: Watch) -> None:
        check = watch.check.id
        self._in_flight[check] = self._in_flight.get(check, 0) + 1
        task = asyncio.get_running_loop().create_task(self._look_once(watch), name=f"look {check}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look_once(self, watch: Watch) -> None:
        started = self._clock.monotonic()
        try:
            observation = await look(watch, self._agent, self._clock)
        finally:
            self._in_flight[watch.check.id] -= 1
        observation = await self._judged(observation, started)
        self._take_in(observation)

    async def _judged(self, observation: Observation, started: float) -> Observation:
        # After a stall this may run before the watchdog does, and must not believe what it holds.
        self._jolted()
        observation = blame.judge_stall(observation, started, self._clock.monotonic(), tuple(self._tilt.stalls))
        if blame.may_be_ours(observation):
            observation = blame.judge(observation, await self.anchors.during(started))
        return observation

    def _take_in(self, observation: Observation) -> None:
        check = observation.check
        if check not in self._beliefs:
            return
        self.seq += 1
        observation = replace(observation, seq=self.seq)
        if observation.is_fresh:
            self.last_run_at = max(self.last_run_at or observation.ended_at, observation.ended_at)
        was_confirming = self._beliefs[check].confirming
        self._writer.note(observation)
        belief = self._beliefs.take_in(observation)
        if belief.confirming and not was_confirming:
            self._due.hasten(check, self._clock.monotonic())
        if belief.blind_runs == CRASHES_TOLD and observation.reason is Reason.INTERNAL:
            log.error("check %s could not be run %d times in a row", check, CRASHES_TOLD)
        if self._beliefs.moves:
            self._moved()
