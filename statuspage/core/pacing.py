"""The pace of a move: the move itself is a herd, and a herd is what halts providers.

`moment` and `bucket` are what every client computes for itself; `statuspage/client/` and `web/static/realtime.js` do
the same, and tests hold them together. Hashes are SHA-256 of UTF-8 text.
"""

import hashlib
import math
from collections.abc import Iterable
from datetime import datetime

from statuspage.core.route import Pace, Ramp

BUCKETS = 10_000
LONGEST = 24 * 3600


def moment(client: str, move: str) -> float:
    """Where in a ramp a client moves, in [0, 1). The same for all of a client's modules that move together."""
    digest = hashlib.sha256(f"{client}|{move}".encode()).digest()
    # 53 bits: what a float of JavaScript holds exactly.
    return (int.from_bytes(digest[:7]) >> 3) / 2**53


def bucket(route: str, client: str) -> int:
    """Which of 10,000 parts a client belongs to while a route returns in steps: the same at every step."""
    return int.from_bytes(hashlib.sha256(f"{route}|{client}".encode()).digest()[:4]) % BUCKETS


def is_among(pct: int, route: str, client: str) -> bool:
    """Whether a client is among the first `pct` percent of a route."""
    return bucket(route, client) < pct * (BUCKETS // 100)


def seconds_for(users: int | None, max_connects_per_s: float | None, arriving: float, pace: Pace) -> int:
    """How long so many users take to move onto a provider without more than its share of new connections a second.

    What arrives anyway counts: half of the share is kept for the move at least, or it would never end.
    """
    if users is None or max_connects_per_s is None:
        return math.ceil(pace.ramp.total_seconds())
    share = max_connects_per_s * pace.headroom
    free = max(share - arriving, share / 2)
    return min(max(math.ceil(users / free), 1), LONGEST) if users else 0


def ramp_after(others: Iterable[Ramp], seconds: int, now: datetime) -> Ramp:
    """A ramp onto a provider that follows those that others take onto it: they share one budget, so they queue."""
    free_at = max([now, *(each.ends for each in others)])
    return Ramp(now, math.ceil((free_at - now).total_seconds()), seconds)
