"""Threads for calls that block. They are daemons: one that hangs does not hold up the end of the process."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """A pool that starts a thread when none is idle, up to `most`, and keeps it; further work waits in a queue."""

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._jobs: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._busy = 0
        self._started = 0

    def submit(self, work: Callable[[], T]) -> "Future[T]":
        """Run `work` in one of the threads. Nobody needs to wait for the result."""
        future: Future[T] = Future()
        with self._lock:
            self._busy += 1
            more = self._started < min(self._busy, self._most)
            self._started += more
            number = self._started
        self._jobs.put((future, work))
        if more:
            threading.Thread(target=self._work, name=f"{self._name}-{number}", daemon=True).start()
        return future

    def close(self) -> None:
        """Let every thread end when it has done what is submitted so far. Submit nothing afterwards."""
        with self._lock:
            for _ in range(self._started):
                self._jobs.put(None)

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            future, work = job
            try:
                if future.set_running_or_notify_cancel():
                    _fulfil(future, work)
            finally:
                with self._lock:
                    self._busy -= 1
            del job, future, work


def _fulfil(future: "Future[Any]", work: Callable[[], Any]) -> None:
    try:
        result = work()
    except BaseException as error:  # the waiter must hear of everything, or it waits for ever
        future.set_exception(error)
    else:
        future.set_result(result)
