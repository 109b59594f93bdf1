"""The official OpenFeature clients for Python, unchanged: remote evaluation, and flagd's own evaluator on our file."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest
from openfeature import api
from openfeature.client import OpenFeatureClient
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.contrib.provider.ofrep import OFREPProvider
from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import ErrorCode
from openfeature.flag_evaluation import Reason
from openfeature.provider import AbstractProvider

from statuspage.core.directive import directives_document, flagd_document
from statuspage.core.route import Rollout
from tests.web.routed import BOARD, CHAT, QA, Routed, serving
from tests.web.served import eventually

LARGE = EvaluationContext("user-1", {"event_users": 9000})
SMALL = EvaluationContext("user-1", {"event_users": 10})


@contextmanager
def using(provider: AbstractProvider) -> Iterator[OpenFeatureClient]:
    """A client of this provider alone."""
    api.set_provider_and_wait(provider, "routes") if hasattr(api, "set_provider_and_wait") else api.set_provider(
        provider, "routes"
    )
    try:
        yield api.get_client("routes")
    finally:
        api.shutdown()


@pytest.fixture
def routed(tmp_path: Path) -> Routed:
    return Routed(tmp_path)


def test_remote_evaluation_gives_values_reasons_and_epochs(routed: Routed, tmp_path: Path) -> None:
    with serving(tmp_path, routed) as web, using(OFREPProvider(f"http://127.0.0.1:{web.port}")) as client:
        found = client.get_string_details(f"{CHAT}.provider", "code default", SMALL)
        assert (found.value, found.reason, found.variant, found.error_code) == (
            "firebase", Reason.STATIC, "firebase", None,
        )  # fmt: skip
        assert found.flag_metadata["epoch"] == 1
        assert client.get_string_value(f"{CHAT}.provider", "code default", LARGE) == "native"
        assert client.get_string_value(f"{CHAT}.provider", "code default") == "firebase"
        assert client.get_boolean_value("platform.limited_mode", True) is False
        directive = client.get_object_value(f"{QA}.directive", {})
        assert isinstance(directive, dict)
        assert directive["target"] == "firebase"
        missing = client.get_string_details("nothing.provider", "code default")
        assert (missing.value, missing.error_code) == ("code default", ErrorCode.FLAG_NOT_FOUND)
        state = routed.limit(CHAT)
        eventually(lambda: client.get_string_value(f"{CHAT}.provider", "x") == "limited", 10)
        assert client.get_string_details(f"{CHAT}.provider", "x").flag_metadata["epoch"] == state.epoch


def test_while_no_server_answers_the_code_default_is_used(routed: Routed, tmp_path: Path) -> None:
    with serving(tmp_path, routed) as web:
        port = web.port
    with using(OFREPProvider(f"http://127.0.0.1:{port}", timeout=2.0)) as client:
        found = client.get_string_details(f"{CHAT}.provider", "code default")
    assert (found.value, found.reason) == ("code default", Reason.ERROR)


def flags_of(routed: Routed) -> str:
    """Our flagd document as it would be served now."""
    states = routed.store.state().routes
    now = datetime.now(UTC)
    return json.dumps(flagd_document(BOARD, directives_document(BOARD, states, "g1", now, False, now)))


def test_flagds_own_evaluator_reads_our_file_and_follows_it(routed: Routed, tmp_path: Path) -> None:
    file = tmp_path / "flagd.json"
    file.write_text(flags_of(routed), encoding="utf-8")
    provider = FlagdProvider(
        resolver_type=ResolverType.FILE, offline_flag_source_path=str(file), deadline_ms=5000, retry_backoff_ms=100
    )
    with using(provider) as client:
        eventually(lambda: client.get_string_value(f"{CHAT}.provider", "x", SMALL) == "firebase", 20)
        assert client.get_string_value(f"{CHAT}.provider", "x", LARGE) == "native"
        assert client.get_boolean_value("platform.limited_mode", True) is False
        directive = client.get_object_value(f"{QA}.directive", {})
        assert isinstance(directive, dict)
        assert directive["target"] == "firebase"
        routed.limit(CHAT)
        file.write_text(flags_of(routed), encoding="utf-8")
        eventually(lambda: client.get_string_value(f"{CHAT}.provider", "x", LARGE) == "limited", 20)


def test_flagds_own_evaluator_reads_the_bytes_that_a_running_server_serves(routed: Routed, tmp_path: Path) -> None:
    file = tmp_path / "flagd.json"
    with serving(tmp_path, routed) as web:

        def fetched(word: str) -> bool:
            answer, body = web.get("/flagd.json")
            if answer.status != 200 or word not in body.decode():
                return False
            file.write_bytes(body)
            return True

        eventually(lambda: fetched(CHAT))
        provider = FlagdProvider(
            resolver_type=ResolverType.FILE, offline_flag_source_path=str(file), deadline_ms=5000, retry_backoff_ms=100
        )
        with using(provider) as client:
            eventually(lambda: client.get_string_value(f"{CHAT}.provider", "x", SMALL) == "firebase", 20)
            assert client.get_string_value(f"{CHAT}.provider", "x", LARGE) == "native"
            state = routed.limit(CHAT)
            eventually(lambda: fetched('"defaultVariant":"limited"'))
            eventually(lambda: client.get_string_value(f"{CHAT}.provider", "x", LARGE) == "limited", 20)
            found = client.get_string_details(f"{CHAT}.provider", "x", LARGE)
            assert (found.variant, found.error_code) == ("limited", None)
            assert found.flag_metadata["epoch"] == state.epoch
            served = {"generation", "since", "cause", "config_epoch", "stale", "heartbeat_at"}
            assert served <= set(found.flag_metadata)
            assert found.flag_metadata["stale"] is False


def test_flagd_keeps_clients_that_moved_while_a_route_returns_in_steps(routed: Routed, tmp_path: Path) -> None:
    moved: list[set[str]] = []
    for pct in (5, 50, 100):
        routed.put(QA, "native", rollout=Rollout("firebase", pct, datetime.now(UTC)))
        file = tmp_path / f"flagd-{pct}.json"
        file.write_text(flags_of(routed), encoding="utf-8")
        provider = FlagdProvider(
            resolver_type=ResolverType.FILE, offline_flag_source_path=str(file), deadline_ms=5000, retry_backoff_ms=100
        )
        with using(provider) as client:
            eventually(partial(_is_ready, client), 20)
            clients = [f"u{n}" for n in range(200)]
            found = {
                e for e in clients if client.get_string_value(f"{QA}.provider", "x", EvaluationContext(e)) == "firebase"
            }
            moved.append(found)
    assert moved[0] < moved[1] < moved[2] == {f"u{n}" for n in range(200)}


def _is_ready(client: OpenFeatureClient) -> bool:
    return client.get_string_value(f"{QA}.provider", "not yet", SMALL) != "not yet"
