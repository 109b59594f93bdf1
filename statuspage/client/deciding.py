"""What a directive means for one client: values in, values out. Hashes are SHA-256 of UTF-8 text."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

LIMITED = "limited"
"""In the place of a provider: do not connect, and do what works without."""
LONGEST_MS = 2**31 - 1
"""Milliseconds that anything takes at most: what a timer of a browser can wait."""
MATCHED, SPLIT, STATIC = "TARGETING_MATCH", "SPLIT", "STATIC"
"""Reasons, by the words of OFREP."""

OF_A_RULE = ("publish_to", "move", "ramp")
"""What a rule says for whom it applies to in the place of the directive."""

Directive = Mapping[str, Any]
Context = Mapping[str, Any]
Epoch = tuple[str, int]
"""(generation, number), compared part by part."""


def ramp_of(directive: Directive) -> Directive | None:
    """The ramp that clients take now: while a route returns in steps that of the step, else that of the move."""
    rollout = directive["rollout"]
    found: Directive | None = rollout.get("ramp") if rollout else directive["ramp"]
    return found


def moment(client: str, move: str) -> float:
    """Where in a ramp a client moves, in [0, 1): the same for all of its modules that move together."""
    return (int.from_bytes(hashlib.sha256(f"{client}|{move}".encode()).digest()[:7], "big") >> 3) / 2**53


def bucket(route: str, client: str) -> int:
    """Which of 10,000 parts a client belongs to while a route returns in steps."""
    return int.from_bytes(hashlib.sha256(f"{route}|{client}".encode()).digest()[:4], "big") % 10_000


def evaluate(route: str, directive: Directive, context: Context) -> tuple[str, str]:
    """(provider, reason) for a client with this context, whose `targetingKey` says who it is."""
    target, rule = str(directive["target"]), _matched(directive, context)
    if target == LIMITED:
        return LIMITED, STATIC
    if rule is not None:
        return str(rule["target"]), MATCHED
    rollout, client = directive["rollout"], context.get("targetingKey")
    if rollout is None:
        return target, STATIC
    moved = isinstance(client, str) and client != "" and bucket(route, client) < int(rollout["pct"]) * 100
    return str(rollout["to"]) if moved else target, SPLIT


def personal(route: str, directive: Directive, context: Context) -> Directive:
    """The directive as it is for a client with this context: where a rule applies, with the rule's own move."""
    own = {**directive, "target": evaluate(route, directive, context)[0]}
    rule = _matched(directive, context) if directive["target"] != LIMITED else None
    return own if rule is None else {**own, "rollout": None, **{name: rule[name] for name in OF_A_RULE if name in rule}}


def moves(directive: Directive) -> Mapping[str, Directive]:
    """Every move that clients may have to wait for, by a name of its own, with its ramp: the route's and its rules'."""
    found = [(move_of(directive), ramp_of(directive))]
    found += [(str(rule["move"]), rule["ramp"]) for rule in directive["rules"] if rule.get("ramp")]
    return {move: ramp for move, ramp in found if ramp is not None}


def move_of(directive: Directive) -> str:
    """The name of the move that a directive is about; each step of a return has its own."""
    move, rollout = str(directive["move"]), directive["rollout"]
    return f"{move}|{rollout['to']}|{rollout['pct']}" if rollout else move


def _matched(directive: Directive, context: Context) -> Mapping[str, Any] | None:
    """The first rule that applies."""
    return next((each for each in directive["rules"] if _applies(each, context.get(each["attribute"]))), None)


def _applies(rule: Mapping[str, Any], value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value > rule["over"] or (bool(rule["held"]) and value > rule["under"])


def in_force(directive: Directive, at: float) -> Directive:
    """The directive at that time (UNIX seconds).

    Limited mode with an end leads on from there, everybody at a moment of their own within the time of one poll.
    """
    ends, to = directive["expires_at"], directive["expires_to"]
    if directive["target"] != LIMITED or not ends or not to or at < seconds(ends):
        return directive
    rules = [each for each in directive["rules"] if each["target"] != LIMITED]
    ramp = {"start": ends, "wait_s": 0, "seconds": min(directive["connect"]["limited_poll_ms"], LONGEST_MS) / 1000}
    return {**directive, "target": to, "rules": rules, "rollout": None, "publish_to": [to], "ramp": ramp}


def epoch(pair: Any) -> Epoch:
    """The epoch in a document's own shape, [generation, number]. Raises ValueError or TypeError for what is none."""
    generation, number = pair
    return str(generation), int(number)


def seconds(text: str) -> float:
    """A time of a document as UNIX seconds. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()
