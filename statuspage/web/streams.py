"""Notices that there are other directives, as server-sent events: never the directives themselves.

Everybody who hears a notice asks again, so notices are spread: each client hears between half of the jitter and the
whole of it after the change, and what changed meanwhile is one notice. Whoever comes when all places are taken is told
to come later; nobody who is there is sent away for it. Each stream ends by itself after four to six minutes, at its
own moment, so that clients spread over workers.
"""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from statuspage.core.clock import Clock
from statuspage.web.directives import Directives
from statuspage.web.shown import Shown

HEARTBEAT = 15.0
"""Seconds between comments: proxies end what is silent, and only writing tells that a client is gone."""
SHORTEST, LONGEST = 240.0, 360.0
RETRY_MS = 5000
NEARLY = 0.75
MOST_EACH = 8
"""Places that one address takes at most."""
COMMENT = b": here\n\n"
GONE = "statuspage.gone"
"""In the environment of a request: an event that is set, and `Shown.changed` notified, when its client has left."""

Uniform = Callable[[float, float], float]
"""A number between two others."""


def is_loopback(address: str) -> bool:
    """Whether it is this machine itself."""
    return address.startswith("127.") or address == "::1"


@dataclass(frozen=True, slots=True)
class Notices:
    """`jitter` is in seconds, 0 tells everybody at once; `most` is how many streams a worker holds, `trusted_hops`
    how many proxies in front of us say whom they ask for."""

    jitter: float = 5.0
    most: int = 32
    trusted_hops: int = 0


NOTICES = Notices()
"""Half of a worker's threads."""


class Streams:
    """The streams of one worker."""

    def __init__(
        self,
        shown: Shown,
        clock: Clock,
        notices: Notices = NOTICES,
        *,
        uniform: Uniform = random.uniform,
        pause: Callable[[threading.Event, float], bool] = threading.Event.wait,
    ) -> None:
        self._shown, self._clock = shown, clock
        self._uniform, self._pause = uniform, pause
        self._jitter, self._most = notices.jitter, notices.most
        self.trusted_hops = notices.trusted_hops
        self._open = 0
        self._by_address: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        """How many are open."""
        return self._open

    @property
    def is_nearly_full(self) -> bool:
        """Whether few places are left: nobody else should be told to come."""
        return self._open >= self._most * NEARLY

    def open(self, address: str = "", gone: threading.Event | None = None) -> Iterator[bytes] | None:
        """A new stream, None where all places are taken, or too many by this address. It is closed like a generator.

        It ends when `gone` is set.
        """
        with self._lock:
            if self._open >= self._most or self._by_address[address] >= MOST_EACH:
                return None
            self._open += 1
            if address and not is_loopback(address):  # a proxy beside us stands for everybody
                self._by_address[address] += 1
        return _Stream(self._chunks(gone or threading.Event()), lambda: self._left(address))

    def _left(self, address: str) -> None:
        with self._lock:
            self._open -= 1
            self._by_address[address] -= 1
            if self._by_address[address] <= 0:
                del self._by_address[address]

    def _chunks(self, gone: threading.Event) -> Iterator[bytes]:
        told = self._shown.directives
        ends = self._clock.monotonic() + self._uniform(SHORTEST, LONGEST)
        yield f"retry: {RETRY_MS}\n\n".encode()
        while (now := self._clock.monotonic()) < ends:
            present = self._await_other(told, min(HEARTBEAT, ends - now), gone)
            if gone.is_set():
                return
            if present is None or present is told or (told is not None and present.tag == told.tag):
                told = present or told
                yield COMMENT
                continue
            if self._jitter and self._pause(gone, self._uniform(self._jitter / 2, self._jitter)):
                return
            told = self._shown.directives or present
            yield self._notice(told)

    def _await_other(self, told: Directives | None, seconds: float, gone: threading.Event) -> Directives | None:
        """The present directives, as soon as they have another tag, or nobody is left, or when the time is over."""
        tag = told.tag if told is not None else ""
        with self._shown.changed:
            self._shown.changed.wait_for(lambda: gone.is_set() or self._tag() != tag, seconds)
        return self._shown.directives

    def _tag(self) -> str:
        present = self._shown.directives
        return present.tag if present is not None else ""

    def _notice(self, present: Directives) -> bytes:
        modified = int(self._clock.now().timestamp())
        data = json.dumps({"type": "refetchEvaluation", "etag": present.tag, "lastModified": modified})
        return f"id: {present.tag}\nevent: message\ndata: {data}\n\n".encode()


class _Stream:
    """A stream that gives its place back when it is closed, even if nothing was ever read of it."""

    def __init__(self, chunks: Iterator[bytes], left: Callable[[], None]) -> None:
        self._chunks, self._left = chunks, left
        self._closed = False

    def __iter__(self) -> "_Stream":
        return self

    def __next__(self) -> bytes:
        try:
            return next(self._chunks)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End it; called by the server when the client is gone."""
        if not self._closed:
            self._closed = True
            self._left()
