"""RESP, the protocol of Redis and Valkey, over a lean stream: one command, one answer, no retries, no pool.

Errors of the server are values here (`ErrorReply`), because a probe asks on after one: a server that is out of
memory refuses the write and still answers the read.
"""

import re
from collections import deque
from dataclasses import dataclass

import hiredis

from probes._net import Stream
from probes._run import Failed
from statuspage.core.observation import Reason


@dataclass(frozen=True, slots=True)
class ErrorReply:
    """An answer that begins with `-`. By convention its first word, in capitals, is the code."""

    text: str

    @property
    def code(self) -> str:
        """The first word: OOM, READONLY, NOAUTH … and ERR where the server has no better one."""
        return self.text.partition(" ")[0]


class _ServerError(Exception):
    """hiredis wants an exception type for errors; it is turned into an ErrorReply at once."""


Reply = str | int | float | bool | None | ErrorReply | list["Reply"] | dict["Reply", "Reply"]
"""What hiredis makes of an answer. Bytes that are not UTF-8 are replaced, since every text we wait for is ASCII."""

_REASONS = {
    "LOADING": Reason.LOADING,
    "OOM": Reason.OUT_OF_MEMORY,
    "READONLY": Reason.READONLY,
    "MISCONF": Reason.MISCONFIGURED,
    "MASTERDOWN": Reason.MASTER_DOWN,
    "NOREPLICAS": Reason.NO_REPLICAS,
    "BUSY": Reason.BUSY,
    "UNKILLABLE": Reason.BUSY,
    "NOAUTH": Reason.AUTH,
    "WRONGPASS": Reason.AUTH,
    "NOPERM": Reason.DENIED,
    "DENIED": Reason.DENIED,
    "CLUSTERDOWN": Reason.CLUSTER_DOWN,
}
"""Codes of Redis 5 to 8 and Valkey, from their wire."""


def reason_of(error: ErrorReply, otherwise: Reason = Reason.PROTOCOL) -> Reason:
    """What an error means. Only a full server has no code of its own and is known by its sentence."""
    if error.code == "ERR" and error.text.startswith("ERR max number of clients"):
        return Reason.CAPACITY
    return _REASONS.get(error.code, otherwise)


_HUGE = re.compile(rb"(?:^|\n)[*%~>|][0-9]{5,}")
"""The head of an aggregate of 10,000 elements or more. hiredis makes room for all of them before the first comes."""

_HEAD = 16


class Connection:
    """Commands and answers on one stream.

    `heard` turns true with the first byte from the server. `usable` is false while an answer is outstanding, and
    stays so after a call that never got one: the next answer would be taken for another command's.
    """

    def __init__(self, stream: Stream) -> None:
        self.heard = False
        self.usable = True
        self._stream = stream
        self._reader = hiredis.Reader(replyError=_ServerError, encoding="utf-8", errors="replace")
        self._pushes: deque[list[Reply]] = deque()
        self._tail = b"\n"

    async def call(self, *command: str | int) -> Reply:
        """Send one command and wait for its answer. Pushed messages that come before it are kept for `pushed`."""
        self._send(command)
        while isinstance(reply := await self._next(), hiredis.PushNotification):
            self._pushes.append(reply)
        self.usable = True
        return reply

    async def subscribe(self, channel: str) -> Reply:
        """Subscribe; the answer is the confirmation (a push under RESP3, a plain list under RESP2) or an ErrorReply."""
        self._send(("SUBSCRIBE", channel))
        reply = await self._next()
        self.usable = True
        return reply

    async def pushed(self) -> Reply:
        """The next pushed message, as [kind, channel, payload]."""
        return self._pushes.popleft() if self._pushes else await self._next()

    def close(self) -> None:
        """Let go of the connection at once."""
        self._stream.close()

    def _send(self, command: tuple[str | int, ...]) -> None:
        self.usable = False
        self._stream.write(hiredis.pack_command(command))  # type: ignore[arg-type]  # its stub says: one element

    async def _next(self) -> Reply:
        """The next answer of any kind. Raises Failed: PROTOCOL for what is not RESP, DISCONNECTED for the end."""
        while True:
            reply = self._parsed()
            if reply is not False:  # hiredis says False for "not yet"; the False of RESP3 is never an answer to us
                return ErrorReply(str(reply)) if isinstance(reply, _ServerError) else reply  # type: ignore[return-value]
            try:
                data = await self._stream.read()
            except OSError as error:
                raise Failed(Reason.DISCONNECTED, (error.strerror or str(error)).lower()) from None
            if not data:
                raise Failed(Reason.DISCONNECTED, "the server closed the connection")
            self.heard = True
            self._refuse_huge(data)
            self._reader.feed(data)

    def _parsed(self) -> object:
        try:
            return self._reader.gets()
        except (hiredis.HiredisError, TypeError, ValueError, MemoryError):
            raise Failed(Reason.PROTOCOL, "the answer is not the Redis protocol") from None

    def _refuse_huge(self, data: bytes) -> None:
        seen = self._tail + data
        self._tail = seen[-_HEAD:]
        if _HUGE.search(seen):
            raise Failed(Reason.TOO_BIG, "an answer with more than 10,000 elements")
