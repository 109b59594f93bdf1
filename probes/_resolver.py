"""Names to addresses, in threads of their own.

`getaddrinfo` can hang for as long as the machine's resolver likes, and cannot be cancelled. The loop's default
executor has few threads and serves others too, so one dead name server would stop every probe. Here lookups have
daemon threads that nothing else uses (a hung one does not hold up the end of the process either), a cap on all of
them, and a cap for one name, so that a name whose own servers hang cannot take the threads from the others.
"""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import NamedTuple


class Address(NamedTuple):
    """One way to reach a host: the address family, and what `socket.connect` takes."""

    family: int
    sockaddr: tuple[str, int] | tuple[str, int, int, int]


Lookup = Callable[[str, int], list[Address]]


class Saturated(Exception):
    """Every thread waits for the resolver: this name cannot be looked up now."""


def literal(host: str, port: int) -> Address | None:
    """The address that `host` spells out, or None where it is a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except (OSError, ValueError):
            continue
        return Address(family, (host, port) if family == socket.AF_INET else (host, port, 0, 0))
    return None


def lookup(host: str, port: int) -> list[Address]:
    """The addresses of a host in the order the system prefers. Blocks; raises socket.gaierror or UnicodeError."""
    found: list[Address] = []
    for family, _, _, _, sockaddr in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if family in (socket.AF_INET, socket.AF_INET6):
            found.append(Address(family, sockaddr))  # type: ignore[arg-type]  # the family says which shape it is
    return found


class Resolver:
    """A pool of daemon threads for one blocking function. Threads are started when needed and then kept."""

    def __init__(self, look: Lookup = lookup, threads: int = 64, per_name: int = 16) -> None:
        self._look = look
        self._threads = threads
        self._per_name = per_name
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        self._busy: Counter[str] = Counter()

    async def resolve(self, host: str, port: int) -> list[Address]:
        """The addresses of `host`. Raises Saturated at once where no thread is free, else what the lookup raises."""
        self._take(host)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Address]] = loop.create_future()

        def deliver(found: list[Address] | BaseException) -> None:
            if answer.done():  # the run's time was over before the resolver answered
                return
            if isinstance(found, BaseException):
                answer.set_exception(found)
            else:
                answer.set_result(found)

        def job() -> None:
            found: list[Address] | BaseException
            try:
                found = self._look(host, port)
            except Exception as error:
                found = error
            finally:
                self._give_back(host)
            with suppress(RuntimeError):  # the loop was closed while the resolver hung
                loop.call_soon_threadsafe(deliver, found)

        self._jobs.put(job)
        return await answer

    def _take(self, host: str) -> None:
        with self._lock:
            busy = self._busy.total()
            if busy >= self._threads or self._busy[host] >= self._per_name:
                raise Saturated(host)
            self._busy[host] += 1
            if busy < self._started:
                return
            self._started += 1
        threading.Thread(target=self._work, name=f"resolver-{self._started}", daemon=True).start()

    def _give_back(self, host: str) -> None:
        with self._lock:
            self._busy[host] -= 1
            if not self._busy[host]:
                del self._busy[host]

    def _work(self) -> None:
        while True:
            self._jobs.get()()
