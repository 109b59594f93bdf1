"""The shipped site, with a note of every statement that a request sends to a database."""

import json
import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from statuspage.store import open_store
from statuspage.web import wsgi
from statuspage.web.rsgi import Site
from statuspage.web.shown import Shown

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

seen: list[str] = []


ITS_OWN = ("statuspage-keeper", "statuspage-feed", "statuspage-beacons")
"""Threads that ask of themselves, requests or none."""


def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
    """Whatever else asks does so for a request: the loop, or a thread of the bridge."""
    if not threading.current_thread().name.startswith(ITS_OWN):
        seen.append(statement)


class Counted(Site):
    """The site, with `/test/asks` that asks the database of its query, and `/test/seen` that tells and forgets."""

    def __init__(self, shown: Shown, app: "WSGIApplication") -> None:
        def application(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
            if environ["PATH_INFO"] == "/test/asks":
                open_store(environ["QUERY_STRING"]).head()
            elif environ["PATH_INFO"] != "/test/seen":
                return app(environ, start)
            told = json.dumps(seen).encode()
            seen.clear()
            start("200 OK", [("Content-Type", "application/json")])
            return [told]

        super().__init__(shown, application)


def make_application() -> Site:
    """What granian loads in place of the site's own."""
    shipped: Any = wsgi
    shipped.Site = Counted
    event.listen(Engine, "before_cursor_execute", note)
    return wsgi.make_application()
