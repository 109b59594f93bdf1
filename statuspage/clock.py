"""The only reader of the machine's clock."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The machine's own clock; the shape is `statuspage.core.clock.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
