"""A Firebase Realtime Database as two of its users have it: one listens, the other writes.

The probe speaks the SDKs' own wire protocol over WebSocket and counts a run as good when what the second connection
wrote has arrived on the first. Nothing less proves it: an SDK shows its own writes at once, served or not, and a
database that answers the upgrade and then stays silent keeps its users at "Connecting" for ever without an error.

A 404 to the upgrade is `upgrade`, not `unknown_namespace`: a wrong proxy answers it too, while the database itself
names a missing namespace in a shutdown after a good upgrade.

Example:

```toml
[[check]]
id = "chat-firebase"
component = "firebase-websockets"
type = "firebase"
every = "10s"
timeout = "8s"
url = "https://example-chat.firebaseio.com"
path = "__probe/{uid}"

[check.auth]
mode = "custom_token"
service_account = { file = "/etc/statuspage/firebase-probe.json" }
api_key = { env = "FIREBASE_API_KEY" }
uid = "probe"
```

with this rule in the database, so that the probe may touch nothing else:

```json
{"rules": {"__probe": {"$uid": {".read": "auth.uid === $uid", ".write": "auth.uid === $uid"}}}}
```
"""

import re
import secrets
from typing import Self
from urllib.parse import parse_qs, urlsplit

from pydantic import Field, field_validator, model_validator

from probes._firebase_auth import Auth, Credential, NoAuth, credential, forget
from probes._net import TlsOptions
from probes._resolver import literal
from probes._rtdb import Hello, Push
from probes._rtdb_session import Place, Session, open_session
from probes._run import Context, Failed, Run, observe
from probes._ws import second_connection
from statuspage.core.observation import Observation, Reason
from statuspage.fields import FirebaseUrl

STAGES = (
    "token",
    "dns",
    "connect",
    "tls",
    "upgrade",
    "hello",
    "auth",
    "listen",
    "second",
    "write",
    "echo",
    "delete",
)

_FORBIDDEN_IN_PATHS = re.compile(r"[.#$\[\]\x00-\x1f\x7f]")
_NAMESPACE = re.compile(r"[A-Za-z0-9-]{1,100}")
_UID = "{uid}"


class Config(TlsOptions):
    """The options of a `firebase` check. Several database instances (shards) are several checks."""

    url: FirebaseUrl
    """The database's URL: https://NAMESPACE.firebaseio.com, https://NAMESPACE.REGION.firebasedatabase.app, or any
    host with ?ns=NAMESPACE."""

    namespace: str | None = None
    """The database's name, where the URL does not tell it."""

    path: str = "__probe"
    """Where to write. Each run has a key of its own below it and deletes it again. {uid} becomes the user's id."""

    auth: Auth = Field(default_factory=NoAuth)
    """Who the probe is: mode = "none", "custom_token", "service_account", "secret" or "id_token"."""

    @field_validator("namespace")
    @classmethod
    def _is_a_namespace(cls, value: str | None) -> str | None:
        if value is not None and not _NAMESPACE.fullmatch(value):
            raise ValueError("must be letters, digits and hyphens")
        return value

    @field_validator("path")
    @classmethod
    def _is_a_path(cls, value: str) -> str:
        stripped = value.strip("/")
        if not stripped or "//" in stripped or _FORBIDDEN_IN_PATHS.search(stripped):
            raise ValueError("must be a path such as __probe/eu, without any of . # $ [ ]")
        return stripped

    @field_validator("url")
    @classmethod
    def _has_no_path(cls, value: str) -> str:
        if urlsplit(value).path not in ("", "/"):
            raise ValueError("must not hold a path: where to write is the option path")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.namespace is None and _namespace(self.url) is None:
            raise ValueError("the URL does not tell the namespace: add ?ns=NAME or the option namespace")
        if _UID in self.path and self.auth.mode in ("none", "secret"):
            raise ValueError(f"{_UID} in path needs an auth that is a user")
        return self

    @property
    def place(self) -> Place:
        """Where the first connection goes."""
        parts = urlsplit(self.url)
        scheme = "wss" if parts.scheme in ("https", "wss") else "ws"
        return Place(scheme, parts.netloc, self.namespace or _namespace(self.url) or "")


def _namespace(url: str) -> str | None:
    """As the SDKs read it: ?ns=, else the first label of a name of three or more."""
    parts = urlsplit(url)
    named = parse_qs(parts.query).get("ns", [""])[0]
    if named:
        return named if _NAMESPACE.fullmatch(named) else None
    host = parts.hostname or ""
    if literal(host, 0) is not None or host.count(".") < 2:
        return None
    return host.split(".")[0]


async def probe(config: Config, context: Context) -> Observation:
    """One round: sign in, listen on one connection, write on another, see it arrive, delete it."""

    async def look(run: Run) -> None:
        login = None if isinstance(config.auth, NoAuth) else config.auth
        try:
            await _round(run, config, None if login is None else await credential(run, login))
        except Failed as failed:
            if login is not None and failed.reason in (Reason.AUTH, Reason.REVOKED):
                forget(login)
            raise

    return await observe(context, look)


async def _round(run: Run, config: Config, who: Credential | None) -> None:
    listener, hello, uid = await _enter(run, config, who)
    writer: Session | None = None
    try:
        run.fact("clock_offset_ms", round(abs(hello.ts - run.context.clock.now().timestamp() * 1000)))
        run.fact("server", hello.host)
        path = f"/{config.path.replace(_UID, uid)}/{secrets.token_hex(8)}"
        async with run.stage("listen"):
            await listener.settle(listener.ask("q", {"p": path, "h": ""}))
        async with second_connection(run):
            writer, _, _ = await _enter(run, config, who)
        await _write_and_see(run, listener, writer, path)
    finally:
        listener.leave()
        if writer is not None:
            writer.leave()


async def _enter(run: Run, config: Config, who: Credential | None) -> tuple[Session, Hello, str]:
    """An open session, signed in where there is a credential; and the user's id, "" where there is none."""
    session, hello = await open_session(run, config.place, tls=config, carries_credential=who is not None)
    if who is None:
        return session, hello, ""
    try:
        async with run.stage("auth"):
            granted = await session.settle(session.ask(who.action, who.body))
    except BaseException:
        session.leave()
        raise
    user = granted.get("auth") if isinstance(granted, dict) else None
    uid = user.get("uid") if isinstance(user, dict) else None
    return session, hello, uid if isinstance(uid, str) else who.uid or ""


async def _write_and_see(run: Run, listener: Session, writer: Session, path: str) -> None:
    nonce = secrets.token_hex(8)
    try:
        await _write(run, writer, path, nonce)
        await _see(run, listener, path, nonce)
    except BaseException:
        _try_to_delete(writer, path)
        raise
    async with run.stage("delete"):
        await writer.settle(writer.ask("p", {"p": path, "d": None}))


async def _write(run: Run, writer: Session, path: str, nonce: str) -> None:
    try:
        async with run.stage("write"):
            await writer.settle(writer.ask("p", {"p": path, "d": {"n": nonce, "at": {".sv": "timestamp"}}}))
    except Failed as failed:
        if failed.reason is Reason.TIMEOUT:
            raise Failed(Reason.UNACKNOWLEDGED, f"the write was not confirmed: {failed.detail}", "write") from None
        raise


async def _see(run: Run, listener: Session, path: str, nonce: str) -> None:
    try:
        async with run.stage("echo"):
            while not _is_echo(await listener.news(), path, nonce):
                pass
    except Failed as failed:
        if failed.reason is Reason.TIMEOUT:
            detail = f"confirmed to the writer, never seen by the listener: {failed.detail}"
            raise Failed(Reason.NO_ECHO, detail, "echo") from None
        raise


def _is_echo(news: object, path: str, nonce: str) -> bool:
    """Whether this is what the other connection wrote. Other data at a path that only this run knows is wrong data."""
    if not isinstance(news, Push) or news.action not in ("d", "m") or news.body.get("d") is None:
        return False
    if str(news.body.get("p", "")).strip("/") != path.strip("/"):
        return False
    data = news.body["d"]
    if not isinstance(data, dict) or data.get("n") != nonce:
        raise Failed(Reason.WRONG_DATA, "what arrived is not what was written")
    return True


def _try_to_delete(writer: Session, path: str) -> None:
    """Leave nothing behind after a run that went wrong, without waiting for anything."""
    try:
        writer.ask("p", {"p": path, "d": None})
    except Failed:
        return
