"""Documents of directives as the product makes them, for clients to read; and any that it could make."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from statuspage.core.directive import directives_document
from statuspage.core.route import LIMITED, Mode, Provider, Ramp, Route, RouteState, Switchboard

CHAT, QA = "realtime.chat", "realtime.qa"
PROVIDERS = ("firebase", "native")
BOARD = Switchboard(
    providers=tuple(Provider(id, id.title(), f"{id}-web-sockets") for id in PROVIDERS),
    routes=tuple(
        Route(id, id.rpartition(".")[2], PROVIDERS, Mode.AUTO, still_works="You can watch as always.")
        for id in (CHAT, QA)
    ),
    beacon_share=1.0,
)
AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
Document = dict[str, Any]


def state(route: str = CHAT, provider: str = "firebase", epoch: int = 1, **more: Any) -> RouteState:
    """A route that stands on a provider since AT."""
    return replace(RouteState(route, provider, epoch, AT, move=f"{provider}-{epoch}", usable=PROVIDERS), **more)


def moved(epoch: int = 2, seconds: int = 8, wait_s: int = 0, at: datetime = AT, **more: Any) -> RouteState:
    """A route that moves from firebase to native within so many seconds from `at`."""
    return state(
        provider="native", epoch=epoch, previous="firebase", cause="firebase_down", since=at,
        ramp=Ramp(at, wait_s, seconds), **more,
    )  # fmt: skip


def limited(epoch: int = 2, **more: Any) -> RouteState:
    """A route in limited mode."""
    return state(provider=LIMITED, epoch=epoch, previous="firebase", **more)


def document(*states: RouteState, generation: str = "1g1", now: datetime = AT) -> Document:
    """The document of these routes, as the product writes it; routes that are not given were never decided on."""
    found = directives_document(BOARD, {each.route: each for each in states}, generation, now, False, now)
    return dict(found)


_TARGETS = st.sampled_from([*PROVIDERS, LIMITED])
_NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False, width=32)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def _rule(values: tuple[Any, ...]) -> Mapping[str, Any]:
    names = ("attribute", "over", "under", "held", "target", "publish_to", "move", "ramp")
    return dict(zip(names, values, strict=True))


_RAMPS = st.none() | st.fixed_dictionaries(
    {"start": st.just("2026-11-23T09:00:00.000Z"), "wait_s": st.integers(0, 9), "seconds": st.integers(0, 90)}
)
_RULES = st.tuples(
    st.sampled_from(["event_users", "module"]), _NUMBERS, _NUMBERS, st.booleans(), _TARGETS,
    st.lists(st.sampled_from(PROVIDERS)), st.none() | TEXTS, _RAMPS,
).map(_rule)  # fmt: skip
_ROLLOUTS = st.none() | st.fixed_dictionaries({"to": st.sampled_from(PROVIDERS), "pct": st.integers(0, 100)})
DIRECTIVES = st.builds(
    lambda target, rules, rollout: {**document()["routes"][CHAT], "target": target, "rules": rules, "rollout": rollout},
    _TARGETS, st.lists(_RULES, max_size=3), _ROLLOUTS,
)  # fmt: skip
"""Any directive, as far as it says which provider a client is to use."""

CONTEXTS = st.dictionaries(
    st.sampled_from(["event_users", "module", "targetingKey"]), _NUMBERS | st.booleans() | TEXTS | st.none()
)


class _Gone:
    """A value for what is not there, with the same name in every process."""

    def __repr__(self) -> str:
        return "gone"


GONE = _Gone()
"""In the place of a value: without that field."""
_RAMP = {"start": "2026-11-23T09:00:00.000Z", "wait_s": 0, "seconds": 8}
_RULE = {"attribute": "event_users", "over": 5000, "under": 4000, "held": False, "target": "native"}
_HUGE = 10**400
_INF = float("inf")
UNUSABLE: Mapping[str, tuple[str, Any]] = {
    **{f"no {name}": (name, GONE) for name in ("target", "epoch", "move", "ramp", "rollout", "rules", "connect")},
    **{f"no {name}": (name, GONE) for name in ("publish_to", "expires_at", "expires_to")},
    **{f"epoch {value}": ("epoch", value) for value in (7, "1g1", ["1g1"], ["1g1", _INF], ["1g1", "9"], ["1g1", None])},
    **{f"epoch {value}": ("epoch", value) for value in ([1, 9], ["1g1", 1.5], ["1g1", -1], ["1g1", 2**53], [None, 9])},
    "epoch of 400 digits": ("epoch", ["1g1", _HUGE]),
    **{f"target {value}": ("target", value) for value in ("", 7, None, ["native"])},
    "publish_to a text": ("publish_to", "native"),
    "publish_to numbers": ("publish_to", [7]),
    **{f"seconds {value}": ("ramp", {**_RAMP, "seconds": value}) for value in (_INF, -1, "8", None, 1e9)},
    "seconds of 400 digits": ("ramp", {**_RAMP, "seconds": _HUGE}),
    **{f"wait_s {value}": ("ramp", {**_RAMP, "wait_s": value}) for value in (_INF, -1, True)},
    **{f"start {value}": ("ramp", {**_RAMP, "start": value}) for value in ("soon", 7, None)},
    "ramp without a start": ("ramp", {"wait_s": 0, "seconds": 8}),
    **{f"pct {value}": ("rollout", {"to": "native", "pct": value}) for value in (_INF, -1, 101, 5.5, "5")},
    "pct of 400 digits": ("rollout", {"to": "native", "pct": _HUGE}),
    "rollout to nobody": ("rollout", {"pct": 5}),
    "rollout with half a ramp": ("rollout", {"to": "native", "pct": 5, "ramp": {"seconds": 8}}),
    "rules a text": ("rules", "none"),
    **{f"over {value}": ("rules", [{**_RULE, "over": value}]) for value in (_INF, "5000", None)},
    "over of 400 digits": ("rules", [{**_RULE, "over": _HUGE}]),
    **{f"under {value}": ("rules", [{**_RULE, "under": value}]) for value in (_INF, False)},
    "rule about nothing": ("rules", [{**_RULE, "attribute": ["event_users"]}]),
    "rule to nobody": ("rules", [{**_RULE, "target": None}]),
    "rule that may hold": ("rules", [{**_RULE, "held": "no"}]),
    "rule of nothing": ("rules", [None]),
    **{f"{name} {value}": (f"connect.{name}", value)
       for name in ("timeout_ms", "max_attempts", "backoff_base_ms", "backoff_cap_ms", "limited_poll_ms")
       for value in (GONE, _INF, -1, "8000", None)},
    "share of more than all": ("connect.beacon_share", 2),
    "an end at no time": ("expires_at", "soon"),
    "an end in a number": ("expires_at", 7),
    "an end for nobody": ("expires_to", 7),
}  # fmt: skip
"""What makes a document one that no client can go by: a field of a route, and what stands in its place."""


def unusable(name: str, *states: RouteState) -> str:
    """The text of a document that is good but for that, whatever a reader of JSON makes of its numbers."""
    path, value = UNUSABLE[name]
    found = document(*states)
    at = found["routes"][CHAT]
    *steps, last = path.split(".")
    for step in steps:
        at = at[step]
    at.pop(last) if value is GONE else at.update({last: value})
    return json.dumps(found).replace("Infinity", "1e999")


def later(seconds: float) -> datetime:
    """So long after AT."""
    return AT + timedelta(seconds=seconds)
