"""What users felt of a provider: what their clients say of tries to connect, counted. Nobody is told apart.

A beacon tells of one try. Only a share of them is sent (`[web] beacon_share`), so figures are parts and times, and a
rate is reckoned up by the share. Whoever waits for their moment of a move, or gave up, is `limited`: that is felt too,
but it is no try, and says nothing of the provider.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import accumulate

from statuspage.core.fields import Fields
from statuspage.core.telling import Json

MOST_BYTES = 200
"""Of a beacon."""
SLOT = timedelta(seconds=10)
"""Beacons are counted by slots of so long, which begin at whole tens of seconds."""
HOUR = timedelta(hours=1)

BOUNDS_MS = (50, 100, 200, 400, 800, 1600, 3200, 6400, 8000)
"""Upper ends of the parts of the histogram, in milliseconds; one more part is above. What is stored rests on them."""

MANY = 20
"""Of fewer beacons nothing is concluded: the next few may say the contrary."""


class Outcome(StrEnum):
    """How a try ended, by the words of beacons."""

    OK = "ok"
    TIMEOUT = "timeout"
    REFUSED = "refused"
    LIMITED = "limited"


@dataclass(frozen=True, slots=True)
class Beacon:
    """`ms` is how long it took, in milliseconds; `epoch` the number of the route's epoch that the client knew."""

    provider: str
    route: str
    epoch: int
    outcome: Outcome
    ms: float


def beacon_from(document: Json) -> Beacon:
    """A beacon, read strictly. Raises Refused with the field that is wrong."""
    fields = Fields(document)
    provider, route, epoch = fields.needed_text("p"), fields.needed_text("r"), fields.needed_number("e")
    outcome, ms = fields.needed_choice("o", tuple(Outcome)), fields.quantity("ms")
    if not fields.has("ms"):
        fields.refuse("ms", "is needed")
    fields.close()
    return Beacon(provider, route, epoch, Outcome(outcome), ms or 0.0)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many beacons told of each outcome, and within which time those connected that did, by BOUNDS_MS."""

    ok: int = 0
    timeout: int = 0
    refused: int = 0
    limited: int = 0
    within: tuple[int, ...] = (0,) * (len(BOUNDS_MS) + 1)

    def __add__(self, other: "Counts") -> "Counts":
        within = tuple(one + more for one, more in zip(self.within, other.within, strict=True))
        return Counts(
            self.ok + other.ok,
            self.timeout + other.timeout,
            self.refused + other.refused,
            self.limited + other.limited,
            within,
        )

    def with_one(self, outcome: Outcome, ms: float) -> "Counts":
        """The same and one beacon more."""
        match outcome:
            case Outcome.OK:
                part = next((index for index, bound in enumerate(BOUNDS_MS) if ms <= bound), len(BOUNDS_MS))
                within = (*self.within[:part], self.within[part] + 1, *self.within[part + 1 :])
                return replace(self, ok=self.ok + 1, within=within)
            case Outcome.TIMEOUT:
                return replace(self, timeout=self.timeout + 1)
            case Outcome.REFUSED:
                return replace(self, refused=self.refused + 1)
            case Outcome.LIMITED:
                return replace(self, limited=self.limited + 1)

    @property
    def failed(self) -> int:
        """Tries that ended without a connection."""
        return self.timeout + self.refused

    @property
    def tries(self) -> int:
        return self.ok + self.failed

    @property
    def failed_part(self) -> float | None:
        """In [0, 1]; None where nobody tried."""
        return self.failed / self.tries if self.tries else None

    def ms_within(self, part: float) -> float | None:
        """The time within which that part of those connected who did, in milliseconds; None where nobody did.

        Between two bounds it is drawn as a straight line. What took longer than the last bound counts as the bound.
        """
        if not self.ok:
            return None
        rank, ends = part * self.ok, tuple(accumulate(self.within))
        index = next(index for index, end in enumerate(ends) if end >= rank and self.within[index])
        if index == len(BOUNDS_MS):
            return float(BOUNDS_MS[-1])
        low = BOUNDS_MS[index - 1] if index else 0
        inside = (rank - (ends[index] - self.within[index])) / self.within[index]
        return low + (BOUNDS_MS[index] - low) * inside

    @property
    def is_bad(self) -> bool:
        """Whether more than half of many tries failed."""
        return self.tries >= MANY and 2 * self.failed > self.tries


@dataclass(frozen=True, slots=True)
class Stretch:
    """What was felt of a provider from `at` (UTC) on, for a slot or for an hour."""

    at: datetime
    counts: Counts


Felt = Mapping[str, Sequence[Stretch]]
"""By provider, the oldest first; there is no stretch without a beacon."""


def begun(at: datetime, length: timedelta) -> datetime:
    """When the slot or the hour began that a moment is in."""
    seconds = int(length.total_seconds())
    return at.replace(microsecond=0) - timedelta(seconds=int(at.timestamp()) % seconds)


def since(felt: Felt, provider: str, at: datetime) -> Counts:
    """What was felt of a provider in the slots that began at that moment or later."""
    return sum((each.counts for each in felt.get(provider, ()) if each.at >= at), Counts())


def figures(counts: Counts) -> dict[str, Json]:
    """What evidence and documents say: numbers of beacons, times in whole milliseconds."""
    part, half, most = counts.failed_part, counts.ms_within(0.5), counts.ms_within(0.95)
    return {
        "tries": counts.tries,
        "timeout": counts.timeout,
        "refused": counts.refused,
        "limited": counts.limited,
        "failed_part": round(part, 4) if part is not None else None,
        "p50_ms": round(half) if half is not None else None,
        "p95_ms": round(most) if most is not None else None,
    }
