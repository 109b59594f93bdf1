"""The official OpenFeature clients for JavaScript, unchanged, against a real server. Scenarios: openfeature.mjs."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.interop.npm import install
from tests.interop.recipes import OPENFEATURE
from tests.programs import need
from tests.web.processes import Web
from tests.web.routed import CHAT, Routed, serving


@pytest.fixture(scope="module")
def folder() -> Path:
    return install(OPENFEATURE)


@pytest.fixture
def routed(tmp_path: Path) -> Routed:
    return Routed(tmp_path)


@contextmanager
def client(folder: Path, web: Web, scenario: str) -> "Iterator[Talk]":
    """Node with one scenario; ended whatever happens."""
    environment = {**os.environ, "URL": f"http://127.0.0.1:{web.port}", "SCENARIO": scenario, "ROUTE": CHAT}
    pipe = subprocess.PIPE
    command = [need("node"), "scenario.mjs"]
    process = subprocess.Popen(command, cwd=folder, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
    try:
        yield Talk(process)
    finally:
        process.kill()
        process.communicate()


class Talk:
    """What the scenario says, line by line, and the word to go on."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def hear(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            assert self.process.stderr is not None
            raise AssertionError(self.process.stderr.read())
        return json.loads(line)

    def go_on(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()


def test_a_browser_hears_of_a_flip_and_has_the_new_value(folder: Path, routed: Routed, tmp_path: Path) -> None:
    with serving(tmp_path, routed) as web, client(folder, web, "flip") as talk:
        first = talk.hear()
        assert (first["before"]["value"], first["before"]["reason"]) == ("firebase", "STATIC")
        assert first["before"]["metadata"]["epoch"] == 1
        assert first["directive"]["target"] == "firebase"
        talk.go_on()
        state = routed.put(CHAT, "native")
        after = talk.hear()["after"]
        assert (after["value"], after["metadata"]["epoch"]) == ("native", state.epoch)


def test_another_context_gets_its_own_value_although_the_client_sends_the_old_etag(
    folder: Path, routed: Routed, tmp_path: Path
) -> None:
    with serving(tmp_path, routed) as web, client(folder, web, "context") as talk:
        found = talk.hear()
    assert (found["before"]["value"], found["large"]["value"], found["again"]["value"]) == (
        "firebase", "native", "firebase",
    )  # fmt: skip
    assert found["large"]["reason"] == "TARGETING_MATCH"


def test_when_the_server_is_gone_the_values_stay(folder: Path, routed: Routed, tmp_path: Path) -> None:
    routed.put(CHAT, "native")
    with serving(tmp_path, routed) as web, client(folder, web, "gone") as talk:
        assert talk.hear()["before"]["value"] == "native"
        web.process.terminate()
        web.process.wait(20)
        talk.go_on()
        assert talk.hear()["after"]["value"] == "native"


def test_the_client_of_servers_gets_every_kind_of_value(folder: Path, routed: Routed, tmp_path: Path) -> None:
    with serving(tmp_path, routed) as web, client(folder, web, "server") as talk:
        found = talk.hear()
    assert found["plain"] == found["none"] == {"value": "firebase", "reason": "STATIC", "code": None}
    assert found["large"]["value"] == "native"
    assert found["unknown"] == {"value": "code default", "reason": "ERROR", "code": "FLAG_NOT_FOUND"}
    assert found["limited"] is False
    assert found["directive"]["connect"]["jitter"] == "full"
