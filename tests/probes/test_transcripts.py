"""The Firebase probe against recorded conversations: what servers were seen to send is played to it again.

`transcripts.json` holds, by name, the frames in the order of their recording as [connection, direction, kind, data].
`fbserver_*` were taken from npm's firebase-server, `py_fault_*` from a server with one fault each. Times, headers and
credentials are left out. The recorder saw no frame where a server closed of its own: `closed` is the code that the
fault has in its name, 1006 being none.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from probes.firebase import Config, probe
from statuspage.core.observation import Observation
from tests.probes.conftest import ServerTls
from tests.probes.servers import CONTEXT, SHORT, stage_names

TRANSCRIPTS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("transcripts.json").read_text())

VERDICTS: dict[str, tuple[str, str | None, str | None]] = {
    **{f"fbserver_py_{name}": ("ok", None, None) for name in ("roundtrip", "wss", "auth_ok", "auth_secret")},
    "fbserver_py_auth_invalid": ("fail", "auth", "auth"),
    "fbserver_py_auth_expired": ("fail", "auth", "auth"),
    "fbserver_py_listen_denied": ("fail", "listen", "denied"),
    "fbserver_py_write_denied": ("fail", "write", "denied"),
    "py_fault_abort1006": ("fail", "listen", "disconnected"),
    "py_fault_close1012": ("fail", "listen", "shutdown"),
    "py_fault_close1013": ("fail", "listen", "capacity"),
    "py_fault_dead_after_hello": ("fail", "listen", "timeout"),
    "py_fault_http404": ("fail", "upgrade", "upgrade"),
    "py_fault_http503": ("fail", "upgrade", "capacity"),
    "py_fault_listen_denied": ("fail", "listen", "denied"),
    "py_fault_reset_loop": ("fail", "hello", "redirect_loop"),
    "py_fault_shutdown_after": ("fail", "listen", "disabled"),
    "py_fault_shutdown_first": ("fail", "hello", "unknown_namespace"),
    "py_fault_sigstop": ("fail", "upgrade", "timeout"),
    "py_fault_silence": ("fail", "hello", "timeout"),
    "py_fault_slow_handshake": ("fail", "hello", "timeout"),
    "py_fault_write_denied": ("fail", "write", "denied"),
    "py_fault_write_unacked": ("fail", "write", "unacknowledged"),
}
"""Outcome, stage and reason of a run against each."""

RANDOM = re.compile(r"[0-9a-f]{12,16}")  # a run's own key in a path, or its nonce
ROLES = ("listener", "writer")


class Frame(NamedTuple):
    role: str
    direction: str
    kind: str
    data: Any


def frames(name: str) -> list[Frame]:
    return [Frame(*frame) for frame in TRANSCRIPTS[name]["frames"]]


def shape(text: str) -> tuple[str, Any]:
    """A client's message as (action, body), without what is different in every run."""
    message = json.loads(RANDOM.sub("*", text))
    action, body = message["d"]["a"], message["d"]["b"]
    assert message == {"t": "d", "d": {"r": message["d"]["r"], "a": action, "b": body}}
    return action, body


def recorded(name: str) -> dict[str, list[tuple[str, Any]]]:
    """What the client asked, by connection."""
    asked = [frame for frame in frames(name) if (frame.direction, frame.kind) == ("c>s", "text")]
    return {role: [shape(frame.data) for frame in asked if frame.role == role] for role in ROLES}


class Replay:
    """A server that plays one transcript: the first connection is its listener, later ones its writer if it has one.

    What was recorded on one connection is waited for there. Between the two only one thing is a cause: what the
    listener was shown after the writer's first put waits for that put. So clients may open them in any order.
    """

    def __init__(self, name: str) -> None:
        self._frames = frames(name)
        self._closed: int | None = TRANSCRIPTS[name].get("closed")
        self._actual: dict[str, str] = {}
        self._roles: dict[ServerConnection, str] = {}
        self._put = asyncio.Event()
        self.host = ""
        self.asked: dict[str, list[tuple[str, Any]]] = {role: [] for role in ROLES}
        self.surprises: list[str] = []

    async def answer(self, socket: ServerConnection, request: Request) -> Response | None:
        """The recorded answer to the upgrade; where there was none, wait until the client has gone."""
        has_writer = any(frame.role == "writer" for frame in self._frames)
        role = self._roles[socket] = "writer" if self._roles and has_writer else "listener"
        asked, *answered = (frame.data for frame in self._frames if (frame.role, frame.kind) == (role, "http"))
        if asked != f"GET {request.path}":
            self.surprises.append(request.path)
        if not answered:
            await socket.wait_closed()
        elif answered[0]["status"] != 101:
            return socket.respond(HTTPStatus(answered[0]["status"]), answered[0]["body"])
        return None

    async def serve(self, socket: ServerConnection) -> None:
        """One connection: its recorded frames, its recorded end, and whatever the client says after it."""
        role = self._roles[socket]
        with suppress(ConnectionClosed):
            await self._play(socket, role)
            if self._closed == 1006:
                socket.transport.abort()
            elif self._closed is not None:
                await socket.close(self._closed)
            async for text in socket:
                self.asked[role].append(shape(str(text)))

    async def _play(self, socket: ServerConnection, role: str) -> None:
        numbers: dict[str, str] = {}
        follows_a_put = False
        for frame in (frame for frame in self._frames if frame.kind == "text"):
            if frame.role == role and frame.direction == "c>s":
                self._learn(role, frame.data, str(await socket.recv()), numbers)
            elif frame.role == role:
                if follows_a_put:
                    await self._put.wait()
                await socket.send(self._told_anew(frame.data, numbers))
            follows_a_put |= frame.direction == "c>s" and shape(frame.data)[0] == "p"

    def _learn(self, role: str, old: str, new: str, numbers: dict[str, str]) -> None:
        self.asked[role].append(shape(new))
        if shape(new)[0] == "p":
            self._put.set()
        if shape(old) != shape(new):
            self.surprises.append(new)
        self._actual.update(zip(RANDOM.findall(old), RANDOM.findall(new), strict=False))
        numbers[str(json.loads(old)["d"]["r"])] = str(json.loads(new)["d"]["r"])

    def _told_anew(self, old: str, numbers: dict[str, str]) -> str:
        text = re.sub(r"127\.0\.0\.1:\d+", self.host, old)
        text = RANDOM.sub(lambda found: self._actual.get(found[0], found[0]), text)
        return re.sub(r'"r":(\d+)', lambda found: f'"r":{numbers[found[1]]}', text)


Look = Callable[[str], Awaitable[tuple[Replay, Observation]]]


@pytest.fixture
def look(tmp_path: Path, ca_file: Path, server_tls: ServerTls) -> Look:
    """A run against a replay, with what the recording client had: the path, the credential's kind, TLS."""
    (tmp_path / "credential").write_text("a-credential")
    secret = {"file": str(tmp_path / "credential")}

    async def run(name: str) -> tuple[Replay, Observation]:
        asked = {action: body for role in recorded(name).values() for action, body in role}
        options: dict[str, Any] = {"path": asked["q"]["p"].split("/")[1]} if "q" in asked else {}
        for action, mode, option in (("auth", "id_token", "token"), ("gauth", "secret", "secret")):
            if action in asked:
                options["auth"] = {"mode": mode, option: secret}
        tls = server_tls() if name.endswith("_wss") else None
        context = SHORT if VERDICTS[name][2] in ("timeout", "unacknowledged") else CONTEXT
        played = Replay(name)
        async with serve(played.serve, "127.0.0.1", 0, process_request=played.answer, ssl=tls) as server:
            played.host = f"127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}"
            url = f"{'https' if tls else 'http'}://{played.host}?ns=probe"
            return played, await probe(Config(url=url, ca_file=ca_file if tls else None, **options), context)

    return run


@pytest.mark.parametrize("name", VERDICTS)
async def test_a_recorded_conversation_is_named_by_its_own_outcome_stage_and_reason(name: str, look: Look) -> None:
    played, seen = await look(name)
    assert (seen.outcome, seen.stage, seen.reason) == VERDICTS[name], seen
    assert played.surprises == []


@pytest.mark.parametrize("name", [name for name, verdict in VERDICTS.items() if verdict[0] == "ok"])
async def test_the_probe_asks_what_the_recorded_client_asked_and_sees_its_echo(name: str, look: Look) -> None:
    played, seen = await look(name)
    assert played.asked == recorded(name)
    assert stage_names(seen)[-3:] == ["write", "echo", "delete"]


def test_every_transcript_has_its_verdict() -> None:
    assert TRANSCRIPTS.keys() == VERDICTS.keys()


def test_two_faults_share_a_verdict_only_where_the_server_said_the_same() -> None:
    said: dict[tuple[str, str | None, str | None], list[list[Frame]]] = {}
    for name in (name for name in VERDICTS if name.startswith("py_fault_")):
        said.setdefault(VERDICTS[name], []).append([frame for frame in frames(name) if frame.direction == "s>c"])
    assert [alike for alike in said.values() if any(each != alike[0] for each in alike)] == []
