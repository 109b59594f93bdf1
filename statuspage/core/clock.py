"""What a clock is. The one that reads the machine is statuspage/clock.py; tests bring their own."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Two readings: the wall, for what people see, and a monotonic one, for how long things take."""

    def now(self) -> datetime:
        """The wall clock, aware, UTC."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary point; never steps."""
