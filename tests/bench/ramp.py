"""A herd moves onto a provider that takes 50 new connections a second: paced by the directive, and all at once.

A discrete-event simulation with the product's own pacing (core.pacing) and the connect policy of the directive: time
limit 8 s, full-jitter backoff from 1 s to 60 s. The provider serves connections one after another, 1/50 s each, from a
queue of 1,024; a client that gave up is served all the same, for nobody. That is how servers halt: while everybody
in the queue has waited longer than they wait, nothing that is done is of use, and retries keep the queue full.
"""

import heapq
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
MOST_RETRIES = 400_000
"""Of a run: where the provider has halted nothing changes any more."""
NOW = datetime(2026, 9, 13, 13, 45, tzinfo=UTC)


@dataclass
class Result:
    """What a herd went through. Times are virtual seconds; `useful` is the share of served connections that were."""

    users: int
    paced: bool
    ramp_s: int
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
    for head in ("users", "", "ramp s", "connected", "all after s", "peak tries/s", "useful work", "longest try s"):
        table.add_column(head, justify="left" if head == "" else "right")
    for each in results:
        verdict = "halted" if each.recovered_s is None else f"{each.recovered_s:,.0f}"
        table.add_row(
            f"{each.users:,}", "paced" if each.paced else "at once", f"{each.ramp_s:,}" if each.paced else "",
            f"{each.connected / each.users:.1%}", verdict, f"{each.peak_per_s:,}", f"{each.useful:.0%}",
            f"{each.longest_try_s:.1f}",
        )  # fmt: skip
    Console().print(table)
    took = perf_counter() - began
    print(f"simulated in {took:.1f} s")
    return {"took_s": round(took, 1), "herds": [asdict(each) for each in results]}


def simulate(users: int, paced: bool, seed: int = 1) -> Result:
    """One herd, until all are connected or nothing changes any more."""
    began, chance = perf_counter(), random.Random(seed)
    ramp = seconds_for(users, RATE, 0.0, Pace()) if paced else 0
    starts = [moment(f"client-{n}", "move") * ramp if paced else chance.random() for n in range(users)]
    events = [(at, n, 0) for n, at in enumerate(starts)]
    heapq.heapify(events)
    free_at = 0.0
    tries = served = useful = connected = 0
    longest = last = 0.0
    second, in_second, peak = -1, 0, 0
    while events and tries < users + MOST_RETRIES:
        at, client, failed = heapq.heappop(events)
        tries += 1
        if int(at) != second:
            second, in_second = int(at), 0
        in_second += 1
        peak = max(peak, in_second)
        if (free_at - at) * RATE > QUEUE:  # no room in the queue: refused at once
            heapq.heappush(events, (at + _backoff(failed, chance), client, failed + 1))
            continue
        free_at = max(free_at, at) + 1 / RATE
        served += 1
        waited = free_at - at
        if waited > LIMIT_S:
            longest = LIMIT_S
            heapq.heappush(events, (at + LIMIT_S + _backoff(failed, chance), client, failed + 1))
            continue
        useful += 1
        connected += 1
        longest, last = max(longest, waited), free_at
    return Result(
        users, paced, ramp, connected, last if connected == users else None, peak,
        useful / served if served else 0.0, tries, round(longest, 2), round(perf_counter() - began, 1),
    )  # fmt: skip


def _backoff(failed: int, chance: random.Random) -> float:
    """Full jitter: anywhere up to a limit that doubles with each failure."""
    return chance.uniform(0, min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** min(failed, 10)) / 1000)
