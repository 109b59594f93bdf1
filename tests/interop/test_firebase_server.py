"""The Firebase probe against npm's firebase-server: a server that others wrote, with what it does differently."""

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from probes.firebase import Config, probe
from statuspage.core.observation import Outcome
from tests.interop.firebase_server import firebase_server
from tests.probes.servers import CONTEXT, stage_names, told

SECRET = "an-old-secret"

ONLY_THE_USER = {
    "rules": {"open": {".read": True, ".write": "auth !== null"}, "closed": {".read": "auth !== null", ".write": False}}
}


def legacy_token(secret: str, expires_in: int = 3600) -> str:
    """A token of the old kind, HS256 over the database's secret."""

    def encoded(part: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    now = int(CONTEXT.clock.now().timestamp())
    claims = {"v": 0, "iat": now - 7200, "exp": now + expires_in, "d": {"uid": "probe"}}
    text = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{encoded(claims)}"
    mark = hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def id_token(tmp_path: Path, token: str) -> dict[str, Any]:
    file = tmp_path / "token"
    file.write_text(token)
    return {"mode": "id_token", "token": {"file": str(file)}}


async def test_all_stages_pass_with_the_echo_on_the_second_connection() -> None:
    async with firebase_server() as server:
        for _ in range(2):
            seen = await probe(Config(url=server.url), CONTEXT)
            assert seen.outcome is Outcome.OK, seen
    assert stage_names(seen) == ["dns", "connect", "upgrade", "hello", "listen", "second", "write", "echo", "delete"]


async def test_a_frozen_server_ends_at_its_time_limit_with_stage_upgrade() -> None:
    async with firebase_server() as server:
        assert (await probe(Config(url=server.url), CONTEXT)).outcome is Outcome.OK
        server.freeze()
        seen = await probe(Config(url=server.url), replace(CONTEXT, timeout=1.0))
    assert told(seen) == ("upgrade", "timeout")
    assert 950 <= seen.took_ms < 3000


# A server for each: after one allowed write by a user, this server takes everybody for that user.


async def test_rules_that_let_nobody_listen_are_a_denial_at_listen() -> None:
    async with firebase_server(rules=ONLY_THE_USER) as server:
        seen = await probe(Config(url=server.url, path="closed"), CONTEXT)
    assert told(seen) == ("listen", "denied")


async def test_rules_that_let_nobody_write_are_a_denial_at_write() -> None:
    async with firebase_server(rules=ONLY_THE_USER) as server:
        seen = await probe(Config(url=server.url, path="open"), CONTEXT)
    assert told(seen) == ("write", "denied")


async def test_a_user_with_a_good_token_may_write(tmp_path: Path) -> None:
    async with firebase_server(rules=ONLY_THE_USER, secret=SECRET) as server:
        config = Config.model_validate(
            {"url": server.url, "path": "open", "auth": id_token(tmp_path, legacy_token(SECRET))}
        )
        seen = await probe(config, CONTEXT)
    assert seen.outcome is Outcome.OK, seen
    assert "auth" in stage_names(seen)


@pytest.mark.parametrize(("secret", "expires_in"), [(SECRET, -3600), ("another", 3600)])
async def test_an_expired_or_forged_token_is_refused_at_auth(tmp_path: Path, secret: str, expires_in: int) -> None:
    async with firebase_server(secret=SECRET) as server:
        token = legacy_token(secret, expires_in)
        config = Config.model_validate({"url": server.url, "auth": id_token(tmp_path, token)})
        seen = await probe(config, CONTEXT)
    assert told(seen) == ("auth", "auth")
    assert token not in repr(seen)


async def test_the_databases_own_secret_opens_everything(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    async with firebase_server(secret=SECRET) as server:
        auth = {"mode": "secret", "secret": {"file": str(tmp_path / "secret")}}
        seen = await probe(Config.model_validate({"url": server.url, "auth": auth}), CONTEXT)
    assert seen.outcome is Outcome.OK, seen
