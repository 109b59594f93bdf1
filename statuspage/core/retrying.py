"""What follows from an answer: delivered, try again then, dead, or the destination is silenced. As a table.

Laws, held by tests/core/test_retrying.py:
- a retry is always later than now, and never later than a day after the first try;
- every answer has exactly one outcome, and only 2xx is delivered;
- whatever is answered, the tries end.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from statuspage.core.telling import ENDS, MessageState


class Trouble(StrEnum):
    """Why there is no answer."""

    TIMEOUT = "timeout"
    DNS = "dns"
    CONNECTION = "connection"
    """Refused, reset, closed, no route."""
    TLS = "tls"
    PROTOCOL = "protocol"
    """What came was no HTTP, or had no end."""
    GUARD = "guard"
    """Our own guard does not let a request go there."""
    INTERNAL = "internal"
    """The request could not be made."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one try: a status, or a trouble. `retry_after` is in seconds; `detail` holds no secret."""

    status: int | None = None
    trouble: Trouble | None = None
    retry_after: float | None = None
    detail: str = ""
    took_ms: float = 0.0

    def __str__(self) -> str:
        what = str(self.status) if self.status is not None else (self.trouble or Trouble.INTERNAL).value
        return f"{what}: {self.detail}" if self.detail else what


@dataclass(frozen=True, slots=True)
class Delivered:
    """It was taken."""


@dataclass(frozen=True, slots=True)
class Retry:
    """To be tried again at `due`."""

    due: datetime


@dataclass(frozen=True, slots=True)
class Dead:
    """Never to be tried again by itself; a person is told why."""

    why: str


@dataclass(frozen=True, slots=True)
class Disable:
    """Dead, and the destination is silenced until somebody looks."""

    why: str


Outcome: TypeAlias = Delivered | Retry | Dead | Disable

DELAYS = tuple(timedelta(seconds=each) for each in (0, 5, 15, 30, 60, 120, 300))
"""Before the first, the second, … try; every further one waits `LATER`."""
LATER = timedelta(minutes=10)
GIVE_UP_AFTER = timedelta(hours=24)
JITTER = 0.2
MOST_RETRY_AFTER = timedelta(hours=1)
"""A receiver may ask for patience; not for silence."""

_RETRY, _DEAD, _DISABLE = "retry", "dead", "disable"

STATUSES: Mapping[int, tuple[str, str]] = {
    400: (_DEAD, "it does not understand the request"),
    401: (_DEAD, "it does not accept our credentials"),
    403: (_DEAD, "it does not let us in"),
    404: (_DEAD, "there is nothing at this address"),
    408: (_RETRY, ""),
    410: (_DISABLE, "it says that it is gone for good"),
    413: (_DEAD, "the message is too large for it"),
    415: (_DEAD, "it does not understand the format"),
    422: (_DEAD, "it does not accept the content"),
    425: (_RETRY, ""),
    429: (_RETRY, ""),
}
CLASSES: Mapping[int, tuple[str, str]] = {
    1: (_RETRY, ""),
    3: (_DEAD, "it redirects, and redirects are not followed"),
    4: (_DEAD, "it refuses"),
    5: (_RETRY, ""),
}
TROUBLES: Mapping[Trouble, tuple[str, str]] = {
    Trouble.TIMEOUT: (_RETRY, ""),
    Trouble.DNS: (_RETRY, ""),
    Trouble.CONNECTION: (_RETRY, ""),
    Trouble.TLS: (_RETRY, ""),
    Trouble.PROTOCOL: (_RETRY, ""),
    Trouble.GUARD: (_DEAD, "nothing may be sent there"),
    Trouble.INTERNAL: (_DEAD, "the request could not be made"),
}


def schedule(attempts: int, first_tried_at: datetime, answer: Answer, now: datetime, jitter: float) -> Outcome:
    """What follows from the answer to the `attempts`-th try (from 1). `jitter` is in -1…1."""
    if answer.status is not None and 200 <= answer.status < 300:
        return Delivered()
    verdict, why = _row(answer)
    if verdict == _RETRY:
        return _retry(attempts, first_tried_at, answer, now, jitter)
    text = f"{why} ({answer})"
    return Disable(text) if verdict == _DISABLE else Dead(text)


def _row(answer: Answer) -> tuple[str, str]:
    if answer.status is None:
        return TROUBLES[answer.trouble or Trouble.INTERNAL]
    return STATUSES.get(answer.status) or CLASSES.get(answer.status // 100, CLASSES[5])


def _retry(attempts: int, first_tried_at: datetime, answer: Answer, now: datetime, jitter: float) -> Outcome:
    delay = DELAYS[attempts] if 0 < attempts < len(DELAYS) else LATER
    delay *= 1 + JITTER * max(-1.0, min(1.0, jitter))
    if answer.retry_after is not None:
        delay = max(delay, min(timedelta(seconds=max(0.0, answer.retry_after)), MOST_RETRY_AFTER))
    due = now + delay
    if due > first_tried_at + GIVE_UP_AFTER:
        hours = GIVE_UP_AFTER // timedelta(hours=1)
        return Dead(f"it was not taken within {hours} hours, {attempts} tries ({answer})")
    return Retry(due)


BEGINNINGS = frozenset({"incident.created", "incident.updated", "incident.reopened"})
TRIGGERS = BEGINNINGS | {"draft.waiting"}
"""What opens an alert. Who asks for no BEGINNINGS hears ends all the same."""
FOLLOWERS = frozenset({"incident.acknowledged", "incident.resolved"})


def pointless(kind: str, before: Iterable[tuple[str, MessageState]], *, hears_beginnings: bool = True) -> str | None:
    """Why a message is not worth sending after those of its queue before it (kind, state; oldest first), else None.

    An end is told only to whom the beginning was told: when there was no message that could have opened the incident
    at this destination, or every one died or was dropped, so is the acknowledgement and the resolve. A destination
    that never asked for beginnings (`hears_beginnings`) hears ends all the same.
    """
    if kind not in FOLLOWERS or not hears_beginnings:
        return None
    course, ended = _course(before)
    lost = (MessageState.DEAD, MessageState.DROPPED)
    missed = all(state in lost for state in course) if course else not ended
    return "it never heard of the beginning" if missed else None


def _course(before: Iterable[tuple[str, MessageState]]) -> tuple[list[MessageState], bool]:
    """What became of the triggers since the last end that was told, and whether there was such an end."""
    course: list[MessageState] = []
    ended = False
    for each, state in before:
        if each in ENDS and state is MessageState.DELIVERED:
            course.clear()
            ended = True
        elif each in TRIGGERS:
            course.append(state)
    return course, ended


def overtaken(waiting: Sequence[str], before: Iterable[tuple[str, MessageState]]) -> int:
    """How many messages at the head of a pager's queue are overtaken by an end behind them, that end among them.

    `waiting` are the kinds that are due, oldest first; `before` is what was settled. A page for what is over by now
    wakes somebody for nothing. Where a trigger was taken the alert is open, and its end is needed.
    """
    course, _ = _course(before)
    if not waiting or waiting[0] not in TRIGGERS or MessageState.DELIVERED in course:
        return 0
    return next((number for number, kind in enumerate(waiting, 1) if kind in ENDS), 0)
