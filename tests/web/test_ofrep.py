"""The directives as flags: what the protocol asks for, and what real clients stumble over."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client, TestResponse

from statuspage.core.route import Rollout, RuleState
from statuspage.core.state import Decision
from statuspage.web.bundle import build
from statuspage.web.directives import read_directives
from statuspage.web.middleware import serve_first
from statuspage.web.shown import Shown
from statuspage.web.streams import Notices, Streams
from tests.web.routed import BOARD, CHAT, QA, SITE, Routed
from tests.web.served import SetClock

BULK = "/ofrep/v1/evaluate/flags"
REASONS = {"STATIC", "TARGETING_MATCH", "SPLIT", "DISABLED", "UNKNOWN"}


class Site:
    """The application in this process, showing what the store says when it is asked to."""

    def __init__(self, folder: Path) -> None:
        from statuspage.web.app import create_app

        self.folder, self.routed = folder, Routed(folder)
        self.clock = SetClock(datetime.now(UTC))
        self.shown = Shown("http://127.0.0.1:8000")
        app = create_app(self.shown, folder / "public", self.clock, notices=Notices(0.0, 2))
        self.client = Client(serve_first(self.shown, app), use_cookies=False)
        self.show()

    def show(self) -> None:
        """Build a bundle of what is stored now, as the keeper does."""
        self.clock.at = datetime.now(UTC)
        snapshot = self.routed.store.snapshot(self.clock.at)
        assert snapshot is not None
        self.shown.swap(build(self.folder / "public", snapshot, self.clock.at))

    def ask(self, key: str = "", body: Any = None, **headers: str) -> TestResponse:
        path = f"{BULK}/{key}" if key else BULK
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, data=json.dumps(body if body is not None else {}), headers=sent)

    def value(self, key: str, context: dict[str, Any] | None = None) -> tuple[Any, str]:
        found = self.ask(key, {"context": context or {}}).get_json()
        return found["value"], found["reason"]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_one_flag_has_everything_that_clients_ask_for(site: Site) -> None:
    answer = site.ask(f"{CHAT}.provider", {"context": {"targetingKey": "u1"}})
    found = answer.get_json()
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert {name: found[name] for name in ("key", "value", "reason", "variant")} == {
        "key": f"{CHAT}.provider", "value": "firebase", "reason": "STATIC", "variant": "firebase",
    }  # fmt: skip
    assert {"epoch", "generation", "config_epoch", "since", "cause", "stale", "heartbeat_at", "heartbeat_age_s"} <= set(
        found["metadata"]
    )
    assert all(isinstance(each, str | int | float | bool) for each in found["metadata"].values())
    assert (found["metadata"]["epoch"], found["metadata"]["stale"]) == (1, False)


def test_the_whole_directive_is_a_flag_too(site: Site) -> None:
    site.routed.limit(QA)
    site.show()
    directive, reason = site.value(f"{QA}.directive")
    assert (directive["target"], directive["still_works"], reason) == ("limited", "You can still read.", "STATIC")
    assert directive["connect"]["timeout_ms"] == 8000
    assert directive["epoch"][1] == 2


def test_limited_mode_of_the_platform_is_when_no_route_has_a_provider(site: Site) -> None:
    assert site.value("platform.limited_mode") == (False, "STATIC")
    site.routed.limit(CHAT)
    site.show()
    assert site.value("platform.limited_mode") == (False, "STATIC")
    site.routed.limit(QA)
    site.show()
    assert site.value("platform.limited_mode") == (True, "STATIC")


@pytest.mark.parametrize("body", [b"", b"{}", b'{"context": null}', b'{"context": {}}', b'{"context": {"x": 1}}'])
def test_a_missing_or_empty_context_is_an_empty_one(site: Site, body: bytes) -> None:
    assert site.client.post(f"{BULK}/{CHAT}.provider", data=body).get_json()["value"] == "firebase"
    assert site.client.post(BULK, data=body).status_code == 200


@pytest.mark.parametrize(
    "attribute",
    [
        b'"userId": 175928847299117063', b'"userId": -175928847299117063', b'"n": 1%s' % (b"0" * 400), b'"n": 1e999',
        b'"n": NaN', b'"note": "a\\u0000b"', b'"note": "half \\ud83d"', b'"a\\u0000b": 1',
        b'"list": ["\\ud83d", {"x": NaN}]',
    ],
)  # fmt: skip
def test_an_attribute_that_nobody_looks_at_costs_no_client_its_provider(site: Site, attribute: bytes) -> None:
    site.routed.limit(QA)
    site.show()
    body = b'{"context": {"targetingKey": "u", "event_users": 6200, %s}}' % attribute
    for route, value in ((QA, "limited"), (CHAT, "native")):
        answer = site.client.post(f"{BULK}/{route}.provider", data=body)
        assert (answer.status_code, answer.get_json()["value"]) == (200, value)
    assert site.client.post(BULK, data=body).status_code == 200


def test_a_number_that_is_too_large_to_be_kept_exactly_is_compared_all_the_same(site: Site) -> None:
    users = b'{"context": {"event_users": 175928847299117063}}'
    assert site.client.post(f"{BULK}/{CHAT}.provider", data=users).get_json()["reason"] == "TARGETING_MATCH"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "PARSE_ERROR"),
        (b"[]", 400, "PARSE_ERROR"),
        (b'{"context": []}', 400, "INVALID_CONTEXT"),
        (b'{"context": {"a": 1, "a": 2}}', 400, "PARSE_ERROR"),
        (b"\xff", 400, "PARSE_ERROR"),
        (b"x" * 20_000, 413, "GENERAL"),
    ],
)
def test_every_error_has_its_code_and_says_why(site: Site, body: bytes, status: int, code: str) -> None:
    for path in (BULK, f"{BULK}/{CHAT}.provider"):
        answer = site.client.post(path, data=body)
        found = answer.get_json()
        assert (answer.status_code, found["errorCode"]) == (status, code)
        assert found["errorDetails"]
        assert ("key" in found) == (path != BULK)


@pytest.mark.parametrize("key", ["nothing", f"{CHAT}.nothing", CHAT, "provider", "../x.provider", "%00.provider"])
def test_an_unknown_flag_is_not_found(site: Site, key: str) -> None:
    answer = site.ask(key)
    assert (answer.status_code, answer.get_json()["errorCode"]) == (404, "FLAG_NOT_FOUND")
    assert answer.get_json()["errorDetails"]


def test_a_rule_applies_over_its_limit_and_down_to_its_lower_one_while_it_holds(site: Site) -> None:
    key = f"{CHAT}.provider"
    assert site.value(key, {"event_users": 5000}) == ("firebase", "STATIC")
    assert site.value(key, {"event_users": 5001}) == ("native", "TARGETING_MATCH")
    assert site.value(key, {"event_users": "6000"}) == ("firebase", "STATIC")
    assert site.value(key, {"event_users": True}) == ("firebase", "STATIC")
    site.routed.put(CHAT, "firebase", rules=(RuleState(True),))
    site.show()
    assert site.value(key, {"event_users": 4500}) == ("native", "TARGETING_MATCH")
    assert site.value(key, {"event_users": 4000}) == ("firebase", "STATIC")


def test_a_rule_never_sends_to_a_provider_that_is_not_usable(site: Site) -> None:
    site.routed.put(CHAT, "firebase", usable=("firebase",))
    site.show()
    assert site.value(f"{CHAT}.provider", {"event_users": 9000}) == ("firebase", "TARGETING_MATCH")
    site.routed.limit(CHAT)
    site.show()
    assert site.value(f"{CHAT}.provider", {"event_users": 9000}) == ("limited", "STATIC")


def test_a_return_in_steps_splits_clients_and_keeps_those_that_moved(site: Site) -> None:
    moved: list[set[str]] = []
    for pct in (5, 25, 50, 100):
        site.routed.put(QA, "native", rollout=Rollout("firebase", pct, datetime.now(UTC)))
        site.show()
        clients = {f"u{n}" for n in range(400)}
        moved.append(
            {each for each in clients if site.value(f"{QA}.provider", {"targetingKey": each})[0] == "firebase"}
        )
        assert site.value(f"{QA}.provider", {"targetingKey": "u1"})[1] == "SPLIT"
        assert site.value(f"{QA}.provider")[0] == "native"
    assert moved[0] < moved[1] < moved[2] < moved[3] == {f"u{n}" for n in range(400)}


def test_all_flags_at_once_with_the_place_of_the_notices(site: Site) -> None:
    answer = site.ask()
    found = answer.get_json()
    keys = [each["key"] for each in found["flags"]]
    assert keys == [
        f"{CHAT}.provider", f"{CHAT}.directive", f"{QA}.provider", f"{QA}.directive", "platform.limited_mode",
    ]  # fmt: skip
    assert all({"key", "value", "reason", "variant", "metadata"} <= set(each) for each in found["flags"])
    assert {each["reason"] for each in found["flags"]} <= REASONS
    stream = found["eventStreams"][0]
    assert (stream["type"], stream["endpoint"]["requestUri"]) == ("sse", "/ofrep/v1/events")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert {"ETag", "Retry-After"} <= set(answer.headers["Access-Control-Expose-Headers"].split(", "))


def test_the_etag_covers_what_the_context_changes_and_nothing_else(site: Site) -> None:
    small = site.ask(body={"context": {"event_users": 10, "targetingKey": "a"}}).headers["ETag"]
    other = site.ask(body={"context": {"event_users": 20, "targetingKey": "b"}}).headers["ETag"]
    large = site.ask(body={"context": {"event_users": 9000, "targetingKey": "a"}}).headers["ETag"]
    assert small == other != large
    again = site.ask(body={"context": {"event_users": 9000}}, If_None_Match=small)
    assert again.status_code == 200
    for known in (small, f"W/{small}", f'"x", {small}', "*"):
        same = site.ask(body={"context": {"event_users": 10}}, If_None_Match=known)
        assert (same.status_code, same.data) == (304, b"")
    site.routed.put(QA, "native")
    site.show()
    assert site.ask(body={"context": {"event_users": 10}}, If_None_Match=small).status_code == 200


def lived(site: Site, heartbeat_at: str) -> tuple[str, str, str]:
    """The ETag of everything and of what notices name, and the heartbeat of a flag, with another sign of life."""
    assert site.shown.directives is not None
    document = {**site.shown.directives.document, "heartbeat_at": heartbeat_at}
    site.shown.directives = read_directives(json.dumps(document).encode())
    answer = site.ask()
    told = answer.get_json()["flags"][0]["metadata"]["heartbeat_at"]
    return answer.headers["ETag"], site.shown.directives.tag, told


def test_the_etag_stands_still_for_ten_minutes_while_only_the_heartbeat_goes_on(site: Site) -> None:
    first, notice, _ = lived(site, "2026-11-23T09:40:00.000Z")
    assert lived(site, "2026-11-23T09:49:59.999Z")[:2] == (first, notice)
    later, same, told = lived(site, "2026-11-23T09:50:00.000Z")
    # A browser's SDK writes down what came with 200 only: what it kept is as old as that.
    assert (later != first, same == notice, told) == (True, True, "2026-11-23T09:50:00.000Z")
    assert site.ask(If_None_Match=first).status_code == 200
    assert site.ask(If_None_Match=later).status_code == 304


def test_who_was_told_of_newer_directives_never_gets_older_ones(site: Site) -> None:
    tag = site.shown.directives.tag if site.shown.directives else ""
    generation, _, number = tag.removeprefix("c").partition("-")[0].rpartition(".")
    assert site.client.post(f"{BULK}?flagConfigEtag={tag}", data=b"{}").status_code == 200
    newer = site.client.post(f"{BULK}?flagConfigEtag=c{generation}.{int(number) + 1}", data=b"{}")
    assert (newer.status_code, newer.headers["Retry-After"]) == (503, "1")
    assert newer.get_json()["errorDetails"]
    for garbage in ("", "x", '"c"', "cx.y", "c1.99999999999999999999"):
        assert site.client.post(f"{BULK}?flagConfigEtag={garbage}", data=b"{}").status_code == 200


def test_only_a_change_that_may_be_on_its_way_is_waited_for_and_by_few_at_once(site: Site) -> None:
    generation, number = site.shown.directives.epoch if site.shown.directives else ("", 0)
    for made_up in (f"c{generation}.{number + 1000}", "czzzz.1", "c0000000000.9"):
        assert site.client.post(f"{BULK}?flagConfigEtag={made_up}", data=b"{}").status_code == 200


def test_words_and_limits_that_change_under_one_epoch_change_the_etag(site: Site) -> None:
    before = site.ask().headers["ETag"]
    board = replace(BOARD, pace=replace(BOARD.pace, max_wait=timedelta(seconds=3)))
    site.routed.store.transact(lambda _: Decision(site=replace(SITE, switchboard=board)), datetime.now(UTC))
    site.show()
    after = site.ask().headers["ETag"]
    assert before != after
    assert before.partition("-")[0] == after.partition("-")[0]


def test_notices_are_not_offered_while_the_places_for_them_are_nearly_taken(site: Site) -> None:
    assert site.ask().get_json()["eventStreams"]
    streams = [site.client.get("/ofrep/v1/events", buffered=False) for _ in range(2)]
    assert site.ask().get_json()["eventStreams"] == []
    for each in streams:
        each.close()
    assert site.ask().get_json()["eventStreams"]


def test_one_address_takes_some_places_and_not_all(tmp_path: Path) -> None:
    streams = Streams(Shown(), SetClock(datetime.now(UTC)), Notices(0.0, 32))
    held = [streams.open("192.0.2.1") for _ in range(12)]
    assert [each is not None for each in held].count(True) == 8
    assert streams.open("192.0.2.2") is not None
    assert streams.open("127.0.0.1") is not None
    first = held[0]
    assert first is not None
    first.close()  # type: ignore[attr-defined]
    assert streams.open("192.0.2.1") is not None


def test_browsers_elsewhere_may_ask(site: Site) -> None:
    for path in (BULK, f"{BULK}/{CHAT}.provider"):
        answer = site.client.open(path, method="OPTIONS")
        assert answer.status_code == 204
        allowed = {each.lower() for each in answer.headers["Access-Control-Allow-Headers"].split(", ")}
        assert {"content-type", "if-none-match", "authorization", "x-api-key"} <= allowed
        assert answer.headers["Access-Control-Allow-Methods"] == "POST"
        assert answer.headers["Access-Control-Max-Age"] == "86400"


def test_other_methods_and_addresses_are_refused_with_a_word(site: Site) -> None:
    answer = site.client.get(BULK)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")
    gone = site.client.get("/ofrep/v1/configuration")
    assert (gone.status_code, gone.get_json()["errorCode"]) == (404, "GENERAL")


def test_nobody_is_ever_told_that_they_ask_too_often(site: Site) -> None:
    assert {site.ask(f"{CHAT}.provider").status_code for _ in range(300)} == {200}


def test_without_a_bundle_there_is_a_word_and_a_time(tmp_path: Path) -> None:
    from statuspage.web.app import create_app

    client = Client(create_app(Shown(), tmp_path, SetClock(datetime.now(UTC))))
    answer = client.post(BULK, data=b"{}")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_streams_have_places_and_nobody_is_sent_away_for_others(site: Site) -> None:
    first, second = (site.client.get("/ofrep/v1/events", buffered=False) for _ in range(2))
    assert first.content_type == "text/event-stream"
    assert (first.headers["X-Accel-Buffering"], first.headers["Cache-Control"]) == ("no", "no-cache")
    assert next(iter(first.response)) == b"retry: 5000\n\n"
    third = site.client.get("/ofrep/v1/events")
    assert third.status_code == 503
    assert third.headers["Retry-After"].isdecimal()
    assert second.status_code == 200
    first.close()
    again = site.client.get("/ofrep/v1/events", buffered=False)
    assert again.status_code == 200
    second.close()
    again.close()


def test_a_notice_names_the_new_directives_and_holds_none(site: Site) -> None:
    stream = site.client.get("/ofrep/v1/events", buffered=False)
    chunks: Any = iter(stream.response)
    assert next(chunks) == b"retry: 5000\n\n"
    site.routed.put(QA, "native")
    site.show()
    text = bytes(next(chunks)).decode()
    lines = dict(line.split(": ", 1) for line in text.strip().split("\n"))
    data = json.loads(lines["data"])
    assert lines["event"] == "message"
    assert (data["type"], data["etag"]) == ("refetchEvaluation", lines["id"])
    assert isinstance(data["lastModified"], int)
    assert site.client.post(f"{BULK}?flagConfigEtag={data['etag']}", data=b"{}").status_code == 200
    stream.close()


def test_directives_grow_stale_by_the_webs_own_clock_and_change_nothing(site: Site) -> None:
    snapshot = site.routed.store.snapshot(site.clock.at)
    assert snapshot is not None
    before = site.client.get("/directives.json").get_json()
    site.clock.advance(60)
    site.shown.swap(build(site.folder / "public", snapshot, site.clock.at + timedelta(seconds=0)))
    after = site.client.get("/directives.json").get_json()
    assert (before["stale"], after["stale"]) == (False, True)
    assert before["routes"] == after["routes"]
    found = site.ask(f"{CHAT}.provider").get_json()
    assert (found["value"], found["metadata"]["stale"]) == ("firebase", True)
    assert found["metadata"]["heartbeat_age_s"] >= 59
