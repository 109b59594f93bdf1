"""A site with routes, and how its providers are: for tests of operating them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from statuspage.core.detection import Belief, Run, Verdict
from statuspage.core.guards import Board
from statuspage.core.moves import first_state
from statuspage.core.observation import Outcome, Reason
from statuspage.core.route import Mode, PlannedEvent, Proposal, Provider, Refusal, Route, RouteState, Switchboard
from statuspage.core.route_view import RouteView, look_at, views
from statuspage.core.site import Site
from statuspage.core.state import Decision, Heartbeat, State
from statuspage.store import Store

FIREBASE, NATIVE = "firebase-web-sockets", "native-web-sockets"
CHAT, FEED, INBOX = "realtime.session-chat", "realtime.news-feed", "realtime.inbox"
PROVIDERS = (
    Provider("firebase", "Firebase", FIREBASE, 5_000, 200),
    Provider("native", "Native Web Sockets", NATIVE, 12_000, 40),
)
ORDER = ("firebase", "native")


def routes(users: int | None = 1_000) -> tuple[Route, ...]:
    """Three modules: one that moves by itself, one that asks, one that is only observed."""
    modes = {CHAT: ("session-chat", Mode.AUTO), FEED: ("news-feed", Mode.APPROVE), INBOX: ("inbox", Mode.OBSERVE)}
    return tuple(Route(id, component, ORDER, mode, users=users) for id, (component, mode) in modes.items())


def with_routes(site: Site, now: datetime, **more: Any) -> Site:
    """The made-up site with providers, routes and a planned event in three days."""
    starts = now + timedelta(days=3)
    event = PlannedEvent("keynote", starts, starts + timedelta(hours=2), 900)
    board = Switchboard(PROVIDERS, routes(), (event,))
    return replace(site, switchboard=replace(board, **more), anchors=2)


def belief(component: str, now: datetime, verdict: Verdict = Verdict.UP, lasts: float = 3600) -> Belief:
    """What is held true of a component's check, for so many seconds; its newest run began three seconds ago."""
    good = verdict is Verdict.UP
    run = Run(now - timedelta(seconds=3), Outcome.OK if good else Outcome.FAIL)
    reason, stage = (None, None) if good else (Reason.TIMEOUT, "hello")
    since = now - timedelta(seconds=lasts)
    return Belief(f"{component}-check", "local", verdict, since, reason, stage, (run,))


def states(now: datetime, site: Site) -> dict[str, RouteState]:
    """Every route where it prefers to be, for an hour; moved in a drill nine days ago."""
    since, drilled = now - timedelta(hours=1), now - timedelta(days=9)
    return {
        each.id: replace(first_state(each, since), epoch=17, exercised_at=drilled) for each in site.switchboard.routes
    }


def held(site: Site, now: datetime, *beliefs: Belief, changed: Mapping[str, RouteState] | None = None) -> State:
    """What is held while both providers are up, or as these beliefs say."""
    known = {each.check: each for each in (belief(FIREBASE, now), belief(NATIVE, now), *beliefs)}
    return State(site=site, routes={**states(now, site), **(changed or {})}, beliefs=known)


def seen(state: State, now: datetime) -> tuple[Board, tuple[RouteView, ...]]:
    """The board and the routes as their operators see them."""
    assert state.site is not None
    board, since = look_at(state, state.site, now)
    return board, views(board, since)


def proposal(now: datetime) -> Proposal:
    """What the robot would do with a route whose provider is down."""
    return Proposal("native", "firebase_down", "failed_over", "firebase is down since 14:30:00 UTC", now)


def lay_routes(store: Store, site: Site, now: datetime, *beliefs: Belief, **changes: RouteState) -> Site:
    """Put routes and beliefs into a store that has this site, as a monitor would leave them; keys of `changes` are
    the last part of a route's id with `_` for `-`.
    """
    found = with_routes(site, now)
    there = states(now, found)
    for name, state in changes.items():
        there[state.route] = state
        assert state.route.endswith(name.replace("_", "-"))
    store.transact(lambda _: Decision(site=found, routes=tuple(there.values())), now)
    known = {each.check: each for each in (belief(FIREBASE, now), belief(NATIVE, now), *beliefs)}
    store.save_beliefs(known.values())
    store.beat(Heartbeat("local", now, now - timedelta(hours=2), now - timedelta(seconds=1)))
    return found


def stuck(site: Site, now: datetime) -> dict[str, RouteState]:
    """Routes that need a person, as `lay_routes` takes them: one waits for approval, one is locked in limited mode."""
    there, early = states(now, site), now - timedelta(minutes=9)
    limited = replace(
        there[CHAT], provider="limited", epoch=18, since=early, cause="firebase_down", previous="firebase",
        origin="firebase", locked_at=early, reason="firebase is down since 14:22:11 UTC (timeout at hello)",
        blocked=(Refusal("flap_budget", "3 moves within 1800 s"),), blocked_to="native",
    )  # fmt: skip
    return {"session_chat": limited, "news_feed": replace(there[FEED], proposal=proposal(early))}
