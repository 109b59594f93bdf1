"""The only user of APScheduler: named jobs at fixed intervals, each never twice at once, late ones run once.

APScheduler plans by the wall clock, so a step of that clock would silence it for as long as the step is
(measured: an hour back, no run for an hour). Whoever notices a step calls `replan`.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from statuspage.core.clock import Clock

Job = Callable[[], Awaitable[None]]


class Scheduler:
    """Housekeeping by name. Start it inside a running loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._intervals: dict[str, float] = {}
        # Never skipped for being late, never queued up, never run beside itself (the library's own
        # default skips whatever is one second late).
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        # "Maximum number of running instances reached" is how max_instances=1 is meant to work.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    def every(self, seconds: float, name: str, job: Job, *, at_once: bool = False) -> None:
        """Run `job` every so many seconds, from now on or after the first interval."""
        self._intervals[name] = seconds
        first = self._clock.now() + timedelta(seconds=0 if at_once else seconds)
        self._scheduler.add_job(job, IntervalTrigger(seconds=seconds), id=name, name=name, next_run_time=first)

    def start(self) -> None:
        self._scheduler.start()

    def replan(self) -> None:
        """Plan every job anew from the present time: after a step of the wall clock."""
        now = self._clock.now()
        for name, seconds in self._intervals.items():
            job = self._scheduler.get_job(name)
            if job is not None:
                job.reschedule(IntervalTrigger(seconds=seconds, start_date=now + timedelta(seconds=min(seconds, 1.0))))

    def stop(self) -> None:
        if self._scheduler.running:
            # Jobs under way are cancelled; the library would report each of them with a traceback.
            logging.getLogger("apscheduler").setLevel(logging.CRITICAL)
            self._scheduler.shutdown(wait=False)
