"""The wire protocol of the Firebase Realtime Database, version 5: frames and messages, no sockets.

A message is JSON text. One that is longer than 16384 UTF-16 units travels in parts of that size behind a frame
that holds their number; production leaves the number away where there is one part, other servers always send it.
We send ASCII only, so that units, characters and bytes are the same. Source: the official SDKs' own behaviour.
"""

import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from probes._run import Failed
from statuspage.core.observation import Reason

VERSION = "5"
PART = 16384
MOST_PARTS = 1024
"""16 MiB, the most that an SDK may write at once; nothing that a probe asks for comes near it."""

_END_OF_TIME_MS = 253402300800000
"""The year 10000."""

_HOST = re.compile(r"(?:[A-Za-z0-9_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Hello:
    """The server takes us. `ts` is its clock in milliseconds, `host` where it wants us the next time."""

    ts: float
    host: str
    version: str


@dataclass(frozen=True, slots=True)
class Reset:
    """The server wants us to connect to another host, `host` or `host:port`."""

    host: str


@dataclass(frozen=True, slots=True)
class Shutdown:
    """The server will not serve us. Official clients never come back after it until the page is reloaded."""

    text: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """An error that belongs to no request."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer to the request of this number; `status` is "ok" or a code."""

    number: int
    status: str
    data: Any


@dataclass(frozen=True, slots=True)
class Push:
    """Something the server says unasked: data, or that a listen or a credential is no longer good."""

    action: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Other:
    """A message that asks nothing of us."""


Message = Hello | Reset | Shutdown | Trouble | Reply | Push | Other


class Frames:
    """Frames in, whole messages out."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._missing = 0

    def feed(self, frame: str) -> str | None:
        """The message that this frame completes, if it does."""
        if self._missing == 0:
            if len(frame) > 6 or not (frame.isascii() and frame.isdigit()):
                return frame
            self._missing = int(frame)
            if self._missing > MOST_PARTS:
                raise Failed(Reason.TOO_BIG, f"a message of {self._missing:,} parts")
            return None
        self._parts.append(frame)
        self._missing -= 1
        if self._missing:
            return None
        whole = "".join(self._parts)
        self._parts.clear()
        return whole


def frames(message: str) -> list[str]:
    """The frames to send for a message of ASCII text."""
    if len(message) <= PART:
        return [message]
    parts = [message[start : start + PART] for start in range(0, len(message), PART)]
    return [str(len(parts)), *parts]


def request(number: int, action: str, body: dict[str, Any]) -> str:
    """A data request: `q` listen, `p` put, `auth` and `gauth` credentials, and others."""
    return json.dumps({"t": "d", "d": {"r": number, "a": action, "b": body}}, separators=(",", ":"))


def path_and_query(host: str, namespace: str) -> str:
    """What to ask a host for. Only NAMESPACE.firebaseio.com itself knows its namespace without being told."""
    query = f"/.ws?v={VERSION}"
    return query if host.lower() == f"{namespace}.firebaseio.com" else f"{query}&ns={quote(namespace, safe='')}"


def parse(text: str) -> Message:
    """One message of the server. Raises Failed(PROTOCOL) where it is not of this protocol."""
    try:
        envelope = json.loads(text)
    except (ValueError, RecursionError):
        raise Failed(Reason.PROTOCOL, f"not JSON: {text[:80]!r}") from None
    if isinstance(envelope, dict) and isinstance(body := envelope.get("d"), dict):
        if envelope.get("t") == "c":
            return _control(body)
        if envelope.get("t") == "d":
            return _data(body)
    raise Failed(Reason.PROTOCOL, f"not a message of the protocol: {text[:80]!r}")


def _is_a_time(value: object) -> bool:
    """Whether it is a number of milliseconds that a date can have; JSON also has 1e999 and a number of 400 digits."""
    return isinstance(value, int | float) and 0 <= value < _END_OF_TIME_MS


def _is_a_host(text: str) -> bool:
    if not _HOST.fullmatch(text):
        return False
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _control(body: dict[str, Any]) -> Message:
    kind, data = body.get("t"), body.get("d")
    if kind == "h":
        if not isinstance(data, dict) or not _is_a_time(data.get("ts")):
            raise Failed(Reason.PROTOCOL, "a hello without the server's time")
        return Hello(data["ts"], str(data.get("h", "")), str(data.get("v", "")))
    if kind == "r":
        if not isinstance(data, str) or not _is_a_host(data):
            raise Failed(Reason.PROTOCOL, f"sent on to {str(data)[:80]!r}, which is no host")
        return Reset(data)
    if kind == "s":
        return Shutdown(str(data))
    if kind == "e":
        return Trouble(str(data))
    return Other()


def _data(body: dict[str, Any]) -> Message:
    content = body.get("b")
    if "error" in body:
        return Trouble(str(body["error"]))
    if isinstance(body.get("r"), int) and isinstance(content, dict):
        return Reply(body["r"], str(content.get("s")), content.get("d"))
    if isinstance(body.get("a"), str):
        return Push(body["a"], content if isinstance(content, dict) else {})
    return Other()


_SHUTDOWN = (
    ("peak connection", Reason.CAPACITY),
    ("quota", Reason.QUOTA),
    ("different region", Reason.WRONG_REGION),
    ("disabled", Reason.DISABLED),
    ("url of your firebase", Reason.UNKNOWN_NAMESPACE),
)
"""What a shutdown's text says, in order: the text for a spent quota says "disabled" too. There is no code to go by."""

_STATUS = {
    "permission_denied": Reason.DENIED,
    "expired_token": Reason.AUTH,
    "invalid_token": Reason.AUTH,
    "unavailable": Reason.UNAVAILABLE,
    "disconnected": Reason.DISCONNECTED,
    "failure": Reason.UNAVAILABLE,
    "too_big": Reason.TOO_BIG,
}


def shutdown_reason(text: str) -> Reason:
    """Why the server will not serve us."""
    lower = text.lower()
    return next((reason for words, reason in _SHUTDOWN if words in lower), Reason.SHUTDOWN)


def status_reason(status: str) -> Reason:
    """What a status other than "ok" means; one that no SDK knows is PROTOCOL."""
    return _STATUS.get(status, Reason.PROTOCOL)
