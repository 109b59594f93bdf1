"""Routes: looked at, moved, approved, pinned, paused, resumed, acknowledged; and whether everything is ready.

Reading is for everybody who may come in, acting for responders: moving a route is on-call work. A repeat of a move
is a conflict, for the epoch that it names has passed: no key is needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from statuspage.acting.caller import Caller, Command, Done, act
from statuspage.core import operating, reading_routes
from statuspage.core.clock import Clock
from statuspage.core.guards import Board
from statuspage.core.parsing import shown
from statuspage.core.readiness import Readiness, Surroundings, Told, readiness
from statuspage.core.refusals import NotThere, Refused
from statuspage.core.role import Role
from statuspage.core.route import Route
from statuspage.core.route_view import RouteView, look_at, view, views
from statuspage.core.route_writing import provider_document, readiness_document, route_document, why_document
from statuspage.core.site import Site
from statuspage.core.state import Decision, Heartbeat, State
from statuspage.core.telling import Json, MessageState, recipients
from statuspage.core.typed import site_of
from statuspage.core.writing import Document, notices
from statuspage.store import Store

AGENT = "local"
"""Whose beliefs are asked for: those of the monitor that decides."""
LOCKED = "route.locked"
"""What somebody must hear of: the route does nothing by itself until a person says so."""


@dataclass(frozen=True, slots=True)
class Look:
    """Everything about routes at one moment. `looking_since` is when the monitor began to look."""

    board: Board
    site: Site
    looking_since: datetime
    heartbeats: Sequence[Heartbeat]

    @property
    def views(self) -> tuple[RouteView, ...]:
        """Every route."""
        return views(self.board, self.looking_since)

    def route(self, id: str) -> Route:
        """The route of that id. Raises NotThere."""
        found = self.site.switchboard.route(id)
        if found is None:
            raise NotThere("route", shown(id))
        return found

    def view(self, id: str) -> RouteView:
        """One route. Raises NotThere."""
        return view(self.board, self.route(id), self.looking_since)


class Routes:
    """Every method raises StoreError; acts raise Refused, Guarded, NotThere, Conflict and NotAllowed too."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def look(self) -> Look:
        """How everything stands now, by the stored beliefs. Raises Refused before the first site."""
        now = self._clock.now()
        return _look(self._store.state(now, agent=AGENT), now, self._store.heartbeats())

    def listed(self) -> Document:
        """Every route, and the providers between which they choose."""
        seen = self.look()
        routes: list[Json] = [route_document(each, seen.board, seen.site) for each in seen.views]
        providers: list[Json] = [provider_document(seen.board, each.id) for each in seen.site.switchboard.providers]
        return {"routes": routes, "providers": providers}

    def one(self, id: str) -> Document:
        """One route as it stands."""
        seen = self.look()
        return route_document(seen.view(id), seen.board, seen.site)

    def why(self, id: str) -> Document:
        """The same with what the checks say, and every guard on every way."""
        seen = self.look()
        return why_document(seen.view(id), seen.board, seen.site)

    def move(self, id: str, document: Json, caller: Caller) -> Done:
        """Send it to a provider, or into limited mode."""
        caller.need(Role.RESPONDER)
        sent = reading_routes.sending_from(document, caller.by)
        longest = operating.LONGEST_PIN
        if sent.expires_at is not None and sent.expires_at - self._clock.now() > longest:
            raise Refused("expires_at", f"must be within {longest.days} days: an end that nobody awaits is none")

        def command(state: State, now: datetime) -> Decision:
            return operating.move(state, id, sent.to, sent.order, now, sent.override, sent.expires_at, sent.expires_to)

        return self._act(id, command)

    def approve(self, id: str, document: Json, caller: Caller) -> Done:
        """Do what the robot proposes."""
        caller.need(Role.RESPONDER)
        order, override, to = reading_routes.approval_from(document, caller.by)
        return self._act(id, lambda state, now: operating.approve(state, id, order, now, override, to))

    def pin(self, id: str, document: Json, caller: Caller) -> Done:
        """Leave it where it is, whatever happens, until then."""
        caller.need(Role.RESPONDER)
        order, until = reading_routes.holding_from(document, caller.by)
        return self._act(id, lambda state, now: operating.pin(state, id, until, order, now))

    def pause(self, id: str, document: Json, caller: Caller) -> Done:
        """Keep the robot's hands off until then."""
        caller.need(Role.RESPONDER)
        order, until = reading_routes.holding_from(document, caller.by)
        return self._act(id, lambda state, now: operating.pause(state, id, until, order, now))

    def resume(self, id: str, document: Json, caller: Caller) -> Done:
        """End a pause and a pin."""
        caller.need(Role.RESPONDER)
        order = reading_routes.order_from(document, caller.by)
        return self._act(id, lambda state, now: operating.resume(state, id, order, now))

    def acknowledge(self, id: str, document: Json, caller: Caller) -> Done:
        """Unlock it: its budget of moves begins anew."""
        caller.need(Role.RESPONDER)
        order = reading_routes.order_from(document, caller.by)
        return self._act(id, lambda state, now: operating.acknowledge(state, id, order, now))

    def ready(self, event: str | None = None, page_at: datetime | None = None) -> Document:
        """Go or no-go for a planned event, or for now. `page_at`: when the page was last made, where that is known."""
        return readiness_document(self.readiness(event, page_at))

    def readiness(self, event: str | None = None, page_at: datetime | None = None) -> Readiness:
        """The same as a value. Raises NotThere for an event that the configuration does not have."""
        seen = self.look()
        if event is not None and all(each.id != event for each in seen.site.switchboard.events):
            raise NotThere("event", shown(event))
        around = Surroundings(
            anchors=seen.site.anchors,
            told=self._told(seen.site),
            beat_at=max((each.at for each in seen.heartbeats), default=None),
            blind_since=max((each.blind_since for each in seen.heartbeats if each.blind_since), default=None),
            frozen_until=max((each.frozen_until for each in seen.heartbeats if each.frozen_until), default=None),
            page_at=page_at,
            unheard=_unheard(seen.site),
        )
        return readiness(seen.board, seen.views, around, event)

    def _told(self, site: Site) -> tuple[Told, ...]:
        counts, quiet = self._store.outbox.counts_by_destination(), self._store.outbox.silenced()
        taken = self._store.outbox.last_taken()
        return tuple(
            Told(
                each.id,
                quiet[each.id].reason if each.id in quiet else None,
                counts.get(each.id, {}).get(MessageState.DEAD, 0),
                taken.get(each.id),
            )
            for each in site.destinations
        )

    def _act(self, id: str, command: Command) -> Done:
        def known(state: State, now: datetime) -> Decision:
            if site_of(state).switchboard.route(id) is None:
                raise NotThere("route", shown(id))
            return command(state, now)

        acted = act(self._store, self._clock, known, agent=AGENT)
        after = replace(
            acted.state, routes={**acted.state.routes, **{each.route: each for each in acted.decision.routes}}
        )
        seen = _look(after, self._clock.now(), self._store.heartbeats())
        document = route_document(seen.view(id), seen.board, seen.site)
        document["notifies"] = notices(acted.decision.events, acted.site)
        return Done(id, document)


def _unheard(site: Site) -> tuple[str, ...]:
    """The routes whose lock no destination hears of."""
    told = [each for each in site.destinations if not each.acts]
    routes = site.switchboard.routes
    return tuple(each.id for each in routes if not recipients(LOCKED, (each.component,), told))


def _look(state: State, now: datetime, heartbeats: Sequence[Heartbeat]) -> Look:
    site = site_of(state)
    board, since = look_at(state, site, now, heartbeats)
    return Look(board, site, since, heartbeats)


Act = Callable[[Routes, str, Json, Caller], Done]

ACTS: dict[str, Act] = {
    "approve": Routes.approve,
    "move": Routes.move,
    "pin": Routes.pin,
    "pause": Routes.pause,
    "resume": Routes.resume,
    "ack": Routes.acknowledge,
}
"""What can be done with a route, by the names of API and command line."""
