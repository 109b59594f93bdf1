"""Directives: what applications read of the routes, and what it means for one client.

A directives document is whole in itself: every answer to an application is made from it, whoever serves it, with no
database, no scheduler and no probe alive. It says absolute times, never ages. Epochs are `[generation, n]`: of two
pairs the greater one, compared part by part, is the newer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from statuspage.core.given import given
from statuspage.core.pacing import is_among
from statuspage.core.route import LIMITED, Mode, Ramp, Rollout, Route, RouteState, Rule, RuleState, Scope, Switchboard
from statuspage.core.telling import Json

VERSION = 1
Document = dict[str, Json]

MAX_ATTEMPTS, BACKOFF_BASE_MS, BACKOFF_CAP_MS, LIMITED_POLL_MS = 5, 1_000, 60_000, 30_000
"""After so many failed tries a client reads the directive again. Limited, it looks so often whether it still is."""

ARRIVING = timedelta(seconds=60)
"""How long after the end of a ramp somebody may still be on the way."""

OF_A_RULE = ("publish_to", "move", "ramp")
"""What a rule says for whom it applies to in the place of the directive."""

STATIC, MATCHED, SPLIT = "STATIC", "TARGETING_MATCH", "SPLIT"
"""Reasons, by the words of OFREP."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one client is to use, and why: `reason` is a word of OFREP, `rule` is which of the rules applies."""

    value: str
    reason: str
    rule: int | None = None


def directives_document(
    board: Switchboard,
    states: Mapping[str, RouteState],
    generation: str,
    heartbeat_at: datetime | None,
    stale: bool,
    now: datetime,
) -> Document:
    """Every route's directive. A route that was never decided on stands where it prefers to be, at epoch 0."""
    routes: dict[str, Json] = {
        each.id: _directive(board, each, states.get(each.id), generation, now) for each in board.routes
    }
    return {
        "version": VERSION,
        # Every epoch that ever rose raised it by one: it only rises.
        "config_epoch": [generation, sum(each.epoch for each in states.values())],
        "generated_at": _text(now),
        "heartbeat_at": _text(heartbeat_at) if heartbeat_at is not None else None,
        "stale": stale,
        "limited_mode": _limited_mode(board, states),
        "routes": routes,
    }


def _limited_mode(board: Switchboard, states: Mapping[str, RouteState]) -> bool:
    """Whether every route is limited that can be: not those that are only observed, or have what is built in."""
    built_in = {each.id for each in board.providers if each.built_in}
    may_be = [each for each in board.routes if each.mode is not Mode.OBSERVE and not built_in & set(each.providers)]
    found = (states.get(each.id) for each in may_be)
    return bool(may_be) and all(each is not None and each.is_limited for each in found)


def _directive(board: Switchboard, route: Route, state: RouteState | None, generation: str, now: datetime) -> Document:
    present = state or RouteState(route.id, route.prefer[0], 0, datetime(1970, 1, 1, tzinfo=UTC))
    return {
        "target": present.provider,
        "epoch": [generation, present.epoch],
        "since": _text(present.since) if state is not None else None,
        "cause": present.cause,
        "scope": present.scope.value,
        "previous": present.previous,
        "publish_to": list(_publish_to(present, now)),
        "providers": list(route.providers),
        "move": present.move,
        "ramp": _ramp(present.ramp),
        "rollout": _rollout(present.rollout),
        "rules": [_rule(route, present, index, rule, now) for index, rule in enumerate(route.rules)],
        "connect": {
            "timeout_ms": int(board.pace.max_wait.total_seconds() * 1000),
            "max_attempts": MAX_ATTEMPTS,
            "backoff_base_ms": BACKOFF_BASE_MS,
            "backoff_cap_ms": BACKOFF_CAP_MS,
            "limited_poll_ms": LIMITED_POLL_MS,
            "jitter": "full",
            "beacon_share": board.beacon_share,
        },
        "still_works": route.still_works,
        "expires_at": _text(present.expires_at) if present.expires_at is not None else None,
        "expires_to": present.expires_to,
    }


def _ramp(ramp: Ramp | None) -> Json:
    if ramp is None:
        return None
    return {"start": _text(ramp.start), "wait_s": ramp.wait_s, "seconds": ramp.seconds}


def _rollout(rollout: Rollout | None) -> Json:
    if rollout is None:
        return None
    return {"to": rollout.to, "pct": rollout.pct, "ramp": _ramp(rollout.ramp)}


def _publish_to(state: RouteState, now: datetime) -> list[str]:
    """Where a room's messages go: to both places while clients are in both, so that a room is not split.

    After a move that is until its ramp has ended and the last have arrived; then nobody is sent to what may be dead.
    """
    if state.is_limited:
        return []
    along = None
    if state.rollout is not None:
        along = state.rollout.to
    elif state.cause == "preference" and state.scope is Scope.NEW:
        along = state.previous  # what was connected stayed there
    elif state.ramp is not None and now < state.ramp.ends + ARRIVING:
        along = state.previous
    return [state.provider] if along in (None, state.provider) else [along, state.provider]


def _rule(route: Route, state: RouteState, index: int, rule: Rule, now: datetime) -> Document:
    """A rule with what holds for whom it applies to: their provider, and the move and the ramp onto it."""
    known = state.rules[index] if index < len(state.rules) else RuleState()
    target, flip = given(route, state, rule), known.flip
    # Who connected before the rule applied to them stays where the others are.
    places = [*_publish_to(state, now), *([target] if target != LIMITED else [])]
    if flip is not None and flip.left is not None and now < flip.ramp.ends + ARRIVING:
        places = [flip.left, *places]
    return {
        "attribute": rule.attribute,
        "over": rule.over,
        "under": rule.under,
        "held": known.held,
        "target": target,
        "publish_to": list(dict.fromkeys(places)),
        "move": flip.move if flip is not None else None,
        "ramp": _ramp(flip.ramp) if flip is not None else None,
    }


def evaluate(route: str, directive: Mapping[str, Any], context: Mapping[str, Any]) -> Evaluation:
    """What a client with this context is to use.

    A rule applies to a context whose attribute is a number over its limit; one that holds already applies down to its
    lower limit. `targetingKey` says who is asking while a route returns in steps: without it a client waits for all.
    """
    target = str(directive["target"])
    if target == LIMITED:
        return Evaluation(LIMITED, STATIC)
    for number, rule in enumerate(directive["rules"]):
        if _applies(rule, context.get(rule["attribute"])):
            return Evaluation(str(rule["target"]), MATCHED, number)
    rollout = directive["rollout"]
    if rollout is None:
        return Evaluation(target, STATIC)
    client = context.get("targetingKey")
    moved = isinstance(client, str) and client != "" and is_among(int(rollout["pct"]), route, client)
    return Evaluation(str(rollout["to"]) if moved else target, SPLIT)


def personal(directive: Mapping[str, Any], found: Evaluation) -> Document:
    """The directive as it is for one client: where a rule applies, with the rule's own move."""
    own = {**directive, "target": found.value}
    if found.rule is None:
        return own
    return {**own, "rollout": None, **{name: directive["rules"][found.rule][name] for name in OF_A_RULE}}


def _applies(rule: Mapping[str, Any], value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return value > rule["over"] or (bool(rule["held"]) and value > rule["under"])


def flagd_document(board: Switchboard, directives: Mapping[str, Any]) -> Document:
    """The same as a flag definition of flagd, for those who evaluate beside their application.

    Consumers compare its bytes: it changes when a directive does, when the monitor falls silent or comes back, and
    otherwise every ten minutes, for that is how exactly it says when the monitor lived. Metadata of the set is
    every flag's.
    """
    flags: dict[str, Json] = {}
    for id, directive in directives["routes"].items():
        route = board.route(id)
        names = [*(route.providers if route is not None else ()), LIMITED]
        flags[f"{id}.provider"] = {
            "state": "ENABLED",
            "variants": {name: name for name in dict.fromkeys((*names, str(directive["target"])))},
            "defaultVariant": directive["target"],
            "targeting": _targeting(id, directive),
            "metadata": flag_metadata(directive),
        }
        flags[f"{id}.directive"] = {
            "state": "ENABLED",
            "variants": {
                "now": dict(directive),
                **{
                    f"rule_{number}": personal(directive, Evaluation(rule["target"], MATCHED, number))
                    for number, rule in enumerate(directive["rules"])
                },
            },
            "defaultVariant": "now",
            "targeting": _by_rules(directive, [f"rule_{number}" for number in range(len(directive["rules"]))], None),
            "metadata": flag_metadata(directive),
        }
    flags["platform.limited_mode"] = {
        "state": "ENABLED",
        "variants": {"on": True, "off": False},
        "defaultVariant": "on" if directives["limited_mode"] else "off",
    }
    generation, number = directives["config_epoch"]
    beat = directives["heartbeat_at"]
    said: Document = {"flagSetId": "failover", "generation": generation, "config_epoch": number}
    said["stale"] = directives["stale"]
    if beat is not None:
        said["heartbeat_at"] = beat if directives["stale"] else _to_ten_minutes(beat)
    return {"$schema": "https://flagd.dev/schema/v0/flags.json", "flags": flags, "metadata": said}


def _to_ten_minutes(text: str) -> str:
    at = datetime.fromisoformat(text)
    return _text(at.replace(minute=at.minute // 10 * 10, second=0, microsecond=0))


def _targeting(route: str, directive: Mapping[str, Any]) -> Document:
    """JsonLogic: null is the default variant."""
    if directive["target"] == LIMITED:
        return {}
    found: Json = None
    rollout = directive["rollout"]
    if rollout is not None:
        shares: list[Json] = [[rollout["to"], rollout["pct"]]]
        if rollout["pct"] < 100:
            shares.append([directive["target"], 100 - rollout["pct"]])
        found = {"fractional": [{"cat": [route, {"var": "targetingKey"}]}, *shares]}
    return _by_rules(directive, [rule["target"] for rule in directive["rules"]], found)


def _by_rules(directive: Mapping[str, Any], variants: Sequence[str], others: Json) -> Document:
    """One variant for each rule, and something else for the others."""
    found = others
    if directive["target"] != LIMITED:
        for rule, variant in reversed(list(zip(directive["rules"], variants, strict=True))):
            limit = rule["under"] if rule["held"] else rule["over"]
            found = {"if": [{">": [{"var": rule["attribute"]}, limit]}, variant, found]}
    return found if isinstance(found, dict) else {}


def flag_metadata(directive: Mapping[str, Any]) -> Document:
    """What is said beside a value: texts, numbers and flags only, as OFREP asks."""
    generation, number = directive["epoch"]
    found: Document = {"epoch": number, "generation": generation, "cause": directive["cause"]}
    for name in ("since", "expires_at"):
        if directive[name] is not None:
            found[name] = directive[name]
    return found


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
