"""One monitor process: it resumes where the last one stopped, keeps house, and leaves in order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from statuspage.core import decide
from statuspage.core.clock import Clock
from statuspage.core.refusals import Refused
from statuspage.core.site import Site
from statuspage.core.state import Heartbeat
from statuspage.delivery.courier import Courier, Sender
from statuspage.delivery.courier import Times as CourierTimes
from statuspage.monitor.beliefs import Beliefs
from statuspage.monitor.deciding import Deciding
from statuspage.monitor.look import Watch
from statuspage.monitor.looking import Looking
from statuspage.monitor.scheduler import Scheduler
from statuspage.monitor.signals import Pulling, Source
from statuspage.monitor.tilt import REST, Tilt
from statuspage.monitor.writer import Writer
from statuspage.store import Store, StoreError
from statuspage.store.observations import BEGINNING, Place, Pruned

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds between housekeeping jobs. Tests scale them; the product uses the defaults."""

    due: float = 0.1
    decide: float = 1.0
    watchdog: float = 0.25
    beat: float = 5.0
    anchors: float = 5.0
    checkpoint: float = 60.0
    roll_up: float = 60.0
    prune: float = 600.0
    pull: float = 1.0
    rest: float = REST
    rest_told: float = 300.0
    """How long decisions rest without a break until people are told."""
    first_within: float = 2.0
    delivery: CourierTimes = field(default_factory=CourierTimes)


class Engine:
    """Looks, decides and stores while `run` runs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        agent: str = "local",
        times: Times | None = None,
        keep_observations: timedelta = timedelta(days=7),
    ) -> None:
        self._clock = clock
        self._agent = agent
        self._times = times or Times()
        self._keep = keep_observations
        self._writer = Writer(store, clock)
        self._tilt = Tilt(self._times.watchdog, rest=self._times.rest)
        self._scheduler = Scheduler(clock)
        self._courier = Courier(self._submit_mark, clock, {}, worker=agent, times=self._times.delivery)
        self._pulling = Pulling(clock, self._writer)
        self._moved = asyncio.Event()
        self._stopped = asyncio.Event()
        self._failure: Exception | None = None
        self._started_at = clock.now()
        self.beliefs = Beliefs(agent)
        self.deciding = Deciding(agent, clock, self.beliefs, self._writer)
        self.looking = Looking(
            agent, clock, self.beliefs, self._writer, self._tilt, moved=self._moved.set, jolted=self._notice_jolt
        )

    async def run(
        self,
        site: Site,
        watches: Sequence[Watch],
        anchors: Sequence[Watch],
        senders: Mapping[str, Sender] | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        """Work until `stop`; `senders` are the ways to the destinations by id, `sources` tell of load.

        Raises StaleLease when another monitor took over, StoreError for a broken store.
        """
        self._courier.adopt(senders or {})
        self._pulling.adopt(sources)
        try:
            await self._resume(site, watches, anchors)
            await self._work()
        finally:
            await asyncio.get_running_loop().run_in_executor(None, self._writer.close)
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """End `run` soon: what is known is written first."""
        self._stopped.set()

    async def adopt(
        self,
        site: Site,
        watches: Sequence[Watch],
        anchors: Sequence[Watch],
        senders: Mapping[str, Sender] | None = None,
        sources: Sequence[Source] = (),
    ) -> None:
        """Go on with another configuration. Checks that stay keep their belief and their rhythm.

        Raises Refused for one that the rules refuse: then nothing has changed.
        """
        now = self._clock.now()
        await self.deciding.order(lambda state: decide.adopt(state, site, now))
        self._courier.adopt(senders or {})
        self._pulling.adopt(sources)
        await self._watch(watches, anchors)

    def _submit_mark(self, job: Callable[[Store], T]) -> Awaitable[T]:
        """What became of a message does not wait for observations to be written."""
        return self._writer.submit(job, after_noted=False)

    async def _resume(self, site: Site, watches: Sequence[Watch], anchors: Sequence[Watch]) -> None:
        now, agent, submit = self._clock.now(), self._agent, self._writer.submit
        self.deciding.lease = await submit(lambda store: store.take_lease())
        self.looking.seq = await submit(lambda store: store.last_seq(agent))
        await self._watch(watches, anchors)
        folded = {check: belief.folded for check, belief in self.beliefs.all.items()}
        replayed = await submit(lambda store: self.beliefs.replay(store.observations_after(agent, folded)))
        if replayed:
            log.info("took in %d stored observations that no stored belief held yet", replayed)
        last = max([*await submit(lambda store: _signs_of_life(store, agent)), *self.beliefs.last_fresh], default=None)
        self.beliefs.watching_since = now
        self.looking.last_run_at = max(self.beliefs.last_fresh, default=None)
        await self.deciding.order(lambda state: decide.resume(last, now))
        try:
            await self.deciding.order(lambda state: decide.adopt(state, site, now))
        except Refused as refused:
            log.error("the configuration is not published, the last one stays on the page: %s", refused)
        await self._beat()

    async def _watch(self, watches: Sequence[Watch], anchors: Sequence[Watch]) -> None:
        # Beliefs are not written with observations: a reload need not wait for those while the store is locked.
        stored = await self._writer.submit(lambda store: store.beliefs(self._agent), after_noted=False)
        self.beliefs.watch({watch.check.id: watch.check.rules for watch in watches}, stored, self._clock.now())
        self.looking.watch(watches, anchors, self._times.first_within)

    async def _work(self) -> None:
        self._schedule()
        loop = asyncio.get_running_loop()
        keepers = [loop.create_task(each()) for each in (self._watchdog, self._decider, self._courier.run)]
        for keeper in keepers:
            keeper.add_done_callback(self._keeper_ended)
        try:
            await self._stopped.wait()
        finally:
            self._scheduler.stop()
            for keeper in keepers:
                keeper.cancel()
            await asyncio.gather(*keepers, return_exceptions=True)
            await self.looking.end()
            await self._checkpoint()
            await self._beat()

    def _schedule(self) -> None:
        times, every = self._times, self._scheduler.every
        every(times.due, "due", self.looking.start_due, at_once=True)
        every(times.decide, "decide", self._wake_decider)
        every(times.beat, "beat", self._beat)
        every(times.anchors, "anchors", self.looking.look_at_anchors, at_once=True)
        every(times.checkpoint, "checkpoint", self._checkpoint)
        every(times.roll_up, "roll up", self._roll_up, at_once=True)
        every(times.prune, "prune", self._prune)
        every(times.pull, "pull", self._pulling.pull)
        self._scheduler.start()

    # --- keepers: they run as long as the engine does ---------------------------------------------------

    async def _decider(self) -> None:
        """Decides at every tick and as soon as a verdict moves; never twice at once, never while tilted."""
        while True:
            await self._moved.wait()
            self._moved.clear()
            # A moved clock must be noticed before its time is believed.
            self._notice_jolt()
            rested = self._tilt.rested(self._clock.monotonic())
            await self.deciding.notice_rest(rested, self._times.rest_told)
            if rested:
                continue
            if await self.deciding.notice_blindness(self.looking.anchors_blind):
                await self._beat()
            await self.deciding.decide()

    async def _wake_decider(self) -> None:
        self._moved.set()

    async def _watchdog(self) -> None:
        while True:
            await asyncio.sleep(self._times.watchdog)
            self._notice_jolt()

    def _notice_jolt(self) -> None:
        jolt = self._tilt.tick(self._clock.now(), self._clock.monotonic())
        if jolt is None:
            return
        log.warning(
            "this process was %.1f s late and the clock moved %.1f s: decisions rest for %.0f s",
            jolt.late,
            jolt.stepped,
            self._tilt.rest,
        )
        now = self._clock.now()
        self.beliefs.watching_since = now
        if jolt.late > self._tilt.tolerance:
            self.deciding.remember(lambda state: decide.stalled(now - timedelta(seconds=jolt.late), now))
        if abs(jolt.stepped) > self._tilt.tolerance:
            self._scheduler.replan()

    def _keeper_ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and isinstance(error := task.exception(), Exception):
            self._failure = error
            self.stop()

    # --- housekeeping: what fails is tried again at its next time ----------------------------------------

    async def _beat(self) -> None:
        now, frozen = self._clock.now(), self._tilt.frozen_until
        left = (frozen - self._clock.monotonic()) if frozen is not None else 0.0
        reason = self.deciding.blind_reason
        beat = Heartbeat(
            agent=self._agent,
            at=now,
            started_at=self._started_at,
            last_run_at=self.looking.last_run_at,
            blind_since=self.deciding.blind_since,
            blind_reason=reason.value if reason else None,
            frozen_until=now + timedelta(seconds=left) if left > 0 else None,
        )
        await self._quietly("the heartbeat", lambda store: store.beat(beat))

    async def _checkpoint(self) -> None:
        # A belief whose move no decision has taken up yet is stored with that decision, not before it.
        moving = {move.belief.check for move in self.beliefs.moves}
        ready = tuple(belief for belief in self.beliefs.all.values() if belief.check not in moving)
        await self._quietly("a checkpoint", lambda store: store.save_beliefs(ready))

    async def _roll_up(self) -> None:
        now = self._clock.now()
        await self._quietly("the daily figures", lambda store: store.roll_up(now))
        await self._quietly("what users felt", lambda store: store.roll_up_felt(now))

    async def _prune(self) -> None:
        # A job for each batch: a decision waits for one of them at most.
        place: Place | None = BEGINNING
        while place is not None:
            pruned = await self._quietly("pruning", self._pruning(place))
            place = pruned.onward if pruned is not None else None
        now = self._clock.now()
        await self._quietly("pruning", lambda store: store.prune_felt(now))

    def _pruning(self, place: Place) -> Callable[[Store], Pruned]:
        now, keep = self._clock.now(), self._keep
        return lambda store: store.prune(now, keep, place)

    async def _quietly(self, what: str, job: Callable[[Store], T]) -> T | None:
        try:
            return await self._writer.submit(job)
        except StoreError as error:
            log.warning("%s waits for the store: %s", what, error)
            return None


def _signs_of_life(store: Store, agent: str) -> list[datetime]:
    return [beat.at for beat in store.heartbeats() if beat.agent == agent]
