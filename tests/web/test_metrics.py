"""Figures for an autoscaler."""

from datetime import timedelta

from statuspage.core.gauges import metric_number
from statuspage.core.load import Signal
from statuspage.core.route import LIMITED, RouteState
from statuspage.core.state import State
from statuspage.web.metrics import HELP, page, samples
from tests.web.routed import CHAT, QA, SITE
from tests.web.test_present_routes import MOVED, NOW

ROUTES = {
    CHAT: RouteState(CHAT, "native", 7, MOVED),
    QA: RouteState(QA, LIMITED, 3, MOVED),
}
STATE = State(
    site=SITE,
    routes=ROUTES,
    signals={"native": (Signal("native", NOW - timedelta(seconds=5), 8500, 10.0),)},
    low=frozenset({"native"}),
)


def number(name: str) -> float | None:
    """As somebody reads it who reads such pages."""
    return metric_number(page(samples(STATE, SITE, {"local": NOW}, NOW)).encode(), name)


def test_room_and_routes_are_there_for_a_scaler() -> None:
    assert number('statuspage_provider_users{provider="native"}') == 8500
    assert number('statuspage_provider_capacity{provider="native"}') == 10_000
    assert number('statuspage_provider_use{provider="native"}') == 0.85
    assert number('statuspage_provider_capacity_low{provider="native"}') == 1
    assert number('statuspage_provider_capacity_low{provider="firebase"}') == 0
    assert number(f'statuspage_route_epoch{{route="{CHAT}"}}') == 7
    assert number(f'statuspage_route_on{{route="{QA}",provider="limited"}}') == 1
    assert number("statuspage_heartbeat_timestamp_seconds") == NOW.timestamp()


def test_every_figure_is_explained() -> None:
    lines = page(samples(STATE, SITE, {"local": NOW}, NOW)).splitlines()
    named = {line.split("{")[0] for line in lines if not line.startswith("#")}
    assert named <= set(HELP)
    assert {line.split()[2] for line in lines if line.startswith("# TYPE")} == named
