"""A TCP port, with or without TLS, and what is said on it: send and expect, in steps.

Without steps a port that accepts the connection (and finishes the handshake, with `tls`) is good. With steps they
are played in order; the first one that does not get its answer ends the run. An answer that goes on and never
holds the expected text is `wrong_data` when the time is over, silence is `timeout`.

Example:

```toml
[[check]]
id = "mail-relay"
component = "mail"
type = "tcp"
every = "30s"
timeout = "5s"
host = "mail.example.com"
port = 25
steps = [
    { starts_with = "220" },
    { send = "EHLO status.example.com\\r\\n", contains = "STARTTLS" },
    { send = "QUIT\\r\\n", starts_with = "221" },
]
```
"""

from typing import Self

from pydantic import Field, field_validator, model_validator

from probes._net import Stream, Target, TlsOptions, open_stream
from probes._run import Context, Failed, Run, observe
from statuspage.core.observation import Observation, Reason
from statuspage.fields import Host, Options, Secret, TextOrSecret

STAGES = ("dns", "connect", "tls", "send", "expect")


class Step(Options):
    """Something to send, something to wait for, or both. Sending forgets what came before."""

    send: TextOrSecret | None = None
    """Text to send as UTF-8; line ends are written as \\r\\n in a quoted TOML string."""

    send_hex: str | None = None
    """Bytes to send, in hexadecimal; spaces are ignored."""

    starts_with: str | None = Field(default=None, min_length=1)
    """What the answer must begin with. Another beginning fails at once."""

    contains: str | None = Field(default=None, min_length=1)
    """What must come anywhere in the answer. Reading goes on until it does."""

    @field_validator("send_hex")
    @classmethod
    def _is_hexadecimal(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                bytes.fromhex(value)
            except ValueError:
                raise ValueError('write bytes as pairs of hexadecimal digits, such as "0d 0a"') from None
        return value

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.send is not None and self.send_hex is not None:
            raise ValueError("send and send_hex exclude each other")
        if self.starts_with is not None and self.contains is not None:
            raise ValueError("starts_with and contains exclude each other")
        if (self.send, self.send_hex, self.starts_with, self.contains) == (None,) * 4:
            raise ValueError("a step needs send, send_hex, starts_with or contains")
        return self

    @property
    def payload(self) -> bytes:
        """The bytes to send, none for a step that only waits."""
        if self.send_hex is not None:
            return bytes.fromhex(self.send_hex)
        text = self.send.reveal() if isinstance(self.send, Secret) else self.send
        return (text or "").encode()


class Config(TlsOptions):
    """The options of a tcp check."""

    host: Host
    """The host name or IP address."""

    port: int = Field(ge=1, le=65535)
    """The port."""

    tls: bool = False
    """Whether the connection begins with a TLS handshake."""

    server_name: str | None = None
    """The name that the certificate must be for, where it is not `host`."""

    steps: tuple[Step, ...] = Field(default=(), max_length=50)
    """What to send and to expect, in order."""

    max_bytes: int = Field(default=65536, ge=1, le=16 * 1024 * 1024)
    """The most bytes that are read in one run."""

    @model_validator(mode="after")
    def _name_needs_tls(self) -> Self:
        if self.server_name is not None and not self.tls:
            raise ValueError("server_name needs tls = true")
        return self


async def probe(config: Config, context: Context) -> Observation:
    """One run against one port."""

    async def look(run: Run) -> None:
        target = Target(config.host, config.port, config.tls, config.server_name or config.host)
        stream = await open_stream(run, target, tls=config, max_bytes=config.max_bytes)
        try:
            await _play(run, stream, config.steps)
        finally:
            stream.close()

    return await observe(context, look)


async def _play(run: Run, stream: Stream, steps: tuple[Step, ...]) -> None:
    answer = bytearray()
    for number, step in enumerate(steps, start=1):
        if step.payload:
            answer.clear()
            async with run.stage("send"):
                stream.write(step.payload)
                await stream.drain()
        expected = (step.starts_with or step.contains or "").encode()
        if not expected:
            continue
        try:
            async with run.stage("expect"):
                await _expect(stream, answer, expected, anywhere=step.contains is not None)
        except Failed as failed:
            raise _explained(failed, number, expected, answer) from None


async def _expect(stream: Stream, answer: bytearray, expected: bytes, *, anywhere: bool) -> None:
    """Read until the expected bytes are there, and take them (and all before them) off the answer."""
    searched = 0
    while True:
        if anywhere:
            at = answer.find(expected, max(0, searched - len(expected)))
            searched = len(answer)
        else:
            at = 0 if answer.startswith(expected) else -1
            if at < 0 and not expected.startswith(answer):
                raise Failed(Reason.WRONG_DATA)
        if at >= 0:
            del answer[: at + len(expected)]
            return
        data = await stream.read()
        if not data:
            raise Failed(Reason.WRONG_DATA if answer else Reason.DISCONNECTED)
        answer += data


def _explained(failed: Failed, number: int, expected: bytes, answer: bytearray) -> Failed:
    """The failure with its step. An answer that never held the expected text was no silence but a wrong answer."""
    if failed.reason is Reason.TOO_BIG:
        return failed
    reason = Reason.WRONG_DATA if answer else failed.reason
    what = f"came {_text(answer)}" if answer else failed.detail or "the connection was closed"
    return Failed(reason, f"step {number} waits for {_text(expected)}: {what}", "expect")


def _text(data: bytes | bytearray) -> str:
    return repr(bytes(data[:100]).decode("utf-8", "replace"))
