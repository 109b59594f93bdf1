"""Prebuilt answers: methods, encodings, conditional requests, and nothing else let in."""

from pathlib import Path

import pytest

from statuspage.core.site import public_id
from statuspage.web.middleware import _accepts_gzip, accepts_gzip, matches
from tests.web.served import client
from tests.web.snapshots import NOW, make_snapshot, sep13, told_snapshot


@pytest.mark.parametrize(
    ("codings", "accepted"),
    [
        ("gzip", True), ("gzip, deflate, br", True), ("br;q=1.0, gzip;q=0.8", True), ("*", True), ("x-gzip", True),
        ("GZIP", True), ("gzip;q=0.001", True), ("", False), ("identity", False), ("br", False), ("gzip;q=0", False),
        ("gzip;q=0.0, *", False), ("*;q=0", False), ("*, gzip;q=0", False), ("gzip;q=abc", False), ("gzipped", False),
        ("gzip ; Q=0", False), (";;,,=", False), ("gzip;level=9", True),
    ],
)  # fmt: skip
def test_gzip_is_sent_to_those_who_take_it(codings: str, accepted: bool) -> None:
    assert accepts_gzip(codings) is accepted


def test_a_header_without_end_is_neither_read_nor_kept() -> None:
    before = _accepts_gzip.cache_info()
    assert accepts_gzip("gzip" + ",br" * 400) is False
    assert _accepts_gzip.cache_info() == before
    assert matches('"b",' * 4000 + '"a"', '"a"') is False


@pytest.mark.parametrize(
    ("known", "same"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ('"b",W/"a" , "c"', True), ("*", True), (" * ", True),
     ('"b"', False), ("a", False), ('"a-gz"', False), ("", False), (",,", False)],
)  # fmt: skip
def test_if_none_match_takes_lists_weak_tags_and_the_star(known: str, same: bool) -> None:
    assert matches(known, '"a"') is same


def test_a_page_is_the_same_by_get_and_head_but_for_its_body(tmp_path: Path) -> None:
    web = client(tmp_path, make_snapshot(), NOW)
    got, head = web.get("/"), web.head("/")
    assert got.status_code == head.status_code == 200
    assert list(got.headers) == list(head.headers)
    assert int(got.headers["Content-Length"]) == len(got.data)
    assert head.data == b""


def test_gzip_and_plain_are_two_answers_with_two_etags(tmp_path: Path) -> None:
    web = client(tmp_path, make_snapshot(), NOW)
    plain, packed = web.get("/"), web.get("/", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["ETag"] != packed.headers["ETag"]
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert len(packed.data) < len(plain.data) / 5


@pytest.mark.parametrize("coding", ["gzip", "identity"])
def test_an_unchanged_page_is_304_with_the_headers_a_cache_needs(tmp_path: Path, coding: str) -> None:
    web = client(tmp_path, make_snapshot(), NOW)
    headers = {"Accept-Encoding": coding}
    first = web.get("/", headers=headers)
    again = web.get("/", headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary", "Content-Security-Policy"):
        assert again.headers[name] == first.headers[name]
    assert "Content-Length" not in again.headers


def test_an_etag_of_the_other_encoding_does_not_match(tmp_path: Path) -> None:
    web = client(tmp_path, make_snapshot(), NOW)
    plain = web.get("/").headers["ETag"]
    assert web.get("/", headers={"Accept-Encoding": "gzip", "If-None-Match": plain}).status_code == 200


def test_a_query_does_not_make_another_page(tmp_path: Path) -> None:
    web = client(tmp_path, make_snapshot(), NOW)
    assert web.get("/?x=1").headers["ETag"] == web.get("/").headers["ETag"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"])
def test_other_methods_are_refused_by_name(tmp_path: Path, method: str) -> None:
    web = client(tmp_path, make_snapshot(), NOW)
    answer = web.open("/", method=method)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"


def test_a_preflight_for_data_is_answered(tmp_path: Path) -> None:
    web = client(tmp_path, make_snapshot(), NOW)
    answer = web.options("/api/v2/summary.json")
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "If-None-Match"
    assert "Access-Control-Allow-Origin" not in web.options("/").headers


def test_assets_may_be_kept_for_ever_and_pages_for_two_seconds(tmp_path: Path) -> None:
    web = client(tmp_path, make_snapshot(), NOW)
    page = web.get("/")
    style = next(part for part in page.text.split('"') if part.startswith("/static/page.") and part.endswith(".css"))
    assert "immutable" in web.get(style).headers["Cache-Control"]
    expected = "public, max-age=2, stale-while-revalidate=3, stale-if-error=86400"
    assert page.headers["Cache-Control"] == expected
    assert web.get("/api/v2/summary.json").headers["Cache-Control"] == expected
    assert page.headers["Link"] == '</api/v2/status.json>; rel="status"'


COMPONENT = public_id("component", "firebase-web-sockets")


@pytest.mark.parametrize(
    ("query", "same_as"),
    [
        ("", "/history"), ("page=1", "/history"), ("utm_source=mail", "/history"), ("component=", "/history"),
        ("x=<script>", "/history"), ("page=2&x=1", "/history?page=2"), ("x=1&page=2", "/history?page=2"),
        (f"component={COMPONENT}&page=1", f"/history?component={COMPONENT}"),
        (f"page=2&component={COMPONENT}", f"/history?component={COMPONENT}&page=2"),
        (f"component={COMPONENT}&component=", f"/history?component={COMPONENT}"),
    ],
)  # fmt: skip
def test_a_query_finds_its_page_of_the_history_whatever_else_it_says(tmp_path: Path, query: str, same_as: str) -> None:
    web = client(tmp_path, told_snapshot(), NOW)
    found, expected = web.get(f"/history?{query}"), web.get(same_as)
    assert expected.status_code == 200
    assert (found.data, found.headers["ETag"]) == (expected.data, expected.headers["ETag"])


def test_pages_of_the_history_differ(tmp_path: Path) -> None:
    web = client(tmp_path, told_snapshot(), NOW)
    urls = ["/history", "/history?page=2", f"/history?component={COMPONENT}", f"/history?component={COMPONENT}&page=2"]
    assert len({web.get(url).headers["ETag"] for url in urls}) == 4


@pytest.mark.parametrize(
    "query",
    ["page=0", "page=01", "page=999", "page=-1", "page=2%00", "page=abc", "component=nope", "page=2&page=999",
     f"component={COMPONENT}&page=999", "component=../etc", "&".join(["page=2"] * 30)],
)  # fmt: skip
def test_a_page_of_the_history_that_is_not_there_is_not_found_and_not_kept(tmp_path: Path, query: str) -> None:
    answer = client(tmp_path, told_snapshot(), NOW).get(f"/history?{query}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (404, "no-store")


def test_a_query_cannot_be_written_into_the_path(tmp_path: Path) -> None:
    web = client(tmp_path, told_snapshot(), NOW)
    assert web.get("/history?page=2").status_code == 200
    assert web.get("/history%3Fpage=2").status_code == 404


def test_a_short_address_leads_to_the_page_by_a_relative_one(tmp_path: Path) -> None:
    web = client(tmp_path, told_snapshot(), NOW)
    answer = web.get(f"/i/{sep13().id}", headers={"Host": "evil.example"})
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/incidents/{sep13().id}")
    assert web.get(answer.headers["Location"]).status_code == 200
    assert web.head(f"/i/{sep13().id}").status_code == 302
    for unknown in ("/i/nope", "/i/", "/i/..", "/i/../history", "/i/%2e%2e%2fhistory", "/i/a%0d%0ab"):
        assert web.get(unknown).status_code == 404, unknown
