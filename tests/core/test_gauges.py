"""Numbers out of what applications tell of themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statuspage.core.gauges import json_number, metric_number, selector

PAGE = b"""# HELP websocket_connections Open connections.
# TYPE websocket_connections gauge
websocket_connections{app="chat",host="a"} 100
websocket_connections{app="chat",host="b"} 20.5
websocket_connections{app="qa",note="a \\"b\\" {c}"} 3 1700000000000
websocket_connections_total 9
broken{app="chat"
nothing NaN
minus -4
"""


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("websocket_connections", 123.5),
        ('websocket_connections{app="chat"}', 120.5),
        ('websocket_connections{host="b", app="chat"}', 20.5),
        ('websocket_connections{app="qa"}', 3.0),
        ('websocket_connections{app="none"}', None),
        ("websocket_connections_total", 9.0),
        ("nothing", None),
        ("minus", None),
        ("absent", None),
    ],
)
def test_a_metric_is_the_sum_of_its_series(wanted: str, found: float | None) -> None:
    assert metric_number(PAGE, wanted) == found


@pytest.mark.parametrize("text", ["", "rate(x)", "x{", 'x{y="z"', "x{y}", "{y}", "1x"])
def test_what_is_no_metric_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a metric"):
        selector(text)


@pytest.mark.parametrize(
    ("path", "found"),
    [("a.b[1]", 7.0), ("a.b[0]", None), ("a.c", None), ("a.t", None), ("a.n", None), ("a.m", None), ("x", 2.5)],
)
def test_a_number_at_a_path(path: str, found: float | None) -> None:
    body = b'{"a": {"b": ["7", 7], "t": true, "n": NaN, "m": -1}, "x": 2.5}'
    assert json_number(body, path) == found


@pytest.mark.parametrize("filling", [" ", "a", ' a="b" ', '"'])
def test_a_long_row_of_anything_is_looked_through_once(filling: str) -> None:
    row = filling * (1_000_000 // len(filling))
    with pytest.raises(ValueError, match="longer than 8 KB"):
        metric_number(f"m{{{row}}} 1\n".encode(), "m")
    with pytest.raises(ValueError, match="write a metric"):
        selector(f"m{{x{row}}}")
    assert metric_number(f"other{{{row}}} 1\nm 2\n".encode(), "m") == 2


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e300", "1e400", "1000000000000000", "Infinity", "-1"])
def test_what_nobody_has_is_no_number(number: str) -> None:
    assert json_number(f'{{"u": {number}}}'.encode(), "u") is None
    assert metric_number(f"u {number}".encode(), "u") is None


def test_what_is_no_json_is_an_error_that_can_be_told() -> None:
    for body in (b"<html>", b"", b"[" * 100_000):
        with pytest.raises(ValueError, match=r"."):
            json_number(body, "a")


@given(st.binary(max_size=300))
def test_no_page_makes_an_error_of_ours(body: bytes) -> None:
    found = metric_number(body, "x")
    assert found is None or found >= 0
