"""The protocol without sockets: frames, sessions, who hears of what in which order."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.drill.rtdb_tree import BadData
from statuspage.drill.rtdb_wire import FRAME, MAX_MESSAGE, Database, Joiner, Session, frames, hello


def ask(database: Database, session: Session, action: str, **body: Any) -> list[tuple[Session, Any]]:
    """One request, number 7 → (session, what it is told): pushes as (action, path, data), the answer as its status."""
    told: list[tuple[Session, Any]] = []
    for receiver, message in database.receive(session, {"t": "d", "d": {"r": 7, "a": action, "b": body}}, 1000):
        content = message["d"]
        if "r" in content:
            assert content["r"] == 7
            told.append((receiver, content["b"]["s"]))
        else:
            told.append((receiver, (content["a"], content["b"]["p"], content["b"]["d"])))
    return told


@pytest.fixture
def database() -> Database:
    return Database()


@given(st.text(max_size=50), st.integers(0, 3 * FRAME))
def test_a_message_survives_its_frames(text: str, more: int) -> None:
    message = {"t": "d", "d": text + "x" * more}
    joiner = Joiner()
    parts = frames(message)
    assert all(len(part) <= FRAME and part.isascii() for part in parts)
    *early, last = (joiner.feed(part) for part in parts)
    assert early == [None] * len(early)
    assert last == message


def test_a_single_frame_comes_with_its_count_or_without() -> None:
    joiner = Joiner()
    assert joiner.feed('{"t":"d"}') == {"t": "d"}
    assert joiner.feed("1") is None
    assert joiner.feed('{"t":"c"}') == {"t": "c"}


def test_the_keepalive_is_not_a_count() -> None:
    joiner = Joiner()
    assert joiner.feed("0") is None
    assert joiner.feed('{"t":"d"}') == {"t": "d"}


@pytest.mark.parametrize("frame", ["{", "[]", '"text"', '{"a": NaN}', '{"a": 1e999}', "[" * 5000])
def test_what_is_not_an_object_is_refused(frame: str) -> None:
    with pytest.raises(BadData):
        Joiner().feed(frame)


def test_a_message_over_the_limit_is_refused_before_it_is_whole() -> None:
    joiner = Joiner()
    joiner.feed("999999")
    for _ in range(MAX_MESSAGE // FRAME):
        assert joiner.feed("x" * FRAME) is None
    with pytest.raises(BadData, match="too big"):
        joiner.feed("x")


def test_hello_has_the_shape_of_production() -> None:
    assert hello("h:1", "s", 5) == {"t": "c", "d": {"t": "h", "d": {"ts": 5, "v": "5", "h": "h:1", "s": "s"}}}


def test_a_listen_is_shown_the_data_and_then_told_ok(database: Database) -> None:
    one = database.join("demo")
    ask(database, one, "p", p="/a/b", d=1)
    assert ask(database, one, "q", p="/a", h="") == [(one, ("d", "a", {"b": 1})), (one, "ok")]


def test_a_writer_hears_of_its_own_write_before_the_ok(database: Database) -> None:
    one, two = database.join("demo"), database.join("demo")
    for session in (one, two):
        ask(database, session, "q", p="/room", h="")
    told = ask(database, one, "p", p="/room/text", d="hello")
    assert set(told[:2]) == {(one, ("d", "room/text", "hello")), (two, ("d", "room/text", "hello"))}
    assert told[2] == (one, "ok")


def test_a_listener_below_the_write_hears_its_own_part(database: Database) -> None:
    one, two = database.join("demo"), database.join("demo")
    ask(database, two, "q", p="/room/m1/text", h="")
    told = ask(database, one, "p", p="/room", d={"m1": {"text": "x", "by": "one"}})
    assert told[0] == (two, ("d", "room/m1/text", "x"))


def test_a_merge_reaches_a_listener_above_as_one_merge(database: Database) -> None:
    one, two = database.join("demo"), database.join("demo")
    ask(database, two, "q", p="/", h="")
    told = ask(database, one, "m", p="/room", d={"a": 1, "b/c": {".sv": "timestamp"}})
    assert told[0] == (two, ("m", "room", {"a": 1, "b/c": 1000}))


def test_namespaces_are_worlds_of_their_own(database: Database) -> None:
    one, two = database.join("demo"), database.join("other")
    ask(database, two, "q", p="/a", h="")
    assert ask(database, one, "p", p="/a", d=1) == [(one, "ok")]
    assert database.roots == {"demo": {"a": 1}}


def test_nothing_is_pushed_after_an_unlisten(database: Database) -> None:
    one = database.join("demo")
    ask(database, one, "q", p="/a", q={"l": 1, "vf": "r"}, t=3, h="")
    ask(database, one, "q", p="/a", h="")
    ask(database, one, "n", p="/a", q={"l": 1, "vf": "r"}, t=3)
    assert ask(database, one, "p", p="/a/x", d=1) == [(one, ("d", "a/x", 1)), (one, "ok")]
    ask(database, one, "n", p="/a")
    assert ask(database, one, "p", p="/a/x", d=2) == [(one, "ok")]


def test_a_filtered_listen_hears_only_of_what_it_shows(database: Database) -> None:
    one = database.join("demo")
    ask(database, one, "p", p="/log", d={"a": 1, "b": 2})
    ask(database, one, "q", p="/log", q={"i": ".key", "l": 1, "vf": "r"}, t=1, h="")
    assert ask(database, one, "p", p="/log/a", d=9) == [(one, "ok")]
    assert ask(database, one, "p", p="/log/c", d=3) == [(one, ("d", "log", {"c": 3})), (one, "ok")]


def test_a_stale_hash_changes_nothing(database: Database) -> None:
    one = database.join("demo")
    assert ask(database, one, "p", p="/n", d=1, h="") == [(one, "ok")]
    assert ask(database, one, "p", p="/n", d=2, h="") == [(one, "datastale")]
    assert database.roots["demo"] == {"n": 1}


def test_on_disconnect_writes_happen_when_the_session_leaves(database: Database) -> None:
    one, two = database.join("demo"), database.join("demo")
    ask(database, one, "o", p="/presence/me", d={".sv": "timestamp"})
    ask(database, one, "om", p="/presence", d={"count": {".sv": {"increment": -1}}})
    ask(database, one, "o", p="/presence/other/x", d=1)
    ask(database, one, "oc", p="/presence/other")
    ask(database, two, "q", p="/presence", h="")
    pushes = database.leave(one, 2000)
    assert database.roots["demo"] == {"presence": {"me": 2000, "count": -1}}
    assert all(session is two for session, _ in pushes)


def test_what_could_not_be_written_is_refused_and_the_session_goes_on(database: Database) -> None:
    one = database.join("demo")
    for action, body in (
        ("p", {"p": "/a", "d": {"x.y": 1}}),
        ("o", {"p": "/a", "d": {"$": 1}}),
        ("m", {"p": "/a", "d": 5}),
        ("q", {"p": None}),
        ("g", {"p": "/a", "q": {"i": 5}}),
        ("zzz", {}),
    ):
        if action == "g":
            ask(database, one, "p", p="/a", d={"x": 1})
        assert ask(database, one, action, **body) == [(one, "failure")]
    assert ask(database, one, "s", c={"sdk.js": 1}) == [(one, "ok")]


@pytest.mark.parametrize("message", [{}, {"t": "d", "d": 5}, {"t": "d", "d": {"r": "1", "a": "q"}}])
def test_what_is_not_a_request_ends_the_session(database: Database, message: dict[str, Any]) -> None:
    with pytest.raises(BadData):
        database.receive(database.join("demo"), message, 0)


def token(claims: dict[str, Any]) -> str:
    return "e30." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".x"


def test_credentials_are_read_and_expired_ones_refused(database: Database) -> None:
    one = database.join("demo")
    assert ask(database, one, "auth", cred=token({"sub": "u1", "exp": 9999})) == [(one, "ok")]
    assert one.auth == {"uid": "u1"}
    assert ask(database, one, "auth", cred=token({"exp": 0})) == [(one, "expired_token")]
    assert ask(database, one, "auth", cred="nonsense") == [(one, "invalid_token")]
    assert ask(database, one, "gauth", cred="secret", authvar={"uid": "probe"}) == [(one, "ok")]
    assert one.auth == {"uid": "probe"}
    assert ask(database, one, "unauth") == [(one, "ok")]
    assert one.auth is None


def test_a_control_ping_is_answered(database: Database) -> None:
    one = database.join("demo")
    assert database.receive(one, {"t": "c", "d": {"t": "p", "d": {}}}, 0) == [
        (one, {"t": "c", "d": {"t": "o", "d": {}}})
    ]
