"""What INFO says about a server: from its text to facts, and from facts to thresholds crossed."""

import math
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import Field

from statuspage.core.observation import Fact
from statuspage.fields import Duration, Options

Ratio = Annotated[float, Field(gt=0, le=1)]


class Thresholds(Options):
    """Limits on facts. Crossing one makes a good run `slow`, reason `threshold`; it never makes it fail."""

    used_memory_over: Ratio | None = None
    """Degraded when used memory is over this part of maxmemory (0.9 is 90 %). Not judged without a maxmemory."""

    clients_over: Ratio | None = None
    """Degraded when connected clients are over this part of maxclients."""

    evicted_keys_over: int | None = Field(default=None, ge=0)
    """Degraded when more keys than this were evicted since the server started."""

    replica_lag_over: Duration | None = None
    """Degraded when a replica and its master last heard of each other longer ago, seen from either of them."""

    replicas_under: int | None = Field(default=None, ge=1)
    """Degraded when a master has fewer connected replicas than this."""

    fork_ms_over: float | None = Field(default=None, gt=0)
    """Degraded when the latest fork stopped the server for longer than this, in milliseconds."""

    @property
    def any_set(self) -> bool:
        """Whether there is anything to judge."""
        return any(getattr(self, name) is not None for name in Thresholds.model_fields)


_COPIED = {
    "used_memory": "used_memory",
    "maxmemory": "maxmemory",
    "mem_fragmentation_ratio": "fragmentation",
    "connected_clients": "connected_clients",
    "maxclients": "maxclients",
    "blocked_clients": "blocked_clients",
    "rejected_connections": "rejected_connections",
    "evicted_keys": "evicted_keys",
    "current_eviction_exceeded_time": "eviction_exceeded_ms",
    "rdb_bgsave_in_progress": "bgsave_in_progress",
    "aof_delayed_fsync": "aof_delayed_fsync",
    "connected_slaves": "replicas",
    "uptime_in_seconds": "uptime_s",
    "loading_eta_seconds": "loading_eta_s",
}
"""INFO's numbers that become facts under a name of ours. Older servers lack some."""


def parsed(text: str) -> dict[str, str]:
    """INFO's lines as a mapping; headings and whatever has no colon are left out."""
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line and not line.startswith("#"))


def facts_of(info: Mapping[str, str]) -> dict[str, Fact]:
    """The facts that INFO tells: bytes, counts, and times with their unit in the name."""
    facts: dict[str, Fact] = {}
    for name in ("valkey_version", "redis_version"):
        if name in info:
            facts["version"] = info[name]
            break
    if "role" in info:
        facts["role"] = role_name(info["role"])
    for theirs, ours in _COPIED.items():
        number = _number(info.get(theirs))
        if number is not None:
            facts[ours] = number
    fork = _number(info.get("latest_fork_usec"))
    if fork is not None:
        facts["latest_fork_ms"] = fork / 1000
    facts.update(_lag_seen_by_replica(info) if "master_link_status" in info else _lag_seen_by_master(info))
    return facts


def role_name(role: str) -> str:
    """The role in today's words: ROLE and INFO still say slave."""
    return "replica" if role == "slave" else role


def _number(text: str | None) -> int | float | None:
    """The number of a field; None for none, and for what no counter of a server can be."""
    if text is None or len(text) > 24:
        return None
    for kind in (int, float):
        try:
            number = kind(text)
        except ValueError:
            continue
        return number if math.isfinite(number) else None
    return None


def _lag_seen_by_replica(info: Mapping[str, str]) -> dict[str, Fact]:
    """Seconds since the master's last word; while the link is down, since it went down (absent if it never stood)."""
    up = info["master_link_status"] == "up"
    seconds = _number(info.get("master_last_io_seconds_ago" if up else "master_link_down_since_seconds"))
    facts: dict[str, Fact] = {"master_link": "up" if up else "down"}
    if seconds is not None and seconds >= 0:
        facts["replica_lag_s"] = seconds
    return facts


def _lag_seen_by_master(info: Mapping[str, str]) -> dict[str, Fact]:
    """The worst of its replicas: seconds since the last acknowledgement, and bytes that it has not acknowledged."""
    replicas = [
        dict(part.split("=", 1) for part in line.split(",") if "=" in part)
        for name, line in info.items()
        if name.startswith("slave") and name[5:].isdecimal()
    ]
    facts: dict[str, Fact] = {}
    lags = [lag for each in replicas if (lag := _number(each.get("lag"))) is not None]
    offsets = [offset for each in replicas if (offset := _number(each.get("offset"))) is not None]
    written = _number(info.get("master_repl_offset"))
    if lags:
        facts["replica_lag_s"] = max(lags)
    if offsets and written is not None:
        facts["replica_lag_bytes"] = max(0, written - min(offsets))
    return facts


def crossed(facts: Mapping[str, Fact], limits: Thresholds) -> Iterator[str]:
    """A sentence for each threshold that the facts are over (or under)."""
    yield from _ratio(facts, "used_memory", "maxmemory", limits.used_memory_over)
    yield from _ratio(facts, "connected_clients", "maxclients", limits.clients_over)
    yield from _above(facts, "evicted_keys", limits.evicted_keys_over)
    yield from _above(facts, "latest_fork_ms", limits.fork_ms_over)
    if limits.replica_lag_over is not None:
        yield from _above(facts, "replica_lag_s", limits.replica_lag_over.total_seconds())
        if facts.get("master_link") == "down" and "replica_lag_s" not in facts:
            yield "the link to the master never stood"
    replicas, least = facts.get("replicas"), limits.replicas_under
    if least is not None and facts.get("role") == "master" and isinstance(replicas, int) and replicas < least:
        yield f"replicas is {replicas}, under {least}"


def _ratio(facts: Mapping[str, Fact], used: str, most: str, limit: float | None) -> Iterator[str]:
    part, whole = facts.get(used), facts.get(most)
    if limit is None or not isinstance(part, int | float) or not isinstance(whole, int | float) or whole <= 0:
        return
    if part / whole > limit:
        yield f"{used} is {part / whole:.0%} of {most}, over {limit:.0%}"


def _above(facts: Mapping[str, Fact], name: str, limit: float | None) -> Iterator[str]:
    value = facts.get(name)
    if limit is not None and isinstance(value, int | float) and value > limit:
        yield f"{name} is {value:g}, over {limit:g}"
