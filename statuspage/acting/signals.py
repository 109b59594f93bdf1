"""What applications say of their load: users that are connected, new connections a second."""

from datetime import timedelta

from statuspage.acting.caller import Caller
from statuspage.core.clock import Clock
from statuspage.core.fields import Fields
from statuspage.core.gauges import MOST
from statuspage.core.load import FRESH, Signal
from statuspage.core.refusals import Refused
from statuspage.core.role import Role
from statuspage.core.site import Site
from statuspage.core.telling import Json
from statuspage.core.typed import site_of
from statuspage.core.writing import Document, time_text
from statuspage.store import Store

AHEAD = timedelta(seconds=5)
"""How far another clock may be ahead of ours."""


class Signals:
    """Every method raises StoreError; `say` raises Refused and NotAllowed too."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    def say(self, document: Json, caller: Caller) -> Document:
        """Keep a signal. `used` says whether it is young enough to be believed."""
        caller.need(Role.SIGNALS)
        site, now = site_of(self._store.state()), self._clock.now()
        fields = Fields(document)
        fields.need_one("provider", "route")
        provider, route = fields.text("provider"), fields.text("route")
        users, rate, at = fields.number("users"), fields.quantity("connects_per_s"), fields.moment("at")
        fields.need_one("users", "connects_per_s")
        for name, value in (("users", users), ("connects_per_s", rate)):
            if value is not None and value >= MOST:
                fields.refuse(name, "is more than anybody has")
        fields.close()
        if at is not None and at > now + AHEAD:
            raise Refused("at", "lies in the future")
        # A clock that is a little ahead of ours says what is so now.
        said = Signal(_subject(site, provider, route), min(at or now, now), users, rate)
        self._store.add_signals((said,), now)
        return {"subject": said.subject, "at": time_text(said.at), "used": now - said.at <= FRESH}

    def newest(self) -> Document:
        """The newest signal of each subject of the last quarter of an hour."""
        found = self._store.state(self._clock.now()).signals
        newest: list[Json] = [
            {
                "subject": each.subject,
                "at": time_text(each.at),
                "users": each.users,
                "connects_per_s": each.connects_per_s,
            }
            for each in (said[-1] for _, said in sorted(found.items()))
        ]
        return {"signals": newest}


def _subject(site: Site, provider: str | None, route: str | None) -> str:
    board = site.switchboard
    if provider is not None and route is not None:
        raise Refused("provider", "give a provider or a route, not both")
    if provider is not None and board.provider(provider) is None:
        raise Refused("provider", f"must be one of {', '.join(each.id for each in board.providers) or 'none'}")
    if route is not None and board.route(route) is None:
        raise Refused("route", f"must be one of {', '.join(each.id for each in board.routes) or 'none'}")
    return provider or route or ""
