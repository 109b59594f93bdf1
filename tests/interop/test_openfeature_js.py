"""The official OpenFeature clients for JavaScript, unchanged, against a real server. Scenarios: openfeature.mjs."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.client.site import example
from tests.interop.npm import install
from tests.interop.recipes import OPENFEATURE
from tests.programs import need
from tests.web.processes import Web
from tests.web.routed import CHAT, Routed, serving
from tests.web.served import eventually


@pytest.fixture(scope="module")
def folder() -> Path:
    return install(OPENFEATURE)


@pytest.fixture
def routed(tmp_path: Path) -> Routed:
    return Routed(tmp_path)


@contextmanager
def client(folder: Path, web: Web, scenario: str, **more: str) -> "Iterator[Talk]":
    """Node with one scenario; ended whatever happens. `more` goes into its environment."""
    own = {"URL": f"http://127.0.0.1:{web.port}", "SCENARIO": scenario, "ROUTE": CHAT, **more}
    environment = {**os.environ, **own}
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


def test_a_browser_hears_of_a_flip_and_has_the_new_value(
    folder: Path, routed: Routed, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    with serving(tmp_path, routed) as web, client(folder, web, "flip") as talk:
        first = talk.hear()
        assert (first["before"]["value"], first["before"]["reason"]) == ("firebase", "STATIC")
        assert first["before"]["metadata"]["epoch"] == 1
        assert first["directive"]["target"] == "firebase"
        talk.go_on()
        state = routed.put(CHAT, "native")
        found = talk.hear()
    after = found["after"]
    assert (after["value"], after["metadata"]["epoch"]) == ("native", state.epoch)
    record_property("from_commit_to_browser_ms", found["ms"])  # `python -m tests.bench directives` measures it
    print(f"from the word to commit to the browser's SDK: {found['ms']} ms")


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


ADVISED = {"cacheMode": "network-first", "cacheTTL": 3600, "timeoutMs": 2000, "pollInterval": 30000}
"""What docs/clients.md says."""
OF_ITSELF = {"cacheMode": None}
"""What the provider does where nothing is said: its own default is taken for null."""
DAY_S = 86_400


def stopped(web: Web) -> None:
    web.process.terminate()
    web.process.wait(20)


@pytest.mark.parametrize("options", [ADVISED, OF_ITSELF], ids=["advised", "of itself"])
def test_a_page_that_is_opened_while_no_server_answers_has_what_was_kept_and_is_told_so(
    folder: Path, routed: Routed, tmp_path: Path, options: dict[str, object]
) -> None:
    state = routed.put(CHAT, "native")
    with serving(tmp_path, routed) as web, client(folder, web, "page", OPTIONS=json.dumps(options)) as talk:
        first = talk.hear()
        assert (first["before"]["value"], first["before"]["reason"], first["kept"]) == ("native", "STATIC", 1)
        stopped(web)
        talk.go_on()
        found = talk.hear()
    kept = found["after"]
    assert (found["failed"], kept["value"], kept["reason"], kept["variant"]) == (False, "native", "CACHED", "native")
    assert kept["metadata"] == first["before"]["metadata"]
    assert {"epoch", "generation", "config_epoch", "since", "cause", "stale", "heartbeat_at"} <= set(kept["metadata"])
    assert kept["metadata"]["epoch"] == state.epoch
    # By this an application tells what is too old to be followed (docs/clients.md).
    assert datetime.fromisoformat(kept["metadata"]["heartbeat_at"]) <= datetime.now(UTC)


def test_left_to_itself_the_browser_starts_from_what_it_kept_weeks_ago_although_the_server_answers(
    folder: Path, routed: Routed, tmp_path: Path
) -> None:
    routed.limit(CHAT)
    more = {"OPTIONS": json.dumps(OF_ITSELF), "AGE_S": str(29 * DAY_S)}
    with serving(tmp_path, routed) as web, client(folder, web, "page", **more) as talk:
        assert talk.hear()["before"]["value"] == "limited"
        routed.put(CHAT, "native")
        eventually(lambda: web.says('"target":"native"', "/directives.json"))
        talk.go_on()
        trap = talk.hear()["after"]
        assert (trap["value"], trap["reason"]) == ("limited", "CACHED")
        talk.go_on()
        later = talk.hear()["later"]
        assert (later["value"], later["reason"]) == ("native", "STATIC")


@pytest.mark.parametrize(("age_s", "value"), [(29 * DAY_S, "code default"), (1800, "limited")])
def test_with_what_is_advised_nothing_older_than_an_hour_is_started_from(
    folder: Path, routed: Routed, tmp_path: Path, age_s: int, value: str
) -> None:
    routed.limit(CHAT)
    more = {"OPTIONS": json.dumps(ADVISED), "AGE_S": str(age_s)}
    with serving(tmp_path, routed) as web, client(folder, web, "page", **more) as talk:
        assert talk.hear()["before"]["value"] == "limited"
        stopped(web)
        talk.go_on()
        assert talk.hear()["after"]["value"] == value


@pytest.mark.parametrize(("age_s", "value"), [(2 * 3600, "code default"), (1800, "limited")])
def test_what_a_browser_kept_is_followed_for_an_hour_after_the_last_heartbeat_as_the_documents_say(
    folder: Path, routed: Routed, tmp_path: Path, age_s: int, value: str
) -> None:
    routed.limit(CHAT)
    more = {"OPTIONS": json.dumps(OF_ITSELF), "AGE_S": str(age_s), "ADVICE": example("const HOUR")}
    with serving(tmp_path, routed) as web, client(folder, web, "page", **more) as talk:
        assert talk.hear()["before"]["value"] == "limited"
        stopped(web)
        talk.go_on()
        found = talk.hear()
    assert (found["after"]["value"], found["after"]["reason"]) == ("limited", "CACHED")
    assert found["advised"] == value


def test_with_what_is_advised_a_server_that_answers_is_believed_at_once(
    folder: Path, routed: Routed, tmp_path: Path
) -> None:
    routed.limit(CHAT)
    with serving(tmp_path, routed) as web, client(folder, web, "page", OPTIONS=json.dumps(ADVISED)) as talk:
        assert talk.hear()["before"]["value"] == "limited"
        routed.put(CHAT, "native")
        eventually(lambda: web.says('"target":"native"', "/directives.json"))
        talk.go_on()
        after = talk.hear()["after"]
        assert (after["value"], after["reason"]) == ("native", "STATIC")


def test_the_client_of_servers_gets_every_kind_of_value(folder: Path, routed: Routed, tmp_path: Path) -> None:
    with serving(tmp_path, routed) as web, client(folder, web, "server") as talk:
        found = talk.hear()
    assert found["plain"] == found["none"] == {"value": "firebase", "reason": "STATIC", "code": None}
    assert found["large"]["value"] == "native"
    assert found["unknown"] == {"value": "code default", "reason": "ERROR", "code": "FLAG_NOT_FOUND"}
    assert found["limited"] is False
    assert found["directive"]["connect"]["jitter"] == "full"
