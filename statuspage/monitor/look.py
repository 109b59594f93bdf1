"""One look at one check: run its probe, make sure that it ends, and take back what was our own fault."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from statuspage.config import Check
from statuspage.core.clock import Clock
from statuspage.core.observation import Observation, Outcome, Reason

log = logging.getLogger(__name__)

GRACE = 1.0
"""Seconds a probe may take beyond its own time limit until it is given up."""

Probe = Callable[[], Awaitable[Observation]]


@dataclass(frozen=True, slots=True)
class Watch:
    """A check and the way to run it once. `probe` comes from app.py, which alone knows the kinds."""

    check: Check
    probe: Probe

    @property
    def timeout(self) -> float:
        return self.check.head.timeout.total_seconds()


async def look(watch: Watch, agent: str, clock: Clock) -> Observation:
    """What one run saw. A probe that raises or does not end by itself is blind, never a failure of its target."""
    at, started = clock.now(), clock.monotonic()

    def ours(detail: str) -> Observation:
        return Observation(
            check=watch.check.id,
            agent=agent,
            at=at,
            outcome=Outcome.BLIND,
            took_ms=(clock.monotonic() - started) * 1000,
            reason=Reason.INTERNAL,
            detail=detail,
        )

    async def run() -> Observation:
        return await watch.probe()

    task = asyncio.get_running_loop().create_task(run(), name=f"probe {watch.check.id}")
    try:
        done, _ = await asyncio.wait({task}, timeout=watch.timeout + GRACE)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if not done:
        # A probe that swallows its cancellation is left behind rather than waited for.
        task.cancel()
        task.add_done_callback(_forget)
        log.error("the probe of check %s did not end within %.0f s of its time limit", watch.check.id, GRACE)
        return ours("the probe did not end")
    error = task.exception() if not task.cancelled() else None
    if error is not None:
        log.error("the probe of check %s crashed", watch.check.id, exc_info=error)
        return ours(type(error).__name__)
    if task.cancelled():
        return ours("the probe was cancelled")
    return task.result()


def _forget(task: "asyncio.Task[Observation]") -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("an abandoned probe ended badly", exc_info=task.exception())
