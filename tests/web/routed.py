"""A real store with two providers and two routes, moved by hand: what a served directive is made from."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from statuspage.core.route import LIMITED, Mode, Provider, Route, RouteState, Rule, Switchboard
from statuspage.core.site import Component, Site
from statuspage.core.state import Decision, State
from statuspage.store import Store, open_store
from tests.web.processes import Web, free_port
from tests.web.served import beat, eventually

CHAT, QA = "realtime.session-chat", "realtime.session-qa"
RULE = Rule("event_users", 5000, 4000, ("native", "firebase"))
BOARD = Switchboard(
    providers=(
        Provider("firebase", "Firebase Web Sockets", "firebase-sockets", 10_000, 500),
        Provider("native", "Native Web Sockets", "native-sockets", 10_000, 50),
    ),
    routes=(
        Route(CHAT, "chat", ("firebase", "native"), Mode.AUTO, users=1000, rules=(RULE,)),
        Route(QA, "qa", ("firebase", "native"), Mode.AUTO, users=1000, still_works="You can still read."),
    ),
)
SITE = Site(
    name="Acme",
    url="http://127.0.0.1:8000",
    time_zone="America/New_York",
    components=(
        Component("firebase-sockets", "Firebase Web Sockets", 1, checks=("firebase",)),
        Component("native-sockets", "Native Web Sockets", 2, checks=("native",)),
        Component("chat", "Session chat", 3),
        Component("qa", "Session Q&A", 4),
    ),
    switchboard=BOARD,
)
PROGRAM = """
import sys
from statuspage.web.serve import Listen, serve
from statuspage.web.wsgi import WebConfig
public, store, port, workers, jitter = sys.argv[1:]
sys.exit(serve(Listen("127.0.0.1", int(port), int(workers)), WebConfig(public, store, notice_jitter=float(jitter))))
"""


class Routed:
    """The store, and the hand that moves its routes."""

    def __init__(self, folder: Path) -> None:
        self.address = f"sqlite:///{folder / 'statuspage.db'}"
        self.store: Store = open_store(self.address)
        now = datetime.now(UTC)
        self.store.upgrade(now)
        self.store.transact(lambda _: Decision(site=SITE), now)
        beat(self.store, now)
        for route in (CHAT, QA):
            self.put(route, "firebase", usable=("firebase", "native"), rules=())

    def put(self, route: str, provider: str, **more: Any) -> RouteState:
        """Let a route stand on a provider, or in limited mode, with the next epoch."""
        now = datetime.now(UTC)
        made: list[RouteState] = []

        def command(state: State) -> Decision:
            before = state.routes.get(route) or RouteState(route, provider, 0, now)
            after = replace(before, provider=provider, epoch=before.epoch + 1, since=now, cause="test", **more)
            made[:] = [replace(after, previous=before.provider if before.epoch else None)]
            return Decision(routes=tuple(made))

        self.store.transact(command, now)
        return made[0]

    def limit(self, route: str) -> RouteState:
        """Put a route into limited mode."""
        return self.put(route, LIMITED)

    def beat(self) -> None:
        """A sign of life of the monitor."""
        beat(self.store, datetime.now(UTC))


@contextmanager
def serving(folder: Path, routed: Routed, *, workers: int = 1, jitter: float = 0.0) -> Iterator[Web]:
    """A real web process on the store, once it serves directives."""
    import os
    import subprocess

    from tests.web.processes import ROOT

    port = free_port()
    command = [sys.executable, "-c", PROGRAM, str(folder / "public"), routed.address]
    process = subprocess.Popen(
        [*command, str(port), str(workers), str(jitter)], env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True
    )
    web = Web(process, port)
    try:
        eventually(lambda: web.says(CHAT, "/directives.json"), 30)
        yield web
    finally:
        process.terminate()
        process.wait(20)
