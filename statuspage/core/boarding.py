"""From what is held to the board that routes are steered on: conditions of providers, signals, planned work."""

from collections.abc import Mapping
from datetime import datetime

from statuspage.core.detection import EPOCH, Belief
from statuspage.core.guards import Board
from statuspage.core.health import Condition, Health, condition
from statuspage.core.load import with_felt
from statuspage.core.site import Site
from statuspage.core.state import State


def conditions(site: Site, beliefs: Mapping[str, Belief], now: datetime) -> dict[str, Condition]:
    """The condition of every provider, from the checks of its component. What is built in is up as long as we look."""
    checks = {each.id: each.checks for each in site.components}
    return {
        each.id: Condition(Health.UP, EPOCH, None, now)
        if each.built_in
        else condition(checks.get(each.component, ()), beliefs)
        for each in site.switchboard.providers
    }


def board_of(
    state: State, site: Site, beliefs: Mapping[str, Belief], now: datetime, watching_since: datetime = EPOCH
) -> Board:
    """The board at this moment. `watching_since`: no time before it counts."""
    return Board(
        switchboard=site.switchboard,
        states=state.routes,
        conditions=conditions(site, beliefs, now),
        now=now,
        signals=with_felt(state.signals, state.felt, site.switchboard.beacon_share, now),
        felt=state.felt,
        windows=state.windows,
        watching_since=watching_since,
    )
