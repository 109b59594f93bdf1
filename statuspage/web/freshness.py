"""Whether what the page shows is still true, judged by the web's own clock: no database is needed to notice.

Several agents may look; the page is as fresh as the newest of them, and blind only if all fresh ones are.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from statuspage.core.state import Heartbeat

STALE_AFTER = timedelta(seconds=20)
"""A heartbeat is written every 5 s; settled.md: older than 20 s and every output says stale."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """`heartbeat_at` is the newest sign of life, `last_check_at` the end of the newest run, both UTC or None."""

    stale: bool
    heartbeat_at: datetime | None
    last_check_at: datetime | None
    blind_since: datetime | None

    @property
    def blind(self) -> bool:
        return self.blind_since is not None and not self.stale

    @property
    def never(self) -> bool:
        """Nobody ever looked."""
        return self.heartbeat_at is None


def judge(heartbeats: Sequence[Heartbeat], now: datetime) -> Freshness:
    """A heartbeat from the future counts as stale too: after a clock step only a new one proves anything."""
    fresh = [beat for beat in heartbeats if abs(now - beat.at) <= STALE_AFTER]
    blind_since = [beat.blind_since for beat in fresh if beat.blind_since is not None]
    return Freshness(
        stale=not fresh,
        heartbeat_at=max((beat.at for beat in heartbeats), default=None),
        last_check_at=max((beat.last_run_at for beat in heartbeats if beat.last_run_at), default=None),
        blind_since=max(blind_since) if fresh and len(blind_since) == len(fresh) else None,
    )
