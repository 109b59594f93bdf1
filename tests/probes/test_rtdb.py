"""Frames and messages of the Realtime Database's protocol, without a socket."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probes._rtdb import PART, Frames, Hello, Push, Reply, Trouble, frames, parse, request, shutdown_reason
from probes._run import Failed
from statuspage.core.observation import Reason


@given(st.lists(st.text(max_size=40) | st.integers(0, 9).map(lambda digit: str(digit) * (2 * PART + 1)), max_size=4))
def test_what_is_sent_in_frames_is_what_comes_out(texts: list[str]) -> None:
    messages = [request(number, "p", {"p": "/x", "d": text}) for number, text in enumerate(texts)]
    inlet = Frames()
    out = [whole for message in messages for frame in frames(message) if (whole := inlet.feed(frame)) is not None]
    assert out == messages
    assert all(len(frame) <= PART for message in messages for frame in frames(message))


def test_a_number_announces_the_parts_and_only_where_a_message_may_begin() -> None:
    inlet = Frames()
    assert inlet.feed("1") is None
    assert inlet.feed('{"one":1}') == '{"one":1}'
    assert inlet.feed('{"unannounced":1}') == '{"unannounced":1}'
    assert [inlet.feed(frame) for frame in ("3", '{"n":', "12", "}")] == [None, None, None, '{"n":12}']
    assert [inlet.feed("0"), inlet.feed("{}")] == [None, "{}"]


def test_the_order_of_keys_does_not_matter_nor_what_we_do_not_know() -> None:
    assert parse('{"d":{"d":{"v":"5","ts":1.5,"h":"x","new":1},"t":"h"},"t":"c"}') == Hello(1.5, "x", "5")
    assert parse('{"t":"d","d":{"b":{"s":"ok","d":{}},"r":7}}') == Reply(7, "ok", {})
    assert parse('{"t":"d","d":{"a":"d","b":{"p":"x","d":null}}}') == Push("d", {"p": "x", "d": None})
    assert parse('{"t":"d","d":{"error":"boom"}}') == Trouble("boom")


@pytest.mark.parametrize("text", ["", "nonsense", "[]", "7", '{"t":"x","d":{}}', '{"t":"c","d":5}', "[" * 100_000])
def test_what_is_not_of_the_protocol_is_said_to_be_so(text: str) -> None:
    with pytest.raises(Failed) as failed:
        parse(text)
    assert failed.value.reason is Reason.PROTOCOL


@pytest.mark.parametrize("host", ["", "a b", "x/y", "user@host", "host:port", "host:1:2", None, 7, "evil\r\nX: y"])
def test_a_reset_to_something_that_is_no_host_is_refused(host: object) -> None:
    with pytest.raises(Failed):
        parse(json.dumps({"t": "c", "d": {"t": "r", "d": host}}))


def test_a_spent_quota_is_a_quota_although_its_text_says_disabled() -> None:
    text = "The Firebase database 'X' has exceeded its quota limit and has been temporarily disabled."
    assert shutdown_reason(text) is Reason.QUOTA
    assert shutdown_reason("anything else") is Reason.SHUTDOWN


@pytest.mark.parametrize(
    "text",
    [
        '{"t":"c","d":{"t":"h","d":{"ts":NaN}}}',
        '{"t":"c","d":{"t":"h","d":{"ts":1e999}}}',
        '{"t":"c","d":{"t":"h","d":{"ts":1' + "0" * 400 + "}}}",
        '{"t":"c","d":{"t":"h","d":{"ts":-1}}}',
        '{"t":"c","d":{"t":"r","d":"127.0.0.1:99999"}}',
        '{"t":"c","d":{"t":"r","d":"[:::]:1"}}',
        '{"t":"c","d":{"t":"r","d":"host:0"}}',
    ],
)
def test_values_that_no_server_can_mean_are_the_servers_fault(text: str) -> None:
    with pytest.raises(Failed) as failed:
        parse(text)
    assert failed.value.reason is Reason.PROTOCOL


def test_a_message_of_endless_parts_is_refused_at_once() -> None:
    with pytest.raises(Failed) as failed:
        Frames().feed("999999")
    assert failed.value.reason is Reason.TOO_BIG
