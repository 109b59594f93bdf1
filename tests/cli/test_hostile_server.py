"""What another machine answers, ill meant or of another version: it is not obeyed, and nothing ends in a traceback."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.cli.desks import Inside, Terminal, served, token
from tests.cli.test_route import CHAT, WHY, site

__all__ = ["site"]

Change = Callable[[Any], Any]
ILL = "\x1b]0;pwn\x07\x9b31m\u202e"
CONTROLS = set("\x1b\x07\x9b\u202e")
COMMANDS = (
    ("route", "list"), ("route", "why", CHAT), ("route", "pause", CHAT, *WHY), ("ready",),
    ("incident", "list"), ("maintenance", "list"), ("user", "list"), ("token", "list"),
)  # fmt: skip


class Between:
    """A server that answers what the real one does, but for a change. `asked` are the answers before it."""

    def __init__(self, port: int) -> None:
        self.port, self.asked = port, list[Any]()
        self.change: Change = lambda found: found


@contextmanager
def between(port: int) -> Iterator[tuple[Between, str]]:
    """Such a server, and its address."""
    held = Between(port)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on(None)

        def do_POST(self) -> None:
            self._pass_on(self.rfile.read(int(self.headers["Content-Length"])))

        def _pass_on(self, body: bytes | None) -> None:
            connection = HTTPConnection("127.0.0.1", held.port, timeout=20)
            headers = {name: self.headers[name] for name in ("Authorization", "Content-Type") if name in self.headers}
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
            connection.close()
            held.asked.append(found)
            told = json.dumps(found if self.path.endswith("/me") else held.change(found)).encode()
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield held, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def far(site: Path) -> Iterator[tuple[Between, Terminal]]:
    """A terminal, and what stands between it and the site."""
    with served(site) as web, between(web.port) as (held, address):
        yield held, Inside(("--server", address), {"STATUSPAGE_TOKEN": token(site)})


def everywhere(found: Any, change: Change) -> Any:
    """The document with every text and object changed."""
    if isinstance(found, dict):
        return change({name: everywhere(each, change) for name, each in found.items()})
    if isinstance(found, list):
        return [everywhere(each, change) for each in found]
    return change(found)


def ill(found: Any) -> Any:
    """A text that would take a terminal over; times stay what they are."""
    if not isinstance(found, str):
        return found
    try:
        datetime.fromisoformat(found)
    except ValueError:
        return f"{found}{ILL}"
    return found


def other(found: Any, name: str, put: Any) -> Any:
    """An object with something else in that field, or without it."""
    if not isinstance(found, dict) or name not in found:
        return found
    return {**found, name: put} if put is not None else {key: found[key] for key in found if key != name}


def names(found: Any) -> set[str]:
    """Every name of a field in it."""
    if isinstance(found, dict):
        return set(found).union(*(names(each) for each in found.values()))
    return set().union(*(names(each) for each in found)) if isinstance(found, list) else set()


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_terminal_obeys_nothing_that_a_server_says(far: tuple[Between, Terminal], command: tuple[str, ...]) -> None:
    held, terminal = far
    held.change = lambda found: everywhere(found, ill)
    for more in ((), ("--json",)):
        done = terminal.run(*command, *more)
        assert done.returncode in (0, 1), done.stderr
        assert done.stdout
        assert not CONTROLS & set(done.stdout + done.stderr)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_a_server_leaves_out_or_has_otherwise_is_told(
    far: tuple[Between, Terminal], command: tuple[str, ...]
) -> None:
    held, terminal = far
    terminal.run(*command)
    for name in sorted(names(held.asked)):
        for put in (None, "else"):
            held.change = partial(everywhere, change=partial(other, name=name, put=put))
            done = terminal.run(*command)
            assert done.returncode in (0, 1, 2), done.stderr
            if done.returncode and command != ("ready",):
                assert done.stderr, f"{name} {put}"
