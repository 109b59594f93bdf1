"""Housekeeping under the real APScheduler."""

import asyncio
import logging
import time
from datetime import timedelta

from statuspage.monitor.scheduler import Scheduler
from tests.monitor.engines import CLOCK, MovedClock
from tests.waiting import wait_until


async def test_a_job_is_never_run_beside_itself_and_late_ones_run_once(caplog: object) -> None:
    scheduler, running, most, runs = Scheduler(MovedClock()), 0, 0, 0

    async def job() -> None:
        nonlocal running, most, runs
        running, runs = running + 1, runs + 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1

    scheduler.every(0.05, "job", job, at_once=True)
    scheduler.start()
    await wait_until(lambda: runs >= 3, "three runs")
    scheduler.stop()
    assert most == 1
    assert logging.getLogger("apscheduler").level >= logging.ERROR


async def test_what_a_blocked_loop_missed_is_made_up_for_by_one_run() -> None:
    scheduler, runs = Scheduler(CLOCK), 0

    async def job() -> None:
        nonlocal runs
        runs += 1

    scheduler.every(0.05, "job", job, at_once=True)
    scheduler.start()
    await wait_until(lambda: runs >= 2, "two runs")
    time.sleep(1.5)  # noqa: ASYNC251 - the loop itself is to stand still
    before = runs
    while runs == before:  # noqa: ASYNC110 - not a moment more than the next run takes
        await asyncio.sleep(0)
    scheduler.stop()
    assert runs == before + 1


async def test_a_run_that_is_more_than_a_second_late_is_still_run() -> None:
    scheduler, ran = Scheduler(CLOCK), list[float]()

    async def job() -> None:
        ran.append(CLOCK.monotonic())

    began = CLOCK.monotonic()
    scheduler.every(2.0, "job", job)
    scheduler.start()
    await asyncio.sleep(0)
    time.sleep(3.3)  # noqa: ASYNC251 - past its time, and not to the next one
    await wait_until(lambda: ran, "the late run")
    scheduler.stop()
    assert ran[0] - began < 3.9, "that was the run after it"


async def test_a_job_whose_time_was_moved_into_the_future_runs_soon_after_a_replan() -> None:
    clock, runs = MovedClock(), 0
    scheduler = Scheduler(clock)

    async def job() -> None:
        nonlocal runs
        runs += 1

    # The plan of a clock that was an hour ahead: without a replan nothing would run for an hour.
    clock.moved = timedelta(hours=1)
    scheduler.every(0.1, "job", job)
    scheduler.start()
    await asyncio.sleep(0.3)
    assert runs == 0
    clock.moved = timedelta(0)
    scheduler.replan()
    await wait_until(lambda: runs >= 2, "the job to run again")
    scheduler.stop()
