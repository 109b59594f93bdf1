"""A herd moves onto a provider that takes 50 new connections a second: paced by the directive, and all at once.

A simulation of every try with the product's own pacing (core.pacing) and the connect policy of the directive: time
limit 8 s, full-jitter backoff from 1 s to 60 s. The provider serves connections one after another, 1/50 s each, from a
queue of 1,024; a client that gave up is served all the same, for nobody. That is how servers halt: while everybody
in the queue has waited longer than they wait, nothing that is done is of use, and retries keep the queue full.

Time goes in tenths of a second. Of clients that are turned away in the same tenth it counts only how many they are and
how often they failed: so many as fill their backoff evenly are spread evenly over it, the rest by chance. That is
what lets a million clients try for an hour in some seconds.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from rich.console import Console
from rich.table import Table

from statuspage.core.directive import BACKOFF_BASE_MS, BACKOFF_CAP_MS
from statuspage.core.pacing import moment, seconds_for
from statuspage.core.route import Pace

RATE, QUEUE, LIMIT_S = 50.0, 1024, 8.0
HERDS = (5_000, 50_000, 250_000, 1_000_000)
END_S = 3_600
"""Virtual seconds that a herd has to recover, or twice its ramp where that is longer."""
TENTHS = 10
HARDENED = 6
"""Failures after which the backoff grows no more."""
NOW = datetime(2026, 9, 13, 13, 45, tzinfo=UTC)


@dataclass
class Result:
    """What a herd went through. Times are virtual seconds; `useful` is the share of served connections that were."""

    users: int
    paced: bool
    ramp_s: int
    end_s: int
    connected: int
    recovered_s: float | None
    peak_per_s: int
    useful: float
    tries: int
    longest_try_s: float
    took_s: float


def main(arguments: Sequence[str]) -> dict[str, Any]:
    """Simulate every herd both ways, print the table, return the figures."""
    herds = [int(each) for each in arguments] or list(HERDS)
    began = perf_counter()
    results = [simulate(users, paced) for users in herds for paced in (True, False)]
    table = Table(title=f"Onto a provider that takes {RATE:g} connections a second, time limit {LIMIT_S:g} s")
    for head in (
        "users",
        "",
        "ramp s",
        "connected",
        "recovered after s",
        "peak tries/s",
        "useful work",
        "longest try s",
    ):
        table.add_column(head, justify="left" if head == "" else "right")
    for each in results:
        verdict = f"not in {each.end_s:,}" if each.recovered_s is None else f"{each.recovered_s:,.0f}"
        table.add_row(
            f"{each.users:,}", "paced" if each.paced else "at once", f"{each.ramp_s:,}" if each.paced else "",
            f"{each.connected / each.users:.1%}", verdict, f"{each.peak_per_s:,}", f"{each.useful:.1%}",
            f"{each.longest_try_s:.1f}",
        )  # fmt: skip
    Console().print(table)
    took = perf_counter() - began
    print(f"simulated in {took:.1f} s")
    return {"took_s": round(took, 1), "herds": [asdict(each) for each in results]}


def simulate(users: int, paced: bool, seed: int = 1) -> Result:
    """One herd, until all are connected or the time is over."""
    began, chance = perf_counter(), random.Random(seed)
    ramp = seconds_for(users, RATE, 0.0, Pace()) if paced else 0
    end_s = max(END_S, 2 * ramp)
    herd = Herd(chance, end_s * TENTHS)
    for number in range(users):
        herd.come(moment(f"client-{number}", "move") * ramp if paced else chance.random(), 0)
    provider, tries = Provider(), 0
    in_second = [0] * (end_s + 1)
    for tenth in range(end_s * TENTHS):
        at, waiting = tenth / TENTHS, herd.at(tenth)
        number = sum(waiting)
        if not number:
            continue
        tries += number
        in_second[tenth // TENTHS] += number
        for _ in range(min(number, provider.room(at))):
            failed = _one_of(waiting, chance)
            waiting[failed] -= 1
            if not provider.serves(at):
                herd.come(at + LIMIT_S + chance.random() * _backoff(failed), failed + 1)
        for failed, turned_away in enumerate(waiting):
            herd.scatter(tenth, turned_away, failed)
        if provider.connected == users:
            break
    recovered = provider.last if provider.connected == users else None
    useful = provider.connected / provider.served if provider.served else 0.0
    return Result(
        users, paced, ramp, end_s, provider.connected, recovered, max(in_second), useful, tries,
        round(provider.longest, 2), round(perf_counter() - began, 1),
    )  # fmt: skip


class Herd:
    """Who tries when: for each tenth of a second how many there are by how often they failed."""

    def __init__(self, chance: random.Random, end: int) -> None:
        self._chance, self._end = chance, end
        self._coming: list[list[int]] = [[0] * (HARDENED + 1) for _ in range(end)]
        self._rises = [[0] * (HARDENED + 1) for _ in range(end)]
        """By how much the numbers that come in every tenth change in this one."""
        self._steady = [0] * (HARDENED + 1)

    def come(self, at: float, failed: int) -> None:
        """One client tries at that time, if the time is not over by then."""
        tenth = int(at * TENTHS)
        if tenth < self._end:
            self._coming[tenth][min(failed, HARDENED)] += 1

    def scatter(self, tenth: int, number: int, failed: int) -> None:
        """So many are turned away now and come again, each at its own moment of the backoff."""
        if not number:
            return
        width, after = round(_backoff(failed) * TENTHS), min(failed + 1, HARDENED)
        each, rest = divmod(number, width)
        if each:
            for at, change in ((tenth + 1, each), (tenth + 1 + width, -each)):
                if at < self._end:
                    self._rises[at][after] += change
        coming, end, draw = self._coming, self._end, self._chance.random
        for _ in range(rest):
            at = tenth + 1 + int(draw() * width)
            if at < end:
                coming[at][after] += 1

    def at(self, tenth: int) -> list[int]:
        """How many try in this tenth, by how often they failed. To be asked of each in turn."""
        self._steady = [number + change for number, change in zip(self._steady, self._rises[tenth], strict=True)]
        return [number + more for number, more in zip(self._steady, self._coming[tenth], strict=True)]


class Provider:
    """One connection after another. What it did for whom."""

    def __init__(self) -> None:
        self.served = self.connected = 0
        self.longest = self.last = 0.0
        self._free_at = 0.0

    def room(self, at: float) -> int:
        """How many more it takes into its queue."""
        return max(0, QUEUE - int(max(0.0, self._free_at - at) * RATE))

    def serves(self, at: float) -> bool:
        """Take one who comes now; whether that one still waits when it is served."""
        self._free_at = max(self._free_at, at) + 1 / RATE
        self.served += 1
        waited = self._free_at - at
        self.longest = max(self.longest, min(waited, LIMIT_S))
        if waited > LIMIT_S:
            return False
        self.connected += 1
        self.last = self._free_at
        return True


def _one_of(waiting: Sequence[int], chance: random.Random) -> int:
    """One of those who came in the same tenth: how often it has failed."""
    left = chance.randrange(sum(waiting))
    for failed, number in enumerate(waiting):
        left -= number
        if left < 0:
            return failed
    raise AssertionError("nobody is waiting")


def _backoff(failed: int) -> float:
    """Seconds within which a client tries again: it doubles with each failure."""
    return float(min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** min(failed, HARDENED))) / 1000
