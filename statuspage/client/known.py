"""What a client knows: one document, since when it waits for each move, and both over a restart in a file."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .checking import check, is_older
from .deciding import Directive, Epoch, epoch, in_force, moves, seconds

KEPT_FOR = 3600.0
"""Seconds that a file's directives count: what was true last week may send a client to a provider that is down."""

BROKEN = (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError)
"""What a document that is none of ours raises."""

Since = Mapping[str, float | None]
"""Moves with a ramp, and since when the wait for each counts (monotonic); None where there is nothing to wait for."""


@dataclass(frozen=True, slots=True)
class Known:
    """What was read. `server` is the server's time minus our monotonic one, `since` belongs to each route."""

    document: Mapping[str, Any]
    etag: str | None
    read_at: float
    server: float
    since: Mapping[str, Since]

    @property
    def epoch(self) -> Epoch:
        return epoch(self.document["config_epoch"])

    def directive(self, route: str, now: float) -> Directive | None:
        """A route's directive that is in force now (monotonic)."""
        found = self.document["routes"].get(route)
        return in_force(found, self.server + now) if found is not None else None


def learned(
    before: Known | None, document: Mapping[str, Any], etag: str | None, now: float, server_time: float, wall: float
) -> Known:
    """What is known after reading a document. Raises one of BROKEN for an older document, or for none of ours.

    A route whose epoch is older than the known one stays as it is known. `wall` is our own time, in UNIX seconds.
    """
    check(document)
    kept = before.document["routes"] if before else {}
    if before is not None and is_older(document["config_epoch"], before.document["config_epoch"], wall):
        raise ValueError("older than what is known")
    routes, since = {}, {}
    for route, read in document["routes"].items():
        stays = route in kept and is_older(read["epoch"], kept[route]["epoch"], wall)
        routes[route] = directive = kept[route] if stays else read
        since[route] = _since(directive, before.since.get(route) if before else None, now, server_time)
    return Known({**document, "routes": routes}, etag, now, server_time - now, since)


def _since(directive: Directive, before: Since | None, now: float, server_time: float) -> Since:
    """Since when a client waits for each move, or step of a return: since it first heard of it."""
    found: dict[str, float | None] = {}
    for move, ramp in moves(directive).items():
        ends = seconds(ramp["start"]) + ramp["wait_s"] + ramp["seconds"]
        found[move] = before[move] if before and move in before else None if server_time >= ends else now
    return found


def keep(known: Known, store: Path, now: float, wall: float) -> None:
    """Write it down by our own wall clock, whole or not at all. A disk that does not want to is no trouble."""
    since = _shifted(known.since, wall - now)
    times = {"read_at": known.read_at - now + wall, "skew": known.server + now - wall, "since": since}
    beside = store.with_name(f"{store.name}.{os.getpid()}")
    try:
        beside.write_text(json.dumps({"document": known.document, **times}), encoding="utf-8")
        os.replace(beside, store)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def kept(store: Path, now: float, wall: float) -> Known | None:
    """What was written down, however old; None where that is nothing."""
    try:
        found = json.loads(store.read_text(encoding="utf-8"))
        since = _shifted(found["since"], now - wall)
        nothing = Known({"config_epoch": ["", 0], "routes": {}}, None, now, 0.0, since)
        read = learned(nothing, found["document"], None, now, wall + found["skew"], wall)
        return replace(read, read_at=found["read_at"] - wall + now)
    except (OSError, *BROKEN):
        return None


def _shifted(since: Mapping[str, Since], by: float) -> dict[str, Since]:
    """The same by another clock."""
    return {
        route: {move: None if at is None else at + by for move, at in each.items()} for route, each in since.items()
    }
