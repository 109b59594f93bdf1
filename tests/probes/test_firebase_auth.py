"""Credentials of the Firebase probe: fetched, kept, renewed, refused, and never shown."""

import asyncio
import base64
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from probes._firebase_auth import NoAuth
from probes._http import ask_any
from probes._resolver import Address
from probes._run import Failed
from probes.firebase import Config, probe
from statuspage.clock import SystemClock
from statuspage.core.observation import Observation, Outcome, Reason
from statuspage.fields import secrets_in
from tests.probes.scripted_rtdb import Script, ScriptedRtdb, scripted_rtdb
from tests.probes.servers import CONTEXT, SHORT, deaf_port, raw_server, silence, stage_names, told, unused_port
from tests.waiting import ends

KEY = rsa.generate_private_key(65537, 2048)
API_KEY = "web-api-key-0123456789"


def key_file(folder: Path, **changes: Any) -> Path:
    """A service account's key file as Google hands it out."""
    pem = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    content = {
        "type": "service_account",
        "client_email": "probe@example.iam.gserviceaccount.com",
        "private_key": pem,
        "token_uri": "https://oauth2.googleapis.com/token",
        **changes,
    }
    file = folder / "account.json"
    file.write_text(json.dumps(content))
    return file


@dataclass
class TokenService:
    """Google's token endpoints in small: answers every request alike and notes what it was asked."""

    port: int = 0
    status: int = 200
    body: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(int(line[15:]) for line in head.split("\r\n") if line.lower().startswith("content-length:"))
        sent = (await reader.readexactly(length)).decode()
        as_json = "application/json" in head.lower()
        content = json.loads(sent) if as_json else {key: value[0] for key, value in parse_qs(sent).items()}
        self.asked.append((head.split(" ")[1], content))
        number = len(self.asked)
        body = json.dumps(self.body or self.tokens(number)).encode()
        writer.write(f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        await writer.drain()

    @staticmethod
    def tokens(number: int) -> dict[str, Any]:
        return {
            "idToken": f"id-token-{number}",
            "refreshToken": f"refresh-{number}",
            "expiresIn": "3600",
            "id_token": f"id-token-{number}",
            "refresh_token": f"refresh-{number}",
            "access_token": f"access-token-{number}",
            "expires_in": 3600,
        }


@asynccontextmanager
async def token_service(**options: Any) -> AsyncIterator[TokenService]:
    service = TokenService(**options)
    async with raw_server(service) as port:
        service.port = port
        yield service


class MovedClock:
    """The machine's clock, some seconds later."""

    def __init__(self, seconds: float) -> None:
        self._clock = SystemClock()
        self._seconds = seconds

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic() + self._seconds


def custom_token(server: ScriptedRtdb, service: TokenService, folder: Path, **more: Any) -> Config:
    (folder / "api-key").write_text(API_KEY)
    auth = {
        "mode": "custom_token",
        "service_account": {"file": str(key_file(folder))},
        "api_key": {"file": str(folder / "api-key")},
        "identity_url": service.url,
        "refresh_url": f"{service.url}/v1/token",
    }
    return Config.model_validate({"url": server.url, "path": "__probe/{uid}", "auth": auth, **more})


async def look(config: Config, later: float = 0.0) -> Observation:
    context = replace(CONTEXT, clock=MovedClock(later), secrets=tuple(secrets_in(config)))
    return await probe(config, context)


def claims_of(jwt: str) -> dict[str, Any]:
    """The claims of a token whose signature is good."""
    text, mark = jwt.rsplit(".", 1)
    KEY.public_key().verify(base64.urlsafe_b64decode(mark + "=="), text.encode(), PKCS1v15(), SHA256())
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text.split(".")[1] + "=="))
    return found


async def test_a_custom_token_signs_in_as_its_user(tmp_path: Path) -> None:
    async with token_service() as service, scripted_rtdb() as server:
        seen = await look(custom_token(server, service, tmp_path))
    assert seen.outcome is Outcome.OK, seen
    assert stage_names(seen)[0] == "token"
    address, content = service.asked[0]
    assert address == f"/v1/accounts:signInWithCustomToken?key={API_KEY}"
    claims = claims_of(content["token"])
    assert claims["uid"] == "probe"
    assert claims["iss"] == claims["sub"] == "probe@example.iam.gserviceaccount.com"
    assert claims["exp"] - claims["iat"] == 3600
    signed_in = [asked["b"] for asked in server.asked if asked["a"] == "auth"]
    assert signed_in == [{"cred": "id-token-1"}] * 2
    assert all(asked["b"]["p"].startswith("/__probe/probe/") for asked in server.asked if asked["a"] == "q")


async def test_a_token_is_kept_until_shortly_before_its_end_and_then_refreshed(tmp_path: Path) -> None:
    async with token_service() as service, scripted_rtdb() as server:
        config = custom_token(server, service, tmp_path)
        await look(config)
        kept = await look(config, later=3000)
        renewed = await look(config, later=3400)
    assert "token" not in stage_names(kept)
    assert "token" in stage_names(renewed)
    assert [address for address, _ in service.asked][1:] == [f"/v1/token?key={API_KEY}"]
    assert service.asked[1][1] == {"grant_type": "refresh_token", "refresh_token": "refresh-1"}
    assert server.asked[-1]["a"] == "p"


async def test_while_the_old_token_is_good_a_failing_renewal_only_slows(tmp_path: Path) -> None:
    async with token_service() as service, scripted_rtdb() as server:
        config = custom_token(server, service, tmp_path)
        await look(config)
        service.status, service.body = 503, {"error": {"message": "BACKEND_DOWN"}}
        seen = await look(config, later=3400)
        over = await look(config, later=3700)
    assert (seen.outcome, *told(seen)) == (Outcome.SLOW, "token", "unavailable")
    assert told(over) == ("token", "unavailable")
    assert "BACKEND_DOWN" in over.detail


async def test_a_token_that_the_database_refuses_is_not_kept(tmp_path: Path) -> None:
    async with token_service() as service, scripted_rtdb(Script(auth="expired_token")) as server:
        config = custom_token(server, service, tmp_path)
        seen = await look(config)
        await look(config)
    assert told(seen) == ("auth", "auth")
    assert len(service.asked) == 2


async def test_a_service_account_acts_as_a_limited_user(tmp_path: Path) -> None:
    async with token_service() as service, scripted_rtdb() as server:
        auth = {
            "mode": "service_account",
            "service_account": {"file": str(key_file(tmp_path))},
            "token_url": f"{service.url}/token",
        }
        seen = await look(Config.model_validate({"url": server.url, "auth": auth}))
    assert seen.outcome is Outcome.OK, seen
    address, content = service.asked[0]
    assert address == "/token"
    claims = claims_of(content["assertion"])
    assert claims["aud"] == "https://oauth2.googleapis.com/token"
    assert "firebase.database" in claims["scope"]
    signed_in = [asked["b"] for asked in server.asked if asked["a"] == "gauth"]
    assert signed_in == [{"cred": "access-token-1", "authvar": {"uid": "probe"}}] * 2


async def test_an_id_token_is_renewed_from_its_refresh_token(tmp_path: Path) -> None:
    (tmp_path / "refresh").write_text("refresh-0")
    (tmp_path / "key").write_text(API_KEY)
    async with token_service() as service, scripted_rtdb() as server:
        auth = {
            "mode": "id_token",
            "refresh_token": {"file": str(tmp_path / "refresh")},
            "api_key": {"file": str(tmp_path / "key")},
            "refresh_url": f"{service.url}/v1/token",
        }
        config = Config.model_validate({"url": server.url, "auth": auth})
        seen = await look(config)
        await look(config, later=3400)
    assert seen.outcome is Outcome.OK, seen
    assert [content["refresh_token"] for _, content in service.asked] == ["refresh-0", "refresh-1"]


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"error": {"message": "INVALID_CUSTOM_TOKEN"}}, "auth"),
        (400, {"error": "invalid_grant"}, "auth"),
        (403, {"error": {"message": "API_KEY_SERVICE_BLOCKED"}}, "denied"),
        (429, {"error": {"message": "QUOTA_EXCEEDED"}}, "quota"),
        (503, {"error": {}}, "unavailable"),
        (302, {"error": {}}, "status"),
        (200, {"hello": "world"}, "protocol"),
    ],
)
async def test_a_refusal_of_the_token_service_is_named_at_its_own_stage(
    status: int, body: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    async with token_service(status=status, body=body) as service, scripted_rtdb() as server:
        seen = await look(custom_token(server, service, tmp_path))
    assert told(seen) == ("token", reason), seen
    assert not server.upgrades


async def test_a_silent_or_missing_token_service_is_named_at_its_own_stage(tmp_path: Path) -> None:
    async with raw_server(silence) as port, scripted_rtdb() as server:
        silent = await probe(custom_token(server, TokenService(port=port), tmp_path), SHORT)
        missing = await probe(custom_token(server, TokenService(port=unused_port()), tmp_path), CONTEXT)
    assert told(silent) == ("token", "timeout")
    assert told(missing) == ("token", "connect")


async def test_a_token_service_whose_name_has_no_address_is_named_at_its_own_stage(tmp_path: Path) -> None:
    async with token_service() as service, scripted_rtdb() as server:
        lost = custom_token(server, service, tmp_path)
        assert not isinstance(lost.auth, NoAuth)
        auth = lost.auth.model_copy(update={"identity_url": "http://no-such-host.invalid"})
        seen = await look(lost.model_copy(update={"auth": auth}))
    assert told(seen) == ("token", "dns")


def ways(*hosts: str) -> list[Address]:
    return [Address(socket.AF_INET, (host, 0)) for host in hosts]


async def test_a_refusing_address_of_the_token_service_does_not_hide_the_next() -> None:
    async with token_service(body={"said": "here"}) as service:
        request = httpx.Request("POST", service.url, content=b"{}")
        answer = await ask_any(request, ways("127.0.0.2", "127.0.0.1"), lambda: 5.0)
    assert answer.body == {"said": "here"}


async def test_an_address_of_the_token_service_that_answers_nothing_gets_its_share_of_the_time() -> None:
    async with token_service(body={"said": "here"}) as service:
        request = httpx.Request("POST", service.url, content=b"{}")
        with deaf_port("127.0.0.2", service.port):
            answer = await ends(ask_any(request, ways("127.0.0.2", "127.0.0.1"), lambda: 0.4), "the second address")
    assert answer.body == {"said": "here"}


async def test_a_refusal_by_one_address_is_told_before_our_missing_route_to_another() -> None:
    request = httpx.Request("POST", f"http://127.0.0.1:{unused_port()}", content=b"{}")
    with pytest.raises(Failed) as failed:
        await ask_any(request, ways("127.0.0.1", "255.255.255.255"), lambda: 5.0)
    assert failed.value.reason is Reason.CONNECT


async def test_an_endless_answer_of_the_token_service_is_cut(tmp_path: Path) -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b" " * 65536)
            await writer.drain()

    async with raw_server(endless) as port, scripted_rtdb() as server:
        seen = await look(custom_token(server, TokenService(port=port), tmp_path))
    assert told(seen) == ("token", "too_big")


@pytest.mark.parametrize("status", ["expired_token", "invalid_token"])
async def test_a_refused_credential_is_a_failure_of_auth(status: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("the-old-secret")
    async with scripted_rtdb(Script(auth=status)) as server:
        auth = {"mode": "secret", "secret": {"file": str(tmp_path / "secret")}}
        seen = await look(Config.model_validate({"url": server.url, "auth": auth}))
    assert told(seen) == ("auth", "auth")


async def test_a_credential_does_not_follow_a_reset_to_another_owner(tmp_path: Path) -> None:
    reset = {"t": "c", "d": {"t": "r", "d": ""}}
    async with token_service() as service, scripted_rtdb() as other, scripted_rtdb(Script(first=reset)) as server:
        reset["d"] = {"t": "r", "d": f"localhost:{other.port}"}
        seen = await look(custom_token(server, service, tmp_path))
        anonymous = await look(Config(url=server.url))
    assert told(seen) == ("hello", "protocol")
    assert "may not have the credential" in seen.detail
    assert anonymous.outcome is Outcome.OK
    assert not any(asked["a"] == "auth" for asked in other.asked)


async def test_no_credential_is_in_what_a_run_returns_or_logs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    pushed = {"t": "d", "d": {"a": "ac", "b": {"s": "expired_token", "d": f"id-token-1 {API_KEY} is bad"}}}
    async with token_service() as service, scripted_rtdb(Script(after_listen=[pushed])) as server:
        config = custom_token(server, service, tmp_path)
        seen = await look(config)
        refused = await look(custom_token(server, TokenService(port=unused_port()), tmp_path))
    assert seen.reason == "revoked"
    texts = [
        repr(seen),
        repr(refused),
        repr(config),
        *(record.getMessage() for record in caplog.records if is_ours(record)),
    ]
    for text in texts:
        assert "id-token-1" not in text
        assert API_KEY not in text
        assert "PRIVATE KEY" not in text


def is_ours(record: logging.LogRecord) -> bool:
    """Not the scripted servers' own debug logs, which print what they got."""
    return not record.name.startswith("websockets.server")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"token_uri": "https://evil.example/token"}, "token_uri must be https://oauth2.googleapis.com/token"),
        ({"private_key": "nonsense"}, "not a service account's key file"),
        ({"client_email": None, "private_key": None}, "not a service account's key file"),
        (
            {
                "private_key": ec.generate_private_key(ec.SECP256R1())
                .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
                .decode()
            },
            "not an RSA key",
        ),
    ],
)
def test_a_key_file_that_cannot_be_used_is_refused_when_it_is_read(
    changes: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    auth = {"mode": "service_account", "service_account": {"file": str(key_file(tmp_path, **changes))}}
    with pytest.raises(ValueError, match="validation error") as refused:
        Config.model_validate({"url": "https://x.firebaseio.com", "auth": auth})
    assert problem in str(refused.value)
    assert "PRIVATE KEY" not in str(refused.value)


@pytest.mark.parametrize(
    ("auth", "problem"),
    [
        ({"mode": "id_token"}, "give either token or refresh_token"),
        ({"mode": "secret", "secret": "written here"}, "secrets are never written here"),
        ({"mode": "custom_token"}, "service_account"),
        ({"mode": "none", "uid": "x"}, "Extra inputs"),
    ],
)
def test_bad_auth_is_refused_with_the_name_of_the_option(auth: dict[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match="validation error") as refused:
        Config.model_validate({"url": "https://x.firebaseio.com", "auth": auth})
    assert problem in str(refused.value)
    assert "written here" not in str(refused.value).replace("never written here", "")


def test_google_is_asked_where_the_config_names_no_other(tmp_path: Path) -> None:
    auth = {"mode": "service_account", "service_account": {"file": str(key_file(tmp_path))}}
    config = Config.model_validate({"url": "https://x.firebaseio.com", "auth": auth})
    assert urlsplit(getattr(config.auth, "token_url", "")).hostname == "oauth2.googleapis.com"
