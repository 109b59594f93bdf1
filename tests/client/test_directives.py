"""The Python client against a real server that behaves well, badly, or not at all."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from statuspage.client import Directives, moment
from statuspage.core.route import Ramp, Rollout, RouteState
from statuspage.store.generation import new_generation
from tests.client.documents import AT, CHAT, QA, UNUSABLE, document, later, limited, moved, state, unusable
from tests.client.page import Page, serving
from tests.waiting import wait_for

DEFAULTS = {CHAT: "firebase"}


class SetClock:
    """Seconds that go on when told to; the wall clock is an hour wrong, which nobody must notice."""

    def __init__(self) -> None:
        self.at = 50.0

    def __call__(self) -> float:
        return self.at

    def wall(self) -> float:
        return AT.timestamp() + 3600 + self.at


@pytest.fixture
def page() -> Iterator[Page]:
    with serving() as found:
        yield found


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


def client(page: Page, clock: SetClock | None = None, **more: Any) -> Directives:
    """A client that reads only when it is told to, where it has a clock that stands."""
    if clock is not None:
        more = {"clock": clock, "wall": clock.wall, "max_age": 1e6} | more
    return Directives(page.url, DEFAULTS, client_id="ana", **more)


def tell(page: Page, *states: RouteState, **more: Any) -> None:
    page.document = document(*states, **more)


def test_the_first_question_waits_for_the_first_reading(page: Page) -> None:
    tell(page, moved())
    assert client(page).provider(CHAT) == "native"
    assert [path for path, _ in page.asked] == ["/directives.json"]


def test_without_a_server_the_default_holds_and_nobody_waits_twice(page: Page) -> None:
    page.fault = "silent"
    found, began = client(page, timeout=0.3), time.monotonic()
    assert found.provider(CHAT) == "firebase"
    assert time.monotonic() - began < 1.5
    began = time.monotonic()
    assert [found.provider(CHAT) for _ in range(100)] == ["firebase"] * 100
    assert time.monotonic() - began < 0.2
    assert found.provider("realtime.unheard-of") == "limited"
    assert (found.directive(CHAT), found.epoch(CHAT), found.moment(CHAT), found.wait(CHAT)) == (None, None, None, 0)


@pytest.mark.timeout(60)
def test_a_head_that_drips_is_given_up(page: Page) -> None:
    tell(page, moved())
    page.fault = "drips its head"
    assert not client(page, timeout=0.3).refresh()


def test_an_answer_that_drips_is_given_up_in_time(page: Page) -> None:
    tell(page, moved())
    page.fault = "drips"
    began = time.monotonic()
    assert not client(page, timeout=0.3).refresh()
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("fault", ["broken", "silent", "drips"])
def test_the_last_known_stays_whatever_the_server_does(page: Page, fault: str) -> None:
    tell(page, moved())
    found = client(page, timeout=0.3)
    assert found.refresh()
    tell(page, state(epoch=3))
    page.fault = fault
    assert not found.refresh()
    assert found.provider(CHAT) == "native"


@pytest.mark.parametrize(
    "nonsense",
    [[], 7, None, {}, {"version": 2}, {"version": 1, "config_epoch": ["1g1", 9], "routes": []},
     {"version": 1, "config_epoch": "x", "routes": {}},
     {"version": 1, "config_epoch": ["1g1", 9], "routes": {CHAT: {}}},
     {"version": 1, "config_epoch": ["1g1", 9], "routes": {CHAT: {"target": 7}}}],
)  # fmt: skip
def test_a_document_that_is_none_of_ours_changes_nothing(page: Page, nonsense: Any) -> None:
    tell(page, moved())
    found = client(page)
    assert found.refresh()
    page.document = nonsense
    assert not found.refresh()
    assert found.provider(CHAT) == "native"


@pytest.mark.parametrize("name", UNUSABLE)
def test_a_document_that_nobody_can_go_by_keeps_no_good_one_away(
    page: Page, clock: SetClock, tmp_path: Path, name: str
) -> None:
    bad, store = unusable(name, moved(epoch=3)).encode(), tmp_path / "directives.json"
    found = client(page, clock, store=store)
    page.document = bad
    assert not found.refresh()
    assert (found.provider(CHAT), found.epoch(CHAT), found.wait(CHAT)) == ("firebase", None, 0)
    found.report(CHAT, "ok", 1)
    assert not store.exists()
    tell(page, moved(epoch=2))
    assert found.refresh()
    page.document = bad
    assert not found.refresh()
    tell(page, state(provider="native", epoch=3))
    assert found.refresh()
    assert (found.provider(CHAT), found.epoch(CHAT)) == ("native", ("1g1", 3))


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_nobody_can_go_by_is_not_known_after_a_restart_either(
    page: Page, clock: SetClock, tmp_path: Path, name: str
) -> None:
    store = tmp_path / "directives.json"
    times = {"read_at": clock.wall(), "skew": 0, "since": {}}
    store.write_text(json.dumps({"document": json.loads(unusable(name, moved(epoch=3))), **times}))
    found = client(page, clock, store=store)
    tell(page, moved(epoch=2))
    assert found.refresh()
    assert found.provider(CHAT) == "native"


def test_what_was_made_in_the_future_keeps_nothing_away(page: Page, clock: SetClock, tmp_path: Path) -> None:
    store = tmp_path / "directives.json"
    for generation in ("zzzz", new_generation(later(10 * 86400))):
        found = client(page, clock, store=store)
        tell(page, moved(epoch=5), generation=generation)
        assert found.refresh()
        for again in (found, client(page, clock, store=store)):
            tell(page, state(epoch=2), generation=new_generation(AT))
            assert again.refresh()
            assert again.provider(CHAT) == "firebase"


def test_a_server_whose_clock_is_some_hours_ahead_is_followed_as_any_other(page: Page, clock: SetClock) -> None:
    found = client(page, clock)
    tell(page, moved(epoch=5), generation=new_generation(later(20 * 3600)))
    assert found.refresh()
    tell(page, state(epoch=6), generation=new_generation(AT))
    assert not found.refresh()


@pytest.mark.parametrize("age", ["9" * 400, "-9", "soon", "1e999", "9" * 5000])
def test_an_age_that_is_none_changes_no_time(page: Page, clock: SetClock, age: str) -> None:
    tell(page, moved(seconds=100))
    page.headers = {"Age": age}
    found = client(page, clock)
    assert found.refresh()
    assert found.provider(CHAT) == "native"


def test_it_is_read_again_behind_those_who_ask(page: Page) -> None:
    tell(page, state())
    found = client(page, max_age=0.05)
    assert found.provider(CHAT) == "firebase"
    tell(page, moved())
    wait_for(lambda: found.provider(CHAT) == "native", "the new provider")


def test_whoever_asks_after_a_long_pause_waits_for_what_is_new(page: Page, clock: SetClock) -> None:
    tell(page, state())
    found = client(page, clock, max_age=5)
    assert found.provider(CHAT) == "firebase"
    tell(page, moved())
    clock.at += 6
    assert found.provider(CHAT) == "firebase"
    wait_for(lambda: found.provider(CHAT) == "native", "the reading behind")
    tell(page, state(epoch=3))
    clock.at += 600
    assert found.provider(CHAT) == "firebase"


def test_many_who_ask_at_once_read_once(page: Page) -> None:
    tell(page, moved())
    found, answers = client(page), list[str]()
    threads = [threading.Thread(target=lambda: answers.append(found.provider(CHAT))) for _ in range(40)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers == ["native"] * 40
    assert len(page.asked) == 1


def test_what_has_not_changed_is_not_sent_again_and_is_fresh_again(page: Page) -> None:
    tell(page, moved())
    found = client(page)
    assert found.refresh()
    assert found.refresh()
    assert found.refresh()
    assert page.unchanged == 2
    assert found.provider(CHAT) == "native"


def test_an_older_document_is_refused(page: Page) -> None:
    found = client(page)
    tell(page, moved(epoch=5))
    assert found.refresh()
    tell(page, state(epoch=4))
    assert not found.refresh()
    assert found.epoch(CHAT) == ("1g1", 5)
    tell(page, state(epoch=9), generation="1g0")
    assert not found.refresh()
    tell(page, state(epoch=1), generation="1g2")
    assert found.refresh()
    assert (found.provider(CHAT), found.epoch(CHAT)) == ("firebase", ("1g2", 1))


def test_an_older_directive_in_a_newer_document_is_refused(page: Page) -> None:
    found = client(page)
    tell(page, moved(epoch=5))
    assert found.refresh()
    tell(page, state(epoch=4), state(QA, "native", epoch=2))
    assert found.refresh()
    assert (found.provider(CHAT), found.provider(QA)) == ("native", "native")


def test_a_route_that_is_gone_has_its_default_again(page: Page) -> None:
    found = client(page)
    tell(page, moved())
    assert found.refresh()
    del page.document["routes"][CHAT]
    page.document["config_epoch"][1] += 1
    assert found.refresh()
    assert found.provider(CHAT) == "firebase"


def test_a_client_moves_at_its_own_moment_from_when_it_heard_of_the_move(page: Page, clock: SetClock) -> None:
    tell(page, state())
    found = client(page, clock)
    assert found.refresh()
    assert found.wait(CHAT) == 0
    tell(page, moved(seconds=100, wait_s=20))
    page.now = later(7)
    clock.at += 7
    assert found.refresh()
    own = moment("ana", "native-2") * 100
    assert found.wait(CHAT) == pytest.approx(20 + own)
    assert found.moment(CHAT) == moment("ana", "native-2")
    clock.at += 20
    assert found.refresh()  # hearing of it again changes nothing
    assert found.wait(CHAT) == pytest.approx(own)
    clock.at += 100
    assert found.wait(CHAT) == 0


def test_a_newer_epoch_of_the_same_move_does_not_begin_the_wait_anew(page: Page, clock: SetClock) -> None:
    found = client(page, clock)
    tell(page, moved(seconds=100))
    assert found.refresh()
    clock.at += 3
    tell(page, moved(epoch=3, seconds=100))
    page.document["routes"][CHAT]["move"] = "native-2"
    assert found.refresh()
    assert found.epoch(CHAT) == ("1g1", 3)
    assert found.wait(CHAT) == pytest.approx(moment("ana", "native-2") * 100 - 3)


@pytest.mark.parametrize("age", [0, 60])
def test_who_comes_after_the_ramp_by_the_servers_time_connects_at_once(page: Page, clock: SetClock, age: int) -> None:
    tell(page, moved(seconds=100, wait_s=20))
    page.now, page.headers = later(121 - age), {"Age": str(age)}
    found = client(page, clock)
    assert found.refresh()
    assert found.wait(CHAT) == 0
    page.now, page.headers = later(90), {}
    other = client(page, clock)
    assert other.refresh()
    assert other.wait(CHAT) > 0


def test_a_step_of_a_return_has_a_ramp_of_its_own(page: Page, clock: SetClock) -> None:
    everybody = Rollout("firebase", 100, later(600), Ramp(later(600), 5, 80))
    returning = moved(epoch=3, seconds=100, rollout=everybody)
    tell(page, moved(seconds=100))
    page.now = later(500)
    found = client(page, clock)
    assert found.refresh()
    assert found.wait(CHAT) == 0
    page.now = later(601)
    tell(page, returning)
    assert found.refresh()
    assert found.provider(CHAT) == "firebase"
    assert found.wait(CHAT) == pytest.approx(5 + moment("ana", "native-3") * 80)
    page.now = later(700)
    newcomer = client(page, clock)
    assert newcomer.refresh()
    assert (newcomer.provider(CHAT), newcomer.wait(CHAT)) == ("firebase", 0)


def flipped(page: Page, seconds: int) -> None:
    """A route that stays on Firebase, while those with many users are led to Native within so many seconds."""
    tell(page, state(epoch=3))
    page.document["routes"][CHAT]["rules"] = [
        {"attribute": "event_users", "over": 5000, "under": 4000, "held": False, "target": "native",
         "publish_to": ["firebase", "native"], "move": "flip-3",
         "ramp": {"start": later(0).isoformat(), "wait_s": 5, "seconds": seconds}},
    ]  # fmt: skip


def test_whom_a_rule_applies_to_waits_for_their_own_ramp_and_nobody_else_does(
    page: Page, clock: SetClock, tmp_path: Path
) -> None:
    flipped(page, 100)
    many, own = {"event_users": 6000}, moment("ana", "flip-3") * 100
    found = client(page, clock, store=tmp_path / "kept.json")
    assert found.refresh()
    assert (found.provider(CHAT), found.wait(CHAT)) == ("firebase", 0)
    assert found.provider(CHAT, many) == "native"
    assert found.wait(CHAT, many) == pytest.approx(5 + own)
    assert found.moment(CHAT, many) == moment("ana", "flip-3")
    for context, places in ((None, ["firebase"]), (many, ["firebase", "native"])):
        said = found.directive(CHAT, context)
        assert said is not None
        assert said["publish_to"] == places
    clock.at += 20
    again = client(page, clock, store=tmp_path / "kept.json")
    assert again.wait(CHAT, many) == pytest.approx(max(0, 5 + own - 20))


def test_a_step_without_a_ramp_is_taken_at_once(page: Page, clock: SetClock) -> None:
    tell(page, moved(epoch=3, seconds=100, rollout=Rollout("firebase", 100, later(600))))
    found = client(page, clock)
    assert found.refresh()
    assert (found.provider(CHAT), found.wait(CHAT)) == ("firebase", 0)


def test_the_context_decides_and_the_client_is_who_it_is(page: Page) -> None:
    tell(page, state(rollout=Rollout("native", 50, AT)))
    found = client(page)
    assert found.refresh()
    page.document["routes"][CHAT]["rules"] = [
        {"attribute": "event_users", "over": 5000, "under": 4000, "held": False, "target": "native"}
    ]
    page.document["config_epoch"][1] += 1
    assert {Directives(page.url, client_id=str(n)).provider(CHAT) for n in range(20)} == {"firebase", "native"}
    assert found.refresh()
    assert found.provider(CHAT, {"event_users": 6200}) == "native"
    assert {found.provider(CHAT, {"targetingKey": str(n)}) for n in range(20)} == {"firebase", "native"}


def test_limited_mode_that_ends_leads_on_by_the_servers_time(page: Page, clock: SetClock) -> None:
    tell(page, limited(expires_at=later(60), expires_to="native"))
    found = client(page, clock)
    assert found.refresh()
    assert (found.provider(CHAT), found.wait(CHAT)) == ("limited", 0)
    clock.at += 60
    own = moment("ana", "limited-2") * 30
    assert found.provider(CHAT) == "native"
    assert found.wait(CHAT) == pytest.approx(own)
    clock.at += 30
    assert found.wait(CHAT) == 0


def test_a_file_keeps_what_was_read_over_a_restart(page: Page, clock: SetClock, tmp_path: Path) -> None:
    store = tmp_path / "directives.json"
    tell(page, moved(seconds=1000))
    assert client(page, clock, store=store).refresh()
    page.fault = "broken"
    clock.at += 10
    again = client(page, clock, store=store)
    assert again.provider(CHAT) == "native"
    assert again.wait(CHAT) == pytest.approx(moment("ana", "native-2") * 1000 - 10)
    assert [each.name for each in tmp_path.iterdir()] == ["directives.json"]


def test_a_file_of_last_week_is_not_believed_but_its_epochs_are(page: Page, clock: SetClock, tmp_path: Path) -> None:
    store = tmp_path / "directives.json"
    tell(page, moved(epoch=5))
    assert client(page, clock, store=store).refresh()
    clock.at += 7 * 86400
    page.fault = "broken"
    again = client(page, clock, store=store)
    assert again.provider(CHAT) == "firebase"
    page.fault = None
    tell(page, limited(epoch=4))
    assert not again.refresh()
    assert again.provider(CHAT) == "firebase"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"document": {}, "since": {}, "read_at": 1}', "\0"])
def test_a_torn_file_is_no_file(page: Page, tmp_path: Path, text: str) -> None:
    store = tmp_path / "directives.json"
    store.write_text(text)
    page.fault = "broken"
    assert client(page, store=store).provider(CHAT) == "firebase"


def test_a_folder_that_cannot_be_written_is_no_trouble(page: Page, tmp_path: Path) -> None:
    tell(page, moved())
    assert client(page, store=tmp_path / "no" / "such" / "file").provider(CHAT) == "native"


@contextmanager
def heard(page: Page, count: int) -> Iterator[list[dict[str, Any]]]:
    """What the page hears meanwhile, as soon as it is so much."""
    found: list[dict[str, Any]] = []
    yield found
    wait_for(lambda: len(page.beacons) >= count, "the beacons")
    found += [json.loads(each) for each in page.beacons]


def test_a_report_is_small_and_says_how_connecting_went(page: Page) -> None:
    tell(page, moved(epoch=7))
    found = client(page)
    with heard(page, 1) as said:
        found.report(CHAT, "ok", 61.7)
    assert said == [{"p": "native", "r": CHAT, "e": 7, "o": "ok", "ms": 62}]
    assert max(map(len, page.beacons)) <= 200


def test_reports_are_a_sample_and_never_a_trouble(page: Page) -> None:
    tell(page, moved())
    silent = client(page, sample=0)
    silent.report(CHAT, "timeout", 8000)
    with pytest.raises(ValueError, match="outcome"):
        silent.report(CHAT, "wonderful", 1)
    nobody = Directives("http://127.0.0.1:1", DEFAULTS)
    nobody.report(CHAT, "refused", 1)
    nobody.report("r" * 300, "refused", 1)
    with heard(page, 1) as said:
        client(page, sample=1).report(CHAT, "limited", 0, provider="firebase")
    assert [each["p"] for each in said] == ["firebase"]


@pytest.mark.parametrize(("said", "sample", "share"), [(0, 1, 0), (0.5, 1, 0.5), (0.5, 0.2, 0.2), (None, 1, 0.1)])
def test_the_status_page_says_how_large_a_part_of_reports_it_wants(
    page: Page, monkeypatch: pytest.MonkeyPatch, said: float | None, sample: float, share: float
) -> None:
    tell(page, moved())
    page.document["routes"][CHAT]["connect"]["beacon_share"] = said
    found, sent = client(page, sample=sample), list[float]()
    monkeypatch.setattr(found._beacon, "send", lambda *report: sent.append(report[-1]))
    found.report(CHAT, "ok", 1)
    assert sent == [share]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://127.0.0.1", "status.example.com", ""])
def test_only_http_is_read(url: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Directives(url)
