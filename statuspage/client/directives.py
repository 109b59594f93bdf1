"""The directives of one status page, kept in memory and read again behind those who ask.

Known is, in this order: what was read last; what a file kept, if it is not older than an hour; the default that the
application brought along. Older epochs are refused. Nobody who asks waits for longer than `timeout`, and only while
nothing recent is known.
"""

import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from email.message import Message
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

from .asking import asked
from .deciding import LIMITED, Context, Directive, Epoch, epoch, moment, move_of, personal, ramp_of, seconds
from .known import BROKEN, KEPT_FOR, Known, keep, kept, learned
from .reporting import SHARE, Beacon

PATIENCE = 12
"""So many times `max_age`, and whoever asks waits for the newer ones, as at the start."""
MOST_BYTES = 4 * 2**20
MOST_AGE = 2**31
"""Seconds; a cache that knows no more says this (RFC 9111 §1.2.2)."""
GIVEN_UP = 30.0
"""Seconds after which a reading that hangs, or whose process was forked away, no longer keeps others from reading."""


class Directives:
    """The directives of the status page at `url`; safe to ask from any thread.

    `defaults` are the providers of routes of which nothing is known. `client_id` is who this client is: give one that
    outlives a restart, or it moves at another moment then. `timeout` and `max_age` are seconds. `store` is a file that
    keeps what was read over a restart. Of reports so large a part is sent as the directives say, and never more than
    `sample`: 0 sends none. Raises ValueError for a `url` that is neither http nor https.
    """

    def __init__(
        self,
        url: str,
        defaults: Mapping[str, str] | None = None,
        *,
        client_id: str | None = None,
        timeout: float = 2.0,
        max_age: float = 5.0,
        store: str | os.PathLike[str] | None = None,
        sample: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise ValueError("the address of the status page begins with https:// or http://")
        self.client_id = client_id or os.urandom(16).hex()
        self._url, self._defaults = url.rstrip("/"), dict(defaults or {})
        self._timeout, self._max_age, self._clock, self._wall = timeout, max_age, clock, wall
        self._beacon, self._sample = Beacon(self._url, timeout), sample
        self._store, self._kept_at = Path(store) if store is not None else None, float("-inf")
        self._lock, self._next = threading.Lock(), float("-inf")
        self._flight: tuple[threading.Event, float] | None = None
        # What is too old to be believed still says which epochs are older.
        self._floor = kept(self._store, clock(), wall()) if self._store is not None else None
        is_recent = self._floor is not None and 0 <= clock() - self._floor.read_at < KEPT_FOR
        self._known = self._floor if is_recent else None

    def provider(self, route: str, context: Context | None = None) -> str:
        """The provider to use now, or `limited`. Without anything known, and no default either, `limited`."""
        directive = self.directive(route, context)
        return str(directive["target"]) if directive else self._defaults.get(route, LIMITED)

    def directive(self, route: str, context: Context | None = None) -> Directive | None:
        """All that is said of a route to this client: `target`, `connect` (how to connect), `publish_to`, `cause`, …"""
        known = self._look()
        found = known.directive(route, self._clock()) if known else None
        return self._own(route, found, context) if found is not None else None

    def epoch(self, route: str) -> Epoch | None:
        """(generation, number) of a route; None where nothing is known."""
        found = self.directive(route)
        return epoch(found["epoch"]) if found else None

    def moment(self, route: str, context: Context | None = None) -> float | None:
        """Where in its present move this client stands, in [0, 1). None where nothing is known."""
        found = self.directive(route, context)
        return moment(self.client_id, str(found["move"])) if found else None

    def wait(self, route: str, context: Context | None = None) -> float:
        """Seconds until this client may connect to `provider(route)`; until then it stays where it is."""
        known, now = self._look(), self._clock()
        found = known.directive(route, now) if known else None
        directive = self._own(route, found, context) if found is not None else None
        ramp = ramp_of(directive) if directive is not None else None
        if known is None or directive is None or ramp is None or directive["target"] == LIMITED:
            return 0.0
        since = known.since[route].get(move_of(directive))
        own = moment(self.client_id, str(directive["move"])) * float(ramp["seconds"])
        if directive["expires_at"]:  # Everybody has known of this end for long.
            return max(0.0, seconds(ramp["start"]) + own - known.server - now)
        return max(0.0, since + float(ramp["wait_s"]) + own - now) if since is not None else 0.0

    def report(self, route: str, outcome: str, ms: float, provider: str | None = None) -> None:
        """Tell the status page how connecting went, one of OUTCOMES, and in how many milliseconds. Never waits.

        Raises ValueError for another outcome.
        """
        found = self.directive(route)
        number = epoch(found["epoch"])[1] if found else 0
        share = found["connect"].get("beacon_share") if found else None
        wanted = share if isinstance(share, int | float) else SHARE
        target = provider or self.provider(route)
        self._beacon.send(target, route, number, outcome, ms, min(self._sample, wanted))

    def refresh(self) -> bool:
        """Read now, in this thread. False where that failed, or brought something older."""
        try:
            self._read(self._clock() + self._timeout)
        except (OSError, HTTPException, *BROKEN):
            return False
        return True

    def _own(self, route: str, directive: Directive, context: Context | None) -> Directive:
        return personal(route, directive, {"targetingKey": self.client_id, **(context or {})})

    def _look(self) -> Known | None:
        """What is known. Where it is old it is read anew meanwhile; where it is too old, that is waited for."""
        now = self._clock()
        with self._lock:
            flight, known = self._flight, self._known
            if now >= self._next and (flight is None or now - flight[1] > GIVEN_UP):
                self._next = now + self._max_age
                flight = self._flight = (threading.Event(), now)
                threading.Thread(target=self._fly, args=flight[:1], name="statuspage-directives", daemon=True).start()
        if flight is not None and (known is None or now - known.read_at > PATIENCE * self._max_age):
            flight[0].wait(max(0.0, flight[1] + self._timeout - now))
        return self._known

    def _fly(self, landed: threading.Event) -> None:
        self.refresh()
        with self._lock:
            if self._flight is not None and self._flight[0] is landed:
                self._flight = None
        landed.set()

    def _read(self, deadline: float) -> None:
        """Read the document and keep it. Raises OSError, HTTPException or one of BROKEN."""
        known = self._known
        headers = {"Accept": "application/json", "User-Agent": "statuspage-client"}
        if known is not None and known.etag:
            headers["If-None-Match"] = known.etag
        request = urllib.request.Request(f"{self._url}/directives.json", headers=headers)
        try:
            with asked(request, self._timeout) as answer:
                body = b""
                while piece := answer.read1(2**16):
                    body += piece
                    if len(body) > MOST_BYTES or self._clock() > deadline:
                        raise TimeoutError("the answer is too long, or took too long")
                self._accept(json.loads(body), answer.headers["ETag"], answer.headers)
        except HTTPError as error:
            error.close()
            if error.code != 304 or known is None:
                raise
            self._accept(known.document, known.etag, error.headers)

    def _accept(self, document: Mapping[str, object], etag: str | None, headers: Message) -> None:
        now, wall = self._clock(), self._wall()
        server_time = _server_time(headers, wall)
        with self._lock:
            before = self._known or self._floor
            known = learned(before, document, etag, now, server_time, wall)
            self._known = self._floor = known
        is_news = before is None or (before.epoch, before.since) != (known.epoch, known.since)
        if self._store is not None and (is_news or now - self._kept_at > KEPT_FOR / 60):
            self._kept_at = now
            keep(known, self._store, now, wall)


def _server_time(headers: Message, wall: float) -> float:
    """UNIX seconds by the server's clock; ours where it says none. A cache says how old its answer is."""
    try:
        age = int(headers["Age"] or 0)
        return parsedate_to_datetime(headers["Date"]).timestamp() + (age if 0 <= age <= MOST_AGE else 0)
    except (TypeError, ValueError, OverflowError):
        return wall
