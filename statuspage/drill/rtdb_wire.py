"""Wire protocol 5 of the Realtime Database without any I/O: frames, sessions, and who hears of what.

`Database.receive` takes one message of one session and answers with the messages to send, in order, each with
its session. Two orders matter to the SDK: data comes before the `ok` of its listen, and a writer's own listens
hear of a write before the writer is told that it went well.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from statuspage.drill.rtdb_tree import BadData, Node, Path, build, get, node_hash, number, parse_path, put, window

FRAME = 16384
MAX_MESSAGE = 16 * 1024 * 1024


def frames(message: dict[str, Any]) -> list[str]:
    """A message as text frames of at most 16384 units, their count first where there are several.

    Plain ASCII makes characters, UTF-16 units and bytes the same number.
    """
    text = json.dumps(message, separators=(",", ":"))
    if len(text) <= FRAME:
        return [text]
    parts = [text[start : start + FRAME] for start in range(0, len(text), FRAME)]
    return [str(len(parts)), *parts]


class Joiner:
    """Puts a client's frames together again. Raises BadData for what is not this protocol."""

    def __init__(self) -> None:
        self._waiting = 0
        self._parts: list[str] = []
        self._size = 0

    def feed(self, frame: str) -> dict[str, Any] | None:
        """The message that this frame completes, or None: a count, a part, or the keepalive "0"."""
        if not self._waiting:
            if len(frame) <= 6 and frame.isascii() and frame.isdigit():
                self._waiting = int(frame)
                return None
            self._waiting = 1
        self._size += len(frame)
        if self._size > MAX_MESSAGE:
            raise BadData("the message is too big")
        self._parts.append(frame)
        self._waiting -= 1
        if self._waiting:
            return None
        text = "".join(self._parts)
        self._parts.clear()
        self._size = 0
        try:
            message = json.loads(text, parse_constant=number, parse_float=number, parse_int=number)
        except (ValueError, RecursionError):
            raise BadData("not JSON") from None
        if not isinstance(message, dict):
            raise BadData("not an object")
        return message


@dataclass(slots=True)
class Listen:
    path: Path
    query: dict[str, Any]
    tag: int | None
    shown: str = ""
    """Hash of what a filtered listen was last shown."""


@dataclass(eq=False, slots=True)
class Session:
    """One client's connection: the tree it asked for, what it watches, what happens when it is gone."""

    namespace: str
    listens: dict[tuple[Path, str], Listen] = field(default_factory=dict)
    when_gone: dict[Path, Node] = field(default_factory=dict)
    auth: dict[str, Any] | None = None


Outgoing: TypeAlias = list[tuple[Session, dict[str, Any]]]


def hello(host: str, session: str, now_ms: int) -> dict[str, Any]:
    """The greeting. `host` must be the address the client used: the SDK reconnects there."""
    return {"t": "c", "d": {"t": "h", "d": {"ts": now_ms, "v": "5", "h": host, "s": session}}}


def _push(action: str, path: Path, data: Node, tag: int | None = None) -> dict[str, Any]:
    body: dict[str, Any] = {"p": "/".join(path), "d": data}
    return {"t": "d", "d": {"b": body if tag is None else {**body, "t": tag}, "a": action}}


class Refused(Exception):
    """A request that is answered with a code other than ok."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code, text)
        self.code = code
        self.text = text


class Database:
    """Every namespace's tree and every session that is connected to one."""

    def __init__(self) -> None:
        self.roots: dict[str, Node] = {}
        self.sessions: set[Session] = set()

    def join(self, namespace: str) -> Session:
        session = Session(namespace)
        self.sessions.add(session)
        return session

    def leave(self, session: Session, now_ms: int) -> Outgoing:
        """The session is gone: its onDisconnect writes happen now."""
        self.sessions.discard(session)
        pushes: Outgoing = []
        for path, data in session.when_gone.items():
            pushes += self._write(session.namespace, {path: data}, now_ms)
        return pushes

    def receive(self, session: Session, message: dict[str, Any], now_ms: int) -> Outgoing:
        """One message from a client → what to send, in order. Raises BadData for what is not this protocol."""
        content = message.get("d")
        if not isinstance(content, dict):
            raise BadData("a message without content")
        if message.get("t") == "c":
            return [(session, {"t": "c", "d": {"t": "o", "d": {}}})] if content.get("t") == "p" else []
        number, action, body = content.get("r"), content.get("a"), content.get("b", {})
        if not isinstance(number, int) or not isinstance(action, str) or not isinstance(body, dict):
            raise BadData("a request needs r, a and b")
        try:
            outgoing, data = self._act(session, action, body, now_ms)
            answer = {"s": "ok", "d": data}
        except Refused as error:
            outgoing, answer = [], {"s": error.code, "d": error.text}
        except BadData as error:
            outgoing, answer = [], {"s": "failure", "d": str(error)}
        return [*outgoing, (session, {"t": "d", "d": {"r": number, "b": answer}})]

    def _act(self, session: Session, action: str, body: dict[str, Any], now_ms: int) -> tuple[Outgoing, Node]:
        match action:
            case "q":
                return self._listen(session, body), {}
            case "n":
                session.listens.pop((parse_path(body.get("p")), _query_id(body)), None)
                return [], ""
            case "g":
                return [], window(self._read(session, parse_path(body.get("p"))), _query(body))
            case "p" | "m":
                return self._put(session, body, now_ms, merge=action == "m"), ""
            case "o" | "om":
                self._plan(session, body, merge=action == "om")
                return [], ""
            case "oc":
                self._forget(session, parse_path(body.get("p")))
                return [], ""
            case "auth" | "gauth":
                return [], self._authenticate(session, action, body, now_ms)
            case "unauth":
                session.auth = None
                return [], "unauthenticated"
            case "s" | "appcheck" | "unappeck":
                return [], ""
        raise Refused("failure", f"unknown action {action[:20]!r}")

    def _read(self, session: Session, path: Path) -> Node:
        return get(self.roots.get(session.namespace), path)

    def _listen(self, session: Session, body: dict[str, Any]) -> Outgoing:
        tag = body.get("t")
        listen = Listen(parse_path(body.get("p")), _query(body), tag if isinstance(tag, int) else None)
        data = window(self._read(session, listen.path), listen.query)
        listen.shown = node_hash(data)
        session.listens[listen.path, _query_id(body)] = listen
        if body.get("h") and body["h"] == listen.shown:
            return []  # a client that comes back with the same data needs none
        return [(session, _push("d", listen.path, data, listen.tag))]

    def _put(self, session: Session, body: dict[str, Any], now_ms: int, *, merge: bool) -> Outgoing:
        path, data = parse_path(body.get("p")), body.get("d")
        if "h" in body and body["h"] != node_hash(self._read(session, path)):
            raise Refused("datastale", "Transaction hash does not match")
        if not merge:
            return self._write(session.namespace, {path: data}, now_ms)
        return self._write(session.namespace, _merged(path, data), now_ms, merged_at=path)

    def _write(self, namespace: str, changes: dict[Path, Node], now_ms: int, merged_at: Path | None = None) -> Outgoing:
        before = self.roots.get(namespace)
        root = before
        built: dict[Path, Node] = {}
        for path, data in changes.items():
            built[path] = build(data, get(before, path), now_ms)
            root = put(root, path, built[path])
        self.roots[namespace] = root
        outgoing: Outgoing = []
        for session in self.sessions:
            if session.namespace == namespace:
                for listen in session.listens.values():
                    outgoing += ((session, push) for push in _news(listen, root, built, merged_at))
        return outgoing

    def _plan(self, session: Session, body: dict[str, Any], *, merge: bool) -> None:
        path, data = parse_path(body.get("p")), body.get("d")
        changes = _merged(path, data) if merge else {path: data}
        for changed, value in changes.items():
            build(value, None, 0)  # refuses now what could not be written later
            self._forget(session, changed)
            session.when_gone[changed] = value

    def _forget(self, session: Session, path: Path) -> None:
        session.when_gone = {planned: v for planned, v in session.when_gone.items() if planned[: len(path)] != path}

    def _authenticate(self, session: Session, action: str, body: dict[str, Any], now_ms: int) -> Node:
        credential = body.get("cred")
        if not isinstance(credential, str) or not credential:
            raise Refused("invalid_token", "Could not parse auth token.")
        claims = _claims(credential) if action == "auth" else {}
        if claims.get("exp", now_ms) * 1000 < now_ms:
            raise Refused("expired_token", "Auth token is expired.")
        given = body.get("authvar")
        session.auth = given if isinstance(given, dict) else {"uid": claims.get("sub") or claims.get("user_id")}
        return {"auth": session.auth, "expires": claims.get("exp", now_ms // 1000 + 3600)}


def _query(body: dict[str, Any]) -> dict[str, Any]:
    query = body.get("q")
    return query if isinstance(query, dict) else {}


def _query_id(body: dict[str, Any]) -> str:
    return json.dumps(_query(body), sort_keys=True)


def _merged(path: Path, data: Node) -> dict[Path, Node]:
    if not isinstance(data, dict):
        raise BadData("a merge needs an object")
    return {path + parse_path(key): value for key, value in data.items()}


def _news(listen: Listen, root: Node, built: dict[Path, Node], merged_at: Path | None) -> Iterator[dict[str, Any]]:
    """What one listen is told of one write."""
    here = listen.path
    if not any(path[: len(here)] == here or here[: len(path)] == path for path in built):
        return
    if listen.query:
        shown = window(get(root, here), listen.query)
        if node_hash(shown) != listen.shown:
            listen.shown = node_hash(shown)
            yield _push("d", here, shown, listen.tag)
    elif merged_at is not None and merged_at[: len(here)] == here:
        yield _push("m", merged_at, {"/".join(path[len(merged_at) :]): node for path, node in built.items()})
    else:
        for path, node in built.items():
            if path[: len(here)] == here:
                yield _push("d", path, node)
            elif here[: len(path)] == path:
                yield _push("d", here, get(root, here))


def _claims(token: str) -> dict[str, Any]:
    """The claims of a JSON Web Token. The signature is not looked at: this is a stand-in without secrets."""
    try:
        text = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (IndexError, ValueError, binascii.Error):
        claims = None
    if not isinstance(claims, dict) or not isinstance(claims.get("exp", 0), int | float):
        raise Refused("invalid_token", "Could not parse auth token.")
    return claims
