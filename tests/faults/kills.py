"""The named steps of posting and delivering, and how a process dies at the n-th passage of one.

The product knows nothing of this: functions of it are wrapped from outside, in the child that is to die, and the
wrapper sends the child SIGKILL. `lay` is called once, in a process of its own, before the product does anything.
"""

import os
import signal
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.default import DefaultDialect

from statuspage.delivery import exchange, outbound
from statuspage.delivery.connecting import Deadline
from statuspage.notifiers import webhook
from statuspage.store import Store, head, incidents, journal, outbox, transact
from statuspage.store.database import Database
from statuspage.store.outbox import Outbox
from tests.faults import client

Strike = Callable[[], None]


class Fuse:
    """Counts passages and ends this process at the n-th, as `kill -9` does."""

    def __init__(self, nth: int) -> None:
        self._left = nth
        self._lock = threading.Lock()

    def strike(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
                signal.pause()


POSTING, DELIVERING, MONITOR = "posting", "delivering", "monitor"


@dataclass(frozen=True, slots=True)
class Step:
    """One place to die at. `passages` is how often a round certainly comes by.

    `doubtful_is_committed` says of a step of posting whether the first act that was not acknowledged is on disk.
    """

    side: str
    name: str
    lay: Callable[[Strike], None]
    passages: int
    doubtful_is_committed: bool = False
    tears: bool = False
    """Whether the receiver gets a piece of a request."""


@dataclass(frozen=True, slots=True)
class Anywhere:
    """Killed by somebody else, at a time that chance gives."""

    side: str
    name: str = "at any moment"
    tears: bool = True


def before(owner: Any, name: str) -> Callable[[Strike], None]:
    """Strike before every call of that function."""

    def lay(strike: Strike) -> None:
        original = getattr(owner, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            strike()
            return original(*arguments, **named)

        setattr(owner, name, wrapped)

    return lay


def after(owner: Any, name: str) -> Callable[[Strike], None]:
    """Strike after every call of that function that gave something or nothing; not after an empty result."""

    def lay(strike: Strike) -> None:
        original = getattr(owner, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            result = original(*arguments, **named)
            if result != ():
                strike()
            return result

        setattr(owner, name, wrapped)

    return lay


def within(owner: Any, name: str, lay_inside: Callable[[Strike], None]) -> Callable[[Strike], None]:
    """Strike at an inner place, but only while that function runs in the same thread."""

    def lay(strike: Strike) -> None:
        place = threading.local()
        original = getattr(owner, name)

        def wrapped(*arguments: Any, **named: Any) -> Any:
            place.inside = True
            try:
                return original(*arguments, **named)
            finally:
                place.inside = False

        setattr(owner, name, wrapped)
        lay_inside(lambda: strike() if getattr(place, "inside", False) else None)

    return lay


def before_commit(strike: Strike) -> None:
    """Strike when everything of a writing transaction is done but its COMMIT."""

    def commit(connection: Connection) -> None:
        if connection.get_execution_options().get("writing", False):
            strike()

    event.listen(Engine, "commit", commit)


def after_commit(strike: Strike) -> None:
    """Strike when the driver has come back from COMMIT, and nobody above it knows yet."""
    after(DefaultDialect, "do_commit")(strike)


def _half_sent(strike: Strike) -> None:
    send = exchange._send

    def half(sock: socket.socket, data: bytes, deadline: Deadline) -> None:
        send(sock, data[: len(data) // 2], deadline)
        strike()
        send(sock, data[len(data) // 2 :], deadline)

    exchange._send = half


EVERY_ACT = 6
"""An act comes by every step of posting once; a script has at least so many."""
SOME = 3
"""A script makes more messages than that, and one claim may take several."""

POSTING_STEPS = (
    Step(POSTING, "before the transaction", before(Database, "write_once"), EVERY_ACT),
    Step(POSTING, "revision taken", after(head, "advance"), EVERY_ACT),
    Step(POSTING, "state read", after(transact, "read_state"), EVERY_ACT),
    Step(POSTING, "incident written", after(incidents, "write_incidents"), EVERY_ACT),
    Step(POSTING, "journal written", after(journal, "write"), EVERY_ACT),
    Step(POSTING, "outbox written", after(outbox, "write"), EVERY_ACT),
    Step(POSTING, "right before commit", before_commit, EVERY_ACT),
    Step(POSTING, "committed", after_commit, EVERY_ACT, doubtful_is_committed=True),
    Step(POSTING, "committed but not acknowledged", after(Store, "act"), EVERY_ACT, doubtful_is_committed=True),
    Step(POSTING, "acknowledged", after(client, "acknowledge"), EVERY_ACT),
)

DELIVERING_STEPS = (
    Step(DELIVERING, "inside the transaction that releases old claims", within(Outbox, "release", before_commit), 1),
    Step(DELIVERING, "old claims released", after(Outbox, "release"), 1),
    Step(DELIVERING, "inside the claim transaction", within(Outbox, "claim", before_commit), SOME),
    Step(DELIVERING, "message claimed", after(Outbox, "claim"), SOME),
    Step(DELIVERING, "composed", after(webhook, "compose"), SOME),
    Step(DELIVERING, "connected", after(outbound, "connect"), SOME),
    Step(DELIVERING, "half of the request sent", _half_sent, SOME, tears=True),
    Step(DELIVERING, "request sent, answer not read", after(exchange, "_send"), SOME),
    Step(DELIVERING, "answered but not marked", after(outbound, "request"), SOME),
    Step(DELIVERING, "about to mark", before(Outbox, "delivered"), SOME),
    Step(DELIVERING, "inside the mark transaction", within(Outbox, "delivered", before_commit), SOME),
    Step(DELIVERING, "mark committed, not returned", within(Outbox, "delivered", after_commit), SOME),
    Step(DELIVERING, "marked", after(Outbox, "delivered"), SOME),
    Step(DELIVERING, "refused, not given back", before(Outbox, "retry"), 1),
    Step(DELIVERING, "inside the transaction that gives it back", within(Outbox, "retry", before_commit), 1),
    Step(DELIVERING, "given back", after(Outbox, "retry"), 1),
)

ALL: tuple[Step | Anywhere, ...] = (*POSTING_STEPS, Anywhere(POSTING), *DELIVERING_STEPS, Anywhere(DELIVERING))
STEPS = {step.name: step for step in (*POSTING_STEPS, *DELIVERING_STEPS)}


def lay(step: str | None, nth: int) -> None:
    """Prepare this process to die at the n-th passage of the step; without a step it lives."""
    if step is not None:
        STEPS[step].lay(Fuse(nth).strike)
