"""The processes of a round, forked from a server that has imported the product already: a start takes 20 ms.

Each is a process of its own with connections of its own; what it is told to die of is laid before it begins.
"""

import asyncio
import dataclasses
import logging
import multiprocessing
import signal
import threading
from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from statuspage.app import load_config, load_for_running, run_monitor, senders
from statuspage.clock import SystemClock
from statuspage.core import retrying
from statuspage.delivery import courier
from statuspage.delivery.courier import Courier, Sender, Times
from statuspage.monitor.writer import Writer
from statuspage.store import open_store
from tests.faults import client, kills
from tests.faults.client import Act

DEADLINE = 0.6
"""Seconds for one try. What a dead process had claimed is free again after this and the margin."""
MARGIN = timedelta(seconds=0.3)
FASTER = 100
"""By how much the table of retries is shortened."""

PATIENCE = 60.0

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload([__name__])


def hurry(folder: Path) -> None:
    """Scale what the product waits for, and log to a file there. Only in a process of its own."""
    logging.basicConfig(filename=folder / "log", level=logging.INFO, force=True)
    courier.MARGIN = MARGIN
    retrying.DELAYS = tuple(delay / FASTER for delay in retrying.DELAYS)
    retrying.LATER = retrying.LATER / FASTER


class Child:
    """A running process."""

    def __init__(self, process: ForkServerProcess) -> None:
        self._process = process

    def end(self) -> None:
        """Ask it to end, and see that it did. One that has only just begun knows no other end than the signal's."""
        self._process.terminate()
        self._wait(0, -signal.SIGTERM)

    def ended(self) -> None:
        """Wait for its end in order. Raises AssertionError for any other one."""
        self._wait(0)

    def killed(self) -> None:
        """Wait for its death by SIGKILL. Raises AssertionError for any other end."""
        self._wait(-signal.SIGKILL)

    def kill_later(self, seconds: float) -> None:
        """kill -9, after so long."""
        threading.Event().wait(seconds)
        self._process.kill()

    def _wait(self, *expected: int) -> None:
        self._process.join(PATIENCE)
        found = self._process.exitcode
        if found is None:
            self._process.kill()
            self._process.join()
        assert found in expected, f"the {self._process.name} came to an end of {found}"


class Poster(Child):
    """A client at work on a script. One that `stays` does not end when it is through: it waits to be killed."""

    def __init__(
        self, url: str, acts: Sequence[Act], step: str | None = None, nth: int = 0, *, stays: bool = False
    ) -> None:
        self._said, says = _context.Pipe(duplex=False)
        self._heard: list[str] = []
        process = _context.Process(target=_post, args=(url, acts, says, step, nth, stays), name="poster", daemon=True)
        process.start()
        says.close()
        super().__init__(process)

    def get_to(self, acknowledged: int) -> None:
        """Wait until so many acts were acknowledged."""
        while len(self._heard) < acknowledged:
            self._heard.append(self._said.recv_bytes().decode())

    def acknowledged(self) -> list[str]:
        """The keys of everything that was acknowledged, at its end."""
        with self._said:
            while True:
                try:
                    self._heard.append(self._said.recv_bytes().decode())
                except EOFError:
                    return self._heard


class Deliverer(Child):
    """A courier at work on the outbox."""

    def __init__(self, config: Path, url: str, worker: str, step: str | None = None, nth: int = 0) -> None:
        process = _context.Process(
            target=_deliver, args=(config, url, worker, step, nth), name="deliverer", daemon=True
        )
        process.start()
        super().__init__(process)


class Monitor(Child):
    """All that `statuspage monitor` does."""

    def __init__(self, config: Path) -> None:
        process = _context.Process(target=_monitor, args=(config,), name="monitor", daemon=True)
        process.start()
        super().__init__(process)


def _monitor(config: Path) -> None:
    hurry(config.parent)
    asyncio.run(run_monitor(config, partial(load_for_running, config)))


def _post(url: str, acts: Sequence[Act], says: Connection, step: str | None, nth: int, stays: bool) -> None:
    kills.lay(step, nth)
    client.post_all(url, acts, says)
    if stays:
        signal.pause()


def _deliver(config: Path, url: str, worker: str, step: str | None, nth: int) -> None:
    hurry(config.parent)
    kills.lay(step, nth)
    ways = {name: dataclasses.replace(each, deadline=DEADLINE) for name, each in senders(load_config(config)).items()}
    asyncio.run(_run(url, worker, ways))


async def _run(url: str, worker: str, ways: Mapping[str, Sender]) -> None:
    clock, store = SystemClock(), open_store(url)
    writer = Writer(store, clock)
    at_work = Courier(
        lambda job: writer.submit(job, after_noted=False),
        clock,
        ways,
        worker=worker,
        times=Times(0.05, 0.05, 60.0, 1.0),
    )
    task = asyncio.get_running_loop().create_task(at_work.run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        await asyncio.to_thread(writer.close)
        store.close()
