"""Documents of directives as the product makes them, for clients to read; and any that it could make."""

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


def document(*states: RouteState, generation: str = "g1", now: datetime = AT) -> Document:
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


def later(seconds: float) -> datetime:
    """So long after AT."""
    return AT + timedelta(seconds=seconds)
