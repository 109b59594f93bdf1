"""Room on providers: when it runs low, whoever can make more is told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from statuspage.core.guards import Board
from statuspage.core.load import arrivals, users_on
from statuspage.core.route_events import capacity_event
from statuspage.core.state import JournalEvent

ENOUGH = 0.85
"""Of the limit: room is called enough below this part of it, so that it is not told at every user."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """What changed: the providers whose room runs low (None: nothing), and the events."""

    low: frozenset[str] | None = None
    events: Sequence[JournalEvent] = ()


def watch_rooms(board: Board, low: frozenset[str]) -> Rooms:
    """Compare with those told before."""
    present = frozenset(each.id for each in board.switchboard.providers if _is_low(board, each.id, each.id in low))
    if present == low:
        return Rooms()
    events = [capacity_event(each, True, board) for each in sorted(present - low)]
    events += [capacity_event(each, False, board) for each in sorted(low - present)]
    return Rooms(present, tuple(events))


def use_of(board: Board, provider: str) -> float:
    """The part of its capacity, or of its rate of new connections, that a provider uses; the larger one.

    By what was said with a token. Beacons do not count here: whoever makes room for them would pay a stranger's bill.
    """
    known = board.provider(provider)
    users = users_on(known, board.on(provider), board.signals, board.now)
    parts = [users / known.capacity] if known.capacity else []
    rate = arrivals(provider, board.signals, board.now, beacons=math.inf)
    return max([0.0, *parts, *([rate / known.max_connects_per_s] if known.max_connects_per_s else [])])


def _is_low(board: Board, provider: str, was: bool) -> bool:
    limit = board.pace.headroom * (ENOUGH if was else 1.0)
    return use_of(board, provider) > limit
