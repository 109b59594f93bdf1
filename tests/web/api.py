"""The API in this process: real store of either kind, real application, a token of each role."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from werkzeug.test import Client, TestResponse

from statuspage.auth.links import new_token
from statuspage.core.people import COMMAND, Actor
from statuspage.core.role import Role
from statuspage.core.site import Component, Site
from statuspage.core.state import Decision, Held
from statuspage.core.status import Status
from statuspage.core.telling import Destination
from statuspage.store import Store
from statuspage.web.app import create_app
from statuspage.web.bundle import build
from statuspage.web.middleware import serve_first
from statuspage.web.shown import Shown
from statuspage.web.staff import Staff
from tests.databases import START
from tests.web.served import SetClock
from tests.web.snapshots import make_snapshot
from tests.web.staff import SECRET

SITE = "https://status.example.com"
CHAT = {"title": "Slow chat", "body": "Messages arrive late.", "components": {"chat": "partial"}}
WORK = {
    "title": "New Redis",
    "starts": "2026-03-03T22:00:00Z",
    "ends": "2026-03-04T00:00:00Z",
    "components": ["chat"],
    "body": "We replace the cache.",
}


class Api:
    """A client of the API with a token of each role. `notified` are the destinations of the site."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.store, self.clock = store, SetClock(START)
        site = Site(
            "InEvent",
            SITE,
            "America/New_York",
            (Component("chat", "Chat", 1), Component("voice", "Voice", 2, checks=("voice-check",))),
            destinations=(Destination("ops", "webhook"), Destination("pager", "pagerduty", ("incident.created",))),
        )
        held = tuple(Held(each.id, Status.OPERATIONAL, START, created_at=START) for each in site.components)
        store.transact(lambda _: Decision(site=site, created=held), START)
        shown = Shown(SITE)
        shown.swap(build(folder / "public", make_snapshot(now=START), START))
        staff = Staff(lambda: store, self.clock, shown, SECRET, 0, SITE)
        self.client = Client(serve_first(shown, create_app(shown, folder / "public", self.clock, staff)))
        self.tokens = {role: self.token(role, f"the {role}") for role in Role}

    def token(self, role: Role, name: str) -> str:
        """A new token."""
        secret, hash, token = new_token(name, role, COMMAND, START, None)
        self.store.accounts.add_token(token, hash, Actor(COMMAND, "here"))
        return secret

    def ask(
        self,
        method: str,
        path: str,
        document: object = None,
        role: Role | None = Role.ADMIN,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
        content_type: str = "application/json",
    ) -> TestResponse:
        """One request; `raw` is sent as it is in place of a document."""
        sent = dict(headers or {})
        if role is not None:
            sent["Authorization"] = f"Bearer {self.tokens[role]}"
        body = raw if raw is not None else json.dumps(document).encode() if document is not None else None
        more: dict[str, Any] = {"data": body, "content_type": content_type} if body is not None else {}
        return self.client.open(f"/api/v1{path}", method=method, headers=sent, base_url=SITE, **more)

    def get(self, path: str, role: Role = Role.VIEWER) -> Any:
        """The document at a path."""
        answer = self.ask("GET", path, role=role)
        assert answer.status_code == 200, answer.text
        return answer.json

    def done(self, method: str, path: str, document: object = None, role: Role = Role.ADMIN, **headers: str) -> Any:
        """The document of an act that succeeds."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.ask(method, path, document, role, named)
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    def refused(self, code: int, method: str, path: str, document: object = None, role: Role = Role.ADMIN) -> Any:
        """The problem of an act that is refused."""
        answer = self.ask(method, path, document, role)
        assert answer.status_code == code, answer.text
        assert answer.content_type.startswith("application/problem+json")
        assert answer.json is not None
        assert answer.json["status"] == code
        return answer.json

    def opened(self, **more: object) -> Any:
        """An incident that is published."""
        return self.done("POST", "/incidents", {**CHAT, **more})
