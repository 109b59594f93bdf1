"""Whether a client can go by a document of directives: looked at whole, before anything of it is taken.

What is taken is kept, and its epochs keep older ones out: a document that lacks one part would fail every question and
keep every good one away, over restarts too.
"""

import math
from collections.abc import Mapping
from typing import Any

from .deciding import Epoch, epoch, seconds

MOST = 2**53 - 1
"""What every reader of JSON keeps exactly (RFC 8259 §6)."""
MOST_SECONDS = 10**7
"""Of a ramp: nobody moves for four months."""
AHEAD = 86400
"""Seconds that the clock of the server, or our own, may be wrong."""
_LETTERS, _TIME = "0123456789bcdfghjklmnpqrstvwxyz", 7
"""A generation begins with so many letters for the seconds since 1970 in which it was made."""
_POLICY = ("timeout_ms", "max_attempts", "backoff_base_ms", "backoff_cap_ms", "limited_poll_ms")


def check(document: Any) -> None:
    """Raises ValueError, or what a missing part raises, for a document that no client can go by."""
    _need(document["version"] == 1, "version")
    _check_epoch(document["config_epoch"], "config_epoch")
    _need(isinstance(document["routes"], dict), "routes")
    for route, directive in document["routes"].items():
        _check_directive(directive, route)


def is_older(one: Any, than: Any, wall: float) -> bool:
    """Whether an epoch of a document is older than another, so that it is not to be followed.

    Nothing is older than what was made in the future: that came by mistake, and would hold for years. `wall` is our own
    time, in UNIX seconds.
    """
    known: Epoch = epoch(than)
    return known[0] <= _newest(wall) and epoch(one) < known


def _newest(wall: float) -> str:
    left, letters = max(0, int(wall) + AHEAD), ""
    for _ in range(_TIME):
        left, index = divmod(left, len(_LETTERS))
        letters = _LETTERS[index] + letters
    return letters


def _check_directive(directive: Mapping[str, Any], route: str) -> None:
    _check_epoch(directive["epoch"], f"{route}.epoch")
    _need(_is_text(directive["target"]) and directive["target"] != "", f"{route}.target")
    _need(_is_text(directive["move"]), f"{route}.move")
    _need(_is_list(directive["publish_to"]) and all(map(_is_text, directive["publish_to"])), f"{route}.publish_to")
    _check_ramp(directive["ramp"], f"{route}.ramp")
    rollout = directive["rollout"]
    if rollout is not None:
        _need(_is_text(rollout["to"]), f"{route}.rollout.to")
        _need(_is_whole(rollout["pct"], 100), f"{route}.rollout.pct")
        _check_ramp(rollout.get("ramp"), f"{route}.rollout.ramp")
    _need(_is_list(directive["rules"]), f"{route}.rules")
    for rule in directive["rules"]:
        _need(all(_is_text(rule[name]) for name in ("attribute", "target")), f"{route}.rules")
        _need(all(_is_number(rule[name]) for name in ("over", "under")), f"{route}.rules")
        _need(isinstance(rule["held"], bool), f"{route}.rules")
        if "move" in rule:
            _need(_is_text(rule["move"]), f"{route}.rules.move")
            _need(_is_list(rule["publish_to"]) and all(map(_is_text, rule["publish_to"])), f"{route}.rules.publish_to")
            _check_ramp(rule["ramp"], f"{route}.rules.ramp")
    connect = directive["connect"]
    for name in _POLICY:
        _need(_is_number(connect[name]) and 0 <= connect[name] <= MOST, f"{route}.connect.{name}")
    share = connect.get("beacon_share")
    _need(share is None or (_is_number(share) and 0 <= share <= 1), f"{route}.connect.beacon_share")
    if directive["expires_at"] is not None:
        seconds(directive["expires_at"])
    _need(directive["expires_to"] is None or _is_text(directive["expires_to"]), f"{route}.expires_to")


def _check_epoch(pair: Any, part: str) -> None:
    _need(_is_list(pair) and len(pair) == 2 and _is_text(pair[0]) and _is_whole(pair[1], MOST), part)


def _check_ramp(ramp: Any, part: str) -> None:
    if ramp is not None:
        seconds(ramp["start"])
        for name in ("wait_s", "seconds"):
            _need(_is_number(ramp[name]) and 0 <= ramp[name] <= MOST_SECONDS, f"{part}.{name}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_list(value: object) -> bool:
    return isinstance(value, list)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: Any, most: int) -> bool:
    return _is_number(value) and 0 <= value <= most and value == int(value)


def _need(good: bool, part: str) -> None:
    if not good:
        raise ValueError(f"{part} is none that a client can go by")
