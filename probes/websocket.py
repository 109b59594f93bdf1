"""A WebSocket as its users have it: opened, greeted, spoken to, answered, closed.

An open connection proves little: behind a proxy it may lead nowhere, and a server whose other half is dead keeps
answering pings. So a run can send what a client sends first, expect the first frame, and say something that must
come back: on the same connection, or (`echo_on = "second"`) published on another one and received on this one.

Example:

```toml
[[check]]
id = "chat-websocket"
component = "native-web-sockets"
type = "websocket"
every = "10s"
timeout = "8s"
url = "wss://rt.example.com/socket"
origin = "https://app.example.com"
subprotocols = ["chat.v1"]
send = ['{"type": "subscribe", "room": "__probe"}']
first_frame = { json = { type = "subscribed" } }
echo = '{"type": "say", "room": "__probe", "text": "{nonce}"}'
echo_on = "second"
second_send = []
```
"""

import asyncio
import json
import re
import secrets
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from probes._net import TlsOptions
from probes._run import Blinded, Context, Failed, Run, observe
from probes._ws import Connection, open_websocket, second_connection
from statuspage.core.observation import Observation, Reason
from statuspage.fields import Duration, Options, Secret, TextOrSecret, WebSocketUrl, check_headers_hold_no_secret

STAGES = ("dns", "connect", "tls", "upgrade", "auth", "first_frame", "second", "echo", "ping", "hold", "close")

NONCE = "{nonce}"

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS_TO_SET = frozenset({"connection", "upgrade", "origin", "content-length", "transfer-encoding"})


class Match(Options):
    """What a frame must hold. With both, both must be true."""

    contains: str | None = Field(default=None, min_length=1)
    """A text anywhere in the frame."""

    json_: dict[str, Any] | None = Field(default=None, alias="json")
    """Keys and values that the frame, a JSON object, must have among others; tables inside are matched alike."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.contains is None and self.json_ is None:
            raise ValueError("give contains, json or both")
        return self

    def fits(self, frame: str | bytes) -> bool:
        """Whether the frame holds it."""
        text = frame if isinstance(frame, str) else frame.decode(errors="replace")
        if self.contains is not None and self.contains not in text:
            return False
        if self.json_ is None:
            return True
        try:
            return _holds(json.loads(text), self.json_)
        except (ValueError, RecursionError):
            return False


def _holds(value: object, wanted: object) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(key in value and _holds(value[key], wanted[key]) for key in wanted)
    return type(value) is type(wanted) and value == wanted


class Config(TlsOptions):
    """The options of a `websocket` check."""

    url: WebSocketUrl
    """Where to connect, ws:// or wss://."""

    headers: dict[str, TextOrSecret] = Field(default_factory=dict)
    """Headers of the upgrade request, for example a bearer token."""

    origin: str | None = None
    """The Origin header, where the server looks at it."""

    subprotocols: list[str] = Field(default_factory=list)
    """Subprotocols to offer, the preferred one first."""

    compression: bool = False
    """Whether to offer permessage-deflate."""

    send: list[TextOrSecret] = Field(default_factory=list)
    """Messages to send once the connection is open: to log in, to subscribe."""

    first_frame: Match | None = None
    """What the first frame that comes must hold. Without it none is waited for."""

    echo: str | None = None
    """A message that must come back: a text with {nonce} in it, which is different in every run."""

    echo_on: Literal["same", "second"] = "same"
    """Where the echo is published: on the same connection, or on a second one like another user."""

    second_send: list[TextOrSecret] | None = None
    """With echo_on = "second": what the publishing connection sends first; without it the same as `send`."""

    ping: bool = True
    """Whether a ping must be answered."""

    hold: Duration | None = None
    """How long to keep the connection idle, to find what reaps idle ones. Needs a longer `timeout`."""

    close: bool = True
    """Whether our close frame must be answered before the time is over."""

    max_message: int = Field(default=1 << 20, ge=1, le=1 << 26)
    """The longest message to accept, in bytes."""

    @field_validator("headers")
    @classmethod
    def _are_headers(cls, value: dict[str, str | Secret]) -> dict[str, str | Secret]:
        for name, text in value.items():
            lower = name.lower()
            if not _TOKEN.fullmatch(name):
                raise ValueError(f"{name!r} is not the name of a header")
            if lower in _OURS_TO_SET or lower.startswith("sec-websocket-"):
                raise ValueError(f"{name} is set by the upgrade itself or by an option of its own")
            plain = _plain(text)
            if not plain.isascii() or not plain.isprintable():
                raise ValueError(f"the value of {name} must be printable ASCII on one line")
        check_headers_hold_no_secret(value)
        return value

    @field_validator("origin")
    @classmethod
    def _is_one_line(cls, value: str | None) -> str | None:
        if value is not None and (not value.isascii() or not value.isprintable()):
            raise ValueError("must be printable ASCII on one line")
        return value

    @field_validator("subprotocols")
    @classmethod
    def _are_tokens(cls, value: list[str]) -> list[str]:
        for each in value:
            if not _TOKEN.fullmatch(each):
                raise ValueError(f"{each!r} is not a subprotocol")
        return value

    @field_validator("echo")
    @classmethod
    def _has_a_nonce(cls, value: str | None) -> str | None:
        if value is not None and NONCE not in value:
            raise ValueError(f"must hold {NONCE}, or an old answer could pass for a new one")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.echo is None and (self.echo_on == "second" or self.second_send is not None):
            raise ValueError("echo_on and second_send need echo")
        if self.second_send is not None and self.echo_on == "same":
            raise ValueError('second_send needs echo_on = "second"')
        return self


def problems(config: Config, timeout: float) -> Iterator[tuple[str, str]]:
    """What the options say against the check's time limit (seconds): option and problem."""
    if config.hold is not None and config.hold.total_seconds() >= timeout:
        yield "hold", "must be shorter than timeout"


def _plain(text: str | Secret) -> str:
    return text.reveal() if isinstance(text, Secret) else text


async def probe(config: Config, context: Context) -> Observation:
    """Open, greet, echo, ping, hold and close, as configured."""

    async def look(run: Run) -> None:
        if config.hold is not None and config.hold >= timedelta(seconds=context.timeout):
            raise Blinded(Reason.INTERNAL, "hold is not shorter than the check's timeout")
        connection = await _open(run, config)
        try:
            await _use(run, config, connection)
        finally:
            connection.abort()

    return await observe(context, look)


async def _open(run: Run, config: Config) -> Connection:
    return await open_websocket(
        run,
        config.url,
        headers={name: _plain(value) for name, value in config.headers.items()},
        subprotocols=config.subprotocols,
        origin=config.origin,
        tls=config,
        max_message=config.max_message,
        compression=config.compression,
    )


async def _use(run: Run, config: Config, connection: Connection) -> None:
    if connection.subprotocol is not None:
        run.fact("subprotocol", connection.subprotocol)
    await _say(run, connection, config.send)
    if config.first_frame is not None:
        async with run.stage("first_frame"):
            frame = await connection.recv()
            if not config.first_frame.fits(frame):
                raise Failed(Reason.WRONG_DATA, f"the first frame is {frame[:120]!r}")
    if config.echo is not None:
        await _echo(run, config, config.echo, connection)
    if config.ping:
        async with run.stage("ping"):
            await connection.ping()
    if config.hold is not None:
        await _hold(run, config.hold.total_seconds(), connection)
    if config.close:
        async with run.stage("close"):
            run.fact("close_answered", await connection.close())


async def _say(run: Run, connection: Connection, messages: Sequence[str | Secret]) -> None:
    if messages:
        async with run.stage("auth"):
            for message in messages:
                connection.send(_plain(message))
            await connection.drain()


async def _echo(run: Run, config: Config, template: str, connection: Connection) -> None:
    nonce = secrets.token_hex(8)
    message = template.replace(NONCE, nonce)
    if config.echo_on == "same":
        async with run.stage("echo"):
            await _exchange(connection, connection, message, nonce)
        return
    async with second_connection(run):
        publisher = await _open(run, config)
        try:
            await _say(run, publisher, config.send if config.second_send is None else config.second_send)
        except BaseException:
            publisher.abort()
            raise
    try:
        async with run.stage("echo"):
            await _exchange(publisher, connection, message, nonce)
    except Failed as failed:
        if failed.reason is Reason.TIMEOUT:
            raise Failed(Reason.NO_ECHO, f"published, never received here: {failed.detail}", "echo") from None
        raise
    finally:
        publisher.abort()


async def _exchange(publisher: Connection, receiver: Connection, message: str, nonce: str) -> None:
    publisher.send(message)
    while True:
        frame = await receiver.recv()
        text = frame if isinstance(frame, str) else frame.decode(errors="replace")
        if nonce in text:
            return


async def _hold(run: Run, seconds: float, connection: Connection) -> None:
    """Stay silent, taking in what comes, then ask whether the other end is still there."""
    async with run.stage("hold"):
        try:
            async with asyncio.timeout(seconds):
                while True:
                    await connection.recv()
        except TimeoutError:
            run.idle += seconds
        await connection.ping()
