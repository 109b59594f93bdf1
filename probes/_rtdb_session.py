"""One client's session with a Realtime Database: connect, follow resets, ask, and take what comes unasked."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from probes._net import TlsOptions
from probes._rtdb import (
    Frames,
    Hello,
    Message,
    Push,
    Reply,
    Reset,
    Shutdown,
    Trouble,
    frames,
    parse,
    path_and_query,
    request,
    shutdown_reason,
    status_reason,
)
from probes._run import Failed, Run
from probes._ws import Connection, open_websocket
from statuspage.core.observation import Reason

MOST_RESETS = 3
MAX_MESSAGE = 1 << 20

GOOGLE_DOMAINS = (".firebaseio.com", ".firebasedatabase.app")

_REVOCATIONS = {"c": "the listen", "ac": "the credential", "apc": "the App Check token"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a database is: scheme ws or wss, `host` or `host:port`, and its namespace."""

    scheme: str
    host: str
    namespace: str

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}{path_and_query(self.host, self.namespace)}"


class Session:
    """An open session after its hello. One task uses it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._frames = Frames()
        self._number = 0

    async def message(self) -> Message:
        """The next message, whatever it is."""
        while True:
            frame = await self._connection.recv()
            if isinstance(frame, bytes):
                raise Failed(Reason.PROTOCOL, "a binary frame")
            whole = self._frames.feed(frame)
            if whole is not None:
                return parse(whole)

    async def news(self) -> Reply | Push:
        """The next reply or push. Raises Failed for everything that ends a session."""
        while True:
            message = await self.message()
            if isinstance(message, Reply):
                return message
            if isinstance(message, Push):
                _raise_if_revoked(message)
                return message
            _raise_if_over(message)

    def ask(self, action: str, body: dict[str, Any]) -> int:
        """Send a request; the number that its reply will have."""
        self._number += 1
        for frame in frames(request(self._number, action, body)):
            self._connection.send(frame)
        return self._number

    async def settle(self, number: int) -> Any:
        """Wait for the reply of this number and return its data. Raises Failed by its status."""
        while True:
            news = await self.news()
            if isinstance(news, Reply) and news.number == number:
                if news.status != "ok":
                    said = f": {news.data}" if isinstance(news.data, str) and news.data else ""
                    raise Failed(status_reason(news.status), f"{news.status}{said}")
                return news.data

    def leave(self) -> None:
        """Close without waiting for the answer."""
        self._connection.leave()


def _raise_if_over(message: Message) -> None:
    if isinstance(message, Shutdown):
        raise Failed(shutdown_reason(message.text), message.text)
    if isinstance(message, Trouble):
        raise Failed(Reason.PROTOCOL, f"the server reports: {message.text}")
    if isinstance(message, Reset):
        raise Failed(Reason.SHUTDOWN, f"sent on to {message.host} in the middle of the session")


def _raise_if_revoked(push: Push) -> None:
    lost = _REVOCATIONS.get(push.action)
    if lost is not None:
        said = push.body.get("d")
        raise Failed(Reason.REVOKED, f"{lost} was revoked{f': {said}' if isinstance(said, str) else ''}")


async def open_session(run: Run, place: Place, *, tls: TlsOptions, carries_credential: bool) -> tuple[Session, Hello]:
    """Connect and wait for the hello, over up to three resets; the times of all hosts add up in the stages.

    With a credential to send later, no host of another owner is gone to: it would be handed the credential.
    """
    asked = place
    for hop in range(MOST_RESETS + 1):
        connection = await open_websocket(
            run, place.url, headers={}, subprotocols=(), origin=None, tls=tls, max_message=MAX_MESSAGE
        )
        session = Session(connection)
        try:
            async with run.stage("hello"):
                answer = await session.message()
                while not isinstance(answer, Hello | Reset):
                    _raise_if_over(answer)
                    answer = await session.message()
        except BaseException:
            session.leave()
            raise
        if isinstance(answer, Hello):
            if hop:
                run.fact("resets", hop)
            return session, answer
        session.leave()
        place = Place(place.scheme, answer.host, place.namespace)
        if carries_credential and not _same_owner(asked, place):
            raise Failed(Reason.PROTOCOL, f"sent on to {place.host}, which may not have the credential", "hello")
    raise Failed(Reason.REDIRECT_LOOP, f"sent on {MOST_RESETS + 1} times, at last to {place.host}", "hello")


def _same_owner(asked: Place, sent_to: Place) -> bool:
    """Whether both are the same host, or both Google's."""
    before, after = ((urlsplit(f"//{place.host}").hostname or "") for place in (asked, sent_to))
    return before == after or (before.endswith(GOOGLE_DOMAINS) and after.endswith(GOOGLE_DOMAINS))
