"""The one thread that writes. Decisions go first; observations follow in batches and wait while the store is away.

An observation is noted in memory at once and written within `BATCH_DELAY`. Before a decision is written
everything noted so far is: what a decision rests on is on disk before the decision is, so that a restart
folds the same observations into the same belief. While the database is locked or gone nothing is dropped
until `LIMIT` observations wait; then the oldest go, are counted, and it is said so.
"""

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from statuspage.core.clock import Clock
from statuspage.core.observation import Observation
from statuspage.store import Store, StoreError

log = logging.getLogger(__name__)

T = TypeVar("T")

BATCH_DELAY = 0.4
BATCH_SIZE = 500
LIMIT = 200_000
RETRY_AFTER = 0.5
CLOSE_WITHIN = 4.0
"""Within the eight seconds that `run` gives its parts to end."""


class Writer:
    """Owns the thread. `submit` is awaited on the loop; `note` never waits."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._wake = threading.Condition()
        self._jobs: deque[tuple[Callable[[Store], Any], asyncio.Future[Any], asyncio.AbstractEventLoop, bool]] = deque()
        self._noted: deque[Observation] = deque()
        self._closing = False
        self._retry_at = 0.0
        self._troubled = False
        self.dropped = 0
        """Observations that were never written, since the start."""
        self._lost = 0
        """The same since the store was last there: the first of them is said."""
        self._thread = threading.Thread(target=self._work, name="writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Observations that are noted and not yet written."""
        return len(self._noted)

    def note(self, observation: Observation) -> None:
        """Remember an observation until it is written."""
        with self._wake:
            if len(self._noted) >= LIMIT:
                self._noted.popleft()
                self.dropped += 1
                if self._lost == 0:
                    log.error("%d observations wait for the store; the oldest are dropped from now on", LIMIT)
                self._lost += 1
            self._noted.append(observation)
            if len(self._noted) >= BATCH_SIZE or len(self._noted) == 1:
                self._wake.notify()

    async def submit(self, job: Callable[[Store], T], *, after_noted: bool = True) -> T:
        """Run `job(store)` in the writer thread, as soon as what was noted before is written.

        Raises what the job raises; a StoreError of the preceding batch fails the job too.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._wake:
            if self._closing:
                raise RuntimeError("the writer is closed")
            self._jobs.append((job, future, loop, after_noted))
            self._wake.notify()
        return await future

    def close(self) -> None:
        """Write what is noted, trying for `CLOSE_WITHIN` seconds, and end the thread. What is lost is said."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        if self._noted:
            log.error("%d observations could not be written and are lost", len(self._noted))

    def _work(self) -> None:
        while True:
            with self._wake:
                self._wait()
                jobs, closing = list(self._jobs), self._closing
                self._jobs.clear()
            for job, future, loop, after_noted in jobs:
                self._run(job, future, loop, after_noted)
            if closing:
                self._flush_at_the_end()
                return
            if not jobs:
                self._flush_quietly()

    def _flush_at_the_end(self) -> None:
        until = self._clock.monotonic() + CLOSE_WITHIN
        self._flush_quietly()
        pause = threading.Event()
        while self._noted and self._clock.monotonic() < until:
            pause.wait(RETRY_AFTER / 5)
            self._flush_quietly()

    def _wait(self) -> None:
        """Until there is a job, a full batch, or the batch delay is over. The condition is held."""
        if self._jobs or self._closing:
            return
        if not self._noted:
            self._wake.wait()
            if self._jobs or self._closing:
                return
        until = max(self._clock.monotonic() + BATCH_DELAY, self._retry_at)
        while not self._jobs and not self._closing:
            left = until - self._clock.monotonic()
            if left <= 0 or (len(self._noted) >= BATCH_SIZE and not self._troubled):
                return
            self._wake.wait(left)

    def _run(
        self, job: Callable[[Store], Any], future: "asyncio.Future[Any]", loop: asyncio.AbstractEventLoop, after: bool
    ) -> None:
        try:
            if after:
                self._flush()
            result = job(self._store)
        except BaseException as error:  # the waiter must hear of everything, or it waits for ever
            _settle(loop, future, error=error)
        else:
            _settle(loop, future, result=result)

    def _flush_quietly(self) -> None:
        try:
            self._flush()
        except StoreError as error:
            self._retry_at = self._clock.monotonic() + RETRY_AFTER
            if not self._troubled:
                log.warning("observations wait for the store: %s", error)
            self._troubled = True
        except Exception:
            self._retry_at = self._clock.monotonic() + RETRY_AFTER
            log.exception("writing observations failed")

    def _flush(self) -> None:
        while self._noted:
            batch = [self._noted[index] for index in range(min(len(self._noted), BATCH_SIZE))]
            self._store.append(batch)
            with self._wake:
                for observation in batch:
                    if self._noted and self._noted[0] is observation:
                        self._noted.popleft()
        if self._troubled or self._lost:
            lost = f", {self._lost} were dropped" if self._lost else ""
            log.warning("the store is back; all waiting observations are written%s", lost)
            self._troubled, self._lost = False, 0


def _settle(
    loop: asyncio.AbstractEventLoop,
    future: "asyncio.Future[Any]",
    *,
    result: Any = None,
    error: BaseException | None = None,
) -> None:
    def tell() -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)

    if not loop.is_closed():
        loop.call_soon_threadsafe(tell)
