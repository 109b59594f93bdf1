"""A single Redis or Valkey server, used the way a product uses it: written, read by another user, published to.

Two connections play two users. The first writes a key that expires by itself, the second reads it and hears what the
first publishes; then role and figures are looked at. Write path and read path are judged apart, in the facts `write`
and `read`: a server out of memory still answers reads, and a PING that answers proves neither. A server that cannot
speak RESP3 is spoken to in RESP2.

ACL rules for the probe's own user: `+@connection +set +get +del +publish +subscribe +role +info`, with
`~statuspage:probe:* &statuspage:probe:*`. Without `+role +info` the data path is still judged.

Example:

```toml
[[check]]
id = "redis-main"
component = "redis"
type = "redis"
every = "10s"
timeout = "8s"
url = "rediss://redis.example.com:6380/0"
username = "statuspage"
password = { env = "REDIS_PASSWORD" }
used_memory_over = 0.9
clients_over = 0.8
```
"""

from dataclasses import replace
from secrets import token_hex
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from probes._net import Target, TlsOptions, open_stream
from probes._redis_info import Thresholds, crossed, facts_of, parsed, role_name
from probes._resp import Connection, ErrorReply, Reply, reason_of
from probes._run import Context, Failed, Run, observe
from statuspage.core.observation import Observation, Reason
from statuspage.fields import RedisUrl, Secret

STAGES = ("dns", "connect", "tls", "hello", "set", "get", "pubsub", "del", "role", "info")

MAX_BYTES = 1024 * 1024
"""What one connection may send us: an INFO has 5 to 50 KB."""

SHARES = {"set": 0.5, "get": 0.75, "pubsub": 0.5}
"""Which part of the whole time a stage may take, so that a stalled write leaves time to look at the read."""


def _path_is_a_database(url: str) -> str:
    parts = urlsplit(url)
    if parts.query or parts.fragment or not (parts.path.strip("/").isdecimal() or parts.path in ("", "/")):
        raise ValueError("after host and port there may be a database number and nothing else, such as /0")
    return url


Prefix = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class Config(TlsOptions, Thresholds):
    """The options of a redis check."""

    url: Annotated[RedisUrl, AfterValidator(_path_is_a_database)]
    """`redis://host:port/database`, or `rediss://` for TLS. Port 6379 and database 0 may be left out."""

    username: str | None = Field(default=None, min_length=1)
    """The ACL user; the server's default user where it is left out. Needs a password."""

    password: Secret | None = None
    """The password of the user."""

    protocol: Literal[2, 3] = 3
    """RESP version to begin with. 3 falls back to 2 by itself; 2 is for proxies that hang up on HELLO."""

    key_prefix: Prefix = "statuspage:probe:"
    """What the names of the probe's keys begin with. Every run has a key of its own, which expires after a minute."""

    channel_prefix: Prefix = "statuspage:probe:"
    """What the names of the probe's channels begin with."""

    pubsub: bool = True
    """Whether a message is published on one connection and awaited on the other."""

    expect_role: Literal["master", "replica", "any"] = "master"
    """What the server should be. Nothing is written to a `replica`; with `any` a refused write is no failure there."""

    @model_validator(mode="after")
    def _user_has_a_password(self) -> Self:
        if self.username is not None and self.password is None:
            raise ValueError("username needs password")
        return self


async def probe(config: Config, context: Context) -> Observation:
    """One run against one server."""
    shares = {stage: share * context.timeout for stage, share in SHARES.items()}
    return await observe(replace(context, limits={**shares, **context.limits}), _Look(config))


class _Look:
    """One run. Failures of single stages are collected, since a later stage may still be worth a look."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._faults: list[Failed] = []
        self._open: list[Connection] = []
        self._nonce = token_hex(8)
        self._role: str | None = None

    async def __call__(self, run: Run) -> None:
        try:
            await self._everything(run)
        except Failed as failed:
            self._note(run, failed)
        finally:
            for connection in self._open:
                connection.close()
        if self._faults:
            raise _worst(self._faults)

    async def _everything(self, run: Run) -> None:
        writer = await self._connect(run)
        writes = await self._write(run, writer)
        reader = await self._connect(run)
        reads = await self._read(run, reader, writes)
        if self._config.pubsub and (writes or reads) and writer.usable and reader.usable:
            await self._publish(run, writer, reader)
        if writes and writer.usable:
            await self._delete(run, writer)
        # The writer is asked first: under RESP2 a subscribed connection may not ask for anything else.
        asked = writer if writer.usable else reader
        if asked.usable:
            await self._describe(run, asked)

    def _note(self, run: Run, failed: Failed) -> None:
        failed.stage = failed.stage or run.current
        self._faults.append(failed)

    @property
    def _key(self) -> str:
        return self._config.key_prefix + self._nonce

    async def _connect(self, run: Run) -> Connection:
        target = Target.of(urlsplit(self._config.url))
        stream = await open_stream(run, target, tls=self._config, max_bytes=MAX_BYTES)
        connection = Connection(stream)
        self._open.append(connection)
        try:
            async with run.stage("hello"):
                await self._greet(run, connection)
        except Failed as failed:
            if failed.reason is Reason.TIMEOUT and not connection.heard:
                raise Failed(Reason.FROZEN, f"connected, and not one byte: {failed.detail}", "hello") from None
            raise
        return connection

    async def _greet(self, run: Run, connection: Connection) -> None:
        """HELLO with credentials; where it is refused, AUTH under RESP2. Then the database."""
        protocol = self._config.protocol
        if protocol == 3:
            reply = await connection.call("HELLO", 3, *self._hello_credentials())
            if isinstance(reply, ErrorReply) and _is_no_hello(reply):
                protocol = 2
            elif isinstance(reply := _answered(reply, "hello", Reason.HANDSHAKE), dict):
                self._role = role_name(str(reply.get("role")))
        if protocol == 2 and self._config.password is not None:
            _answered(await connection.call("AUTH", *self._auth_credentials()), "hello", Reason.AUTH)
        run.fact("protocol", protocol)
        database = int(urlsplit(self._config.url).path.strip("/") or 0)
        if database:
            _answered(await connection.call("SELECT", database), "hello", Reason.HANDSHAKE)

    def _hello_credentials(self) -> tuple[str, ...]:
        if self._config.password is None:
            return ()
        return ("AUTH", self._config.username or "default", self._config.password.reveal())

    def _auth_credentials(self) -> tuple[str, ...]:
        password = self._config.password.reveal() if self._config.password is not None else ""
        return (self._config.username, password) if self._config.username is not None else (password,)

    async def _write(self, run: Run, writer: Connection) -> bool:
        """Whether the key was written. What is only a replica, as it should be, is not written to."""
        if self._config.expect_role == "replica":
            run.fact("write", "not tried")
            return False
        try:
            reply = await _ask(run, "set", writer, "SET", self._key, self._nonce, "EX", 60)
            if reply != "OK":
                raise Failed(Reason.PROTOCOL, "SET was not answered by OK", "set")
        except Failed as failed:
            run.fact("write", failed.reason.value)
            if not (failed.reason is Reason.READONLY and self._config.expect_role == "any"):
                self._note(run, failed)
            return False
        run.fact("write", "ok")
        return True

    async def _read(self, run: Run, reader: Connection, written: bool) -> bool:
        try:
            reply = await _ask(run, "get", reader, "GET", self._key)
            if written and reply != self._nonce:
                seen = "nothing" if reply is None else "something else"
                raise Failed(Reason.WRONG_DATA, f"another connection reads {seen} where a value was written", "get")
        except Failed as failed:
            run.fact("read", failed.reason.value)
            self._note(run, failed)
            return False
        run.fact("read", "ok")
        return True

    async def _publish(self, run: Run, writer: Connection, reader: Connection) -> None:
        """A message from one user to another. Once the server has taken it, silence means that it was lost."""
        channel = self._config.channel_prefix + self._nonce
        taken = False
        try:
            async with run.stage("pubsub"):
                _answered(await reader.subscribe(channel), "pubsub")
                _answered(await writer.call("PUBLISH", channel, self._nonce), "pubsub")
                taken = True
                message = _answered(await reader.pushed(), "pubsub")
            if message != ["message", channel, self._nonce]:
                raise Failed(Reason.WRONG_DATA, "the message came changed", "pubsub")
        except Failed as failed:
            if taken and failed.reason is Reason.TIMEOUT:
                failed = Failed(Reason.NO_ECHO, f"published, and never received: {failed.detail}")
            run.fact("pubsub", failed.reason.value)
            self._note(run, failed)
        else:
            run.fact("pubsub", "ok")

    async def _delete(self, run: Run, writer: Connection) -> None:
        try:
            await _ask(run, "del", writer, "DEL", self._key)
        except Failed as failed:
            run.fact("write", failed.reason.value)
            self._note(run, failed)

    async def _describe(self, run: Run, connection: Connection) -> None:
        """Role and figures. A user may be denied both while the data works: then there are fewer facts, no failure."""
        async with run.stage("role"):
            roles = await connection.call("ROLE")
        async with run.stage("info"):
            info = await connection.call("INFO")
        if isinstance(info, str):
            for name, value in facts_of(parsed(info)).items():
                run.fact(name, value)
        if isinstance(roles, list) and roles:
            self._role = role_name(str(roles[0]))
        elif "role" in run.facts:
            self._role = str(run.facts["role"])
        if self._role is not None:
            run.fact("role", self._role)
        for name, reply in (("role_command", roles), ("info_command", info)):
            if isinstance(reply, ErrorReply):
                run.fact(name, reason_of(reply).value)
        self._judge(run, info)

    def _judge(self, run: Run, info: Reply) -> None:
        """The role against the expected one, and the figures against the thresholds."""
        expected = self._config.expect_role
        if expected != "any" and self._role not in (None, expected):
            raise Failed(Reason.WRONG_DATA, f"the server is a {self._role}, expected a {expected}", "role")
        if isinstance(info, ErrorReply) and self._config.any_set:
            run.degrade(reason_of(info), "without INFO the thresholds of this check cannot be judged", "info")
        over = "; ".join(crossed(run.facts, self._config))
        if over:
            run.degrade(Reason.THRESHOLD, over, "info")


async def _ask(run: Run, stage: str, connection: Connection, *command: str | int) -> Reply:
    """One command as a stage of its own."""
    async with run.stage(stage):
        return _answered(await connection.call(*command), stage)


def _answered(reply: Reply, stage: str, otherwise: Reason = Reason.PROTOCOL) -> Reply:
    """The answer, unless it is an error: then it is raised as Failed."""
    if isinstance(reply, ErrorReply):
        # Servers before 7 repeat what they did not understand, and that may be a password.
        raise Failed(reason_of(reply, otherwise), reply.text.partition(", with args")[0], stage)
    return reply


def _is_no_hello(error: ErrorReply) -> bool:
    """Whether the server does not know HELLO (Redis before 6, some proxies) or not this version of it."""
    return error.code == "NOPROTO" or (error.code == "ERR" and error.text.lower().startswith("err unknown command"))


_EXPLAINED_BY = {Reason.READONLY: Reason.MASTER_DOWN, Reason.TIMEOUT: Reason.FROZEN}
"""What a first fault gives way to: a replica that cut off its reads too, a stall that turns out to be everything."""


def _worst(faults: list[Failed]) -> Failed:
    """The fault that the run is reported with: the first, or what explains it. Its detail names the others."""
    first = faults[0]
    told = next((each for each in faults if each.reason is _EXPLAINED_BY.get(first.reason)), first)
    others = [f"{each.stage}: {each.reason.value}" for each in faults if each is not told]
    return Failed(told.reason, "; ".join([told.detail, *others]), told.stage)
