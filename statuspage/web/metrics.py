"""`/metrics`: figures for an autoscaler and for whoever draws curves, in Prometheus's text format 0.0.4.

For programs with a token; made from what is stored, so that a stopped monitor shows as an old heartbeat.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from flask import Flask, Response

from statuspage.core.boarding import board_of
from statuspage.core.load import users_on
from statuspage.core.role import Role
from statuspage.core.rooms import use_of
from statuspage.core.site import Site
from statuspage.core.state import State
from statuspage.core.typed import site_of
from statuspage.web.headers import NOT_KEPT
from statuspage.web.staff.context import staff
from statuspage.web.staff.gate import token_needs

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Mapping[str, str], float]

HELP: Mapping[str, str] = {
    "statuspage_provider_users": "Users on a provider, as far as anybody has said.",
    "statuspage_provider_capacity": "Users that a provider can hold.",
    "statuspage_provider_use": "The part of its capacity, or of its rate of new connections, that a provider uses.",
    "statuspage_provider_capacity_low": "1 while the room on a provider runs low.",
    "statuspage_route_epoch": "The number of a route's epoch.",
    "statuspage_route_on": "1 for where a route is: a provider, or limited.",
    "statuspage_route_blocked": "1 while a route should move and may not.",
    "statuspage_component_status": "1 for the status that a component has.",
    "statuspage_heartbeat_timestamp_seconds": "When the monitor of an agent last gave a sign of life.",
}


def register(app: Flask) -> None:
    """Add the address; the staff area, whose gate it uses, is there already."""

    @app.get("/metrics", provide_automatic_options=False)
    @token_needs(Role.VIEWER)
    def metrics() -> Response:
        held = staff()
        now = held.clock.now()
        state = held.store.state(now)
        beats = {each.agent: each.at for each in held.store.heartbeats()}
        text = page(samples(state, site_of(state), beats, now))
        return Response(text, content_type=CONTENT_TYPE, headers={"Cache-Control": NOT_KEPT})


def samples(state: State, site: Site, beats: Mapping[str, datetime], now: datetime) -> dict[str, list[Sample]]:
    """Every figure by its name: (labels, value)."""
    board, found = board_of(state, site, state.beliefs, now), dict[str, list[Sample]]()

    def add(name: str, value: float, **labels: str) -> None:
        found.setdefault(name, []).append((labels, value))

    for provider in site.switchboard.providers:
        users = users_on(provider, board.on(provider.id), state.signals, now)
        add("statuspage_provider_users", users, provider=provider.id)
        if provider.capacity is not None:
            add("statuspage_provider_capacity", provider.capacity, provider=provider.id)
        add("statuspage_provider_use", round(use_of(board, provider.id), 4), provider=provider.id)
        add("statuspage_provider_capacity_low", provider.id in state.low, provider=provider.id)
    for route in site.switchboard.routes:
        stands = state.routes.get(route.id)
        if stands is not None:
            add("statuspage_route_epoch", stands.epoch, route=route.id)
            add("statuspage_route_on", 1, route=route.id, provider=stands.provider)
            add("statuspage_route_blocked", bool(stands.blocked), route=route.id)
    for component in site.components:
        held = state.components.get(component.id)
        if held is not None:
            add("statuspage_component_status", 1, component=component.id, status=held.status.value)
    for agent, at in beats.items():
        add("statuspage_heartbeat_timestamp_seconds", at.timestamp(), agent=agent)
    return found


def page(found: Mapping[str, Iterable[Sample]]) -> str:
    """The text format."""
    lines = []
    for name, values in found.items():
        lines += [f"# HELP {name} {HELP[name]}", f"# TYPE {name} gauge"]
        for labels, value in values:
            told = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
            lines.append(f"{name}{{{told}}} {value:.10g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
