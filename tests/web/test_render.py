"""The rendered site as bytes: complete, the same every time, small, escaped, and fit for a strict policy (P27)."""

import base64
import gzip
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest

from statuspage.core.site import Component, Group, Image, Link
from statuspage.core.state import Snapshot
from statuspage.templates_dir import templates_dir
from statuspage.web.assets import FOLDER
from statuspage.web.errors import TEXTS, error_body
from statuspage.web.render import File, Kind, render
from tests.web.hostile import TEXTS as HOSTILE
from tests.web.hostile import hostile_snapshot
from tests.web.snapshots import NOW, OUTAGE, SECRETS, make_site, make_snapshot, open_incident, told_snapshot

NASTY = "<script>alert(1)</script>\"'{{ 7*7 }}&"


class Outline(HTMLParser):
    """What a page is made of: tags with their attributes, ids and headings."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts.append((self.open[-1], data.strip()))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.tags)

    def all(self, attribute: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(attribute)) is not None]


def nasty() -> Snapshot:
    """A site whose every text tries to be markup."""
    site = make_site()
    parts = tuple(replace(each, name=NASTY, description=NASTY) for each in site.components)
    groups = tuple(Group(each.id, NASTY, NASTY) for each in site.groups)
    links = (Link(NASTY, "https://help.example.com/?a=<b>"), Link("evil", "javascript:alert(1)"))
    bad = replace(site, name=NASTY, components=parts, groups=groups, links=links, support_url="javascript:alert(2)")
    return make_snapshot(OUTAGE, site=bad)


LOGO = Image("image/svg+xml", base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg"/>').decode())
SNAPSHOTS = {
    "operational": make_snapshot(),
    "outage": make_snapshot(OUTAGE),
    "stale": make_snapshot(OUTAGE, beat=NOW - timedelta(minutes=3)),
    "blind": make_snapshot(OUTAGE, blind_since=NOW - timedelta(minutes=3)),
    "first start": replace(make_snapshot(), heartbeats=(), days=(), troubles=(), components={}),
    "empty site": make_snapshot(site=replace(make_site(), components=(), groups=(), links=(), support_url=None)),
    "nasty": nasty(),
    "incidents": told_snapshot(),
    "hostile": hostile_snapshot(),
    "logo": make_snapshot(site=replace(make_site(), name=NASTY, image=LOGO)),
}


def pages(name: str) -> dict[str, str]:
    found = render(SNAPSHOTS[name], NOW).items()
    return {path: file.body.decode() for path, file in found if file.kind is Kind.PAGE}


ERRORS = {f"error {code}": error_body(code, NASTY, as_json=False)[0].decode() for code in TEXTS}


def every_page() -> dict[str, str]:
    return {f"{name} {path}": text for name in SNAPSHOTS for path, text in pages(name).items()} | ERRORS


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    assert render(make_snapshot(OUTAGE), NOW) == render(make_snapshot(OUTAGE), NOW)


def test_no_page_has_an_inline_script_style_or_handler() -> None:
    for name, text in every_page().items():
        outline = Outline(text)
        for tag, attributes in outline.tags:
            assert "style" not in attributes, f"{name}: <{tag} style>"
            assert not [each for each in attributes if each.startswith("on")], f"{name}: <{tag} on…>"
            assert tag != "style", f"{name}: <style>"
            if tag == "script":
                assert attributes.get("src"), name
                assert not [tag for tag, _ in outline.texts if tag == "script"], name
        for url in outline.all("href") + outline.all("src"):
            assert not url.lower().startswith(("javascript:", "data:", "//")), f"{name}: {url}"


def test_a_page_loads_nothing_from_elsewhere() -> None:
    for name, text in every_page().items():
        loaded = [attributes.get("src") or attributes.get("href") for tag, attributes in Outline(text).tags
                  if tag in ("script", "img", "use")
                  or (tag == "link" and attributes.get("rel") in ("stylesheet", "icon"))]  # fmt: skip
        assert loaded, name
        assert all(each and each.startswith(("/static/", "#")) for each in loaded), name
    for asset in FOLDER.iterdir():
        assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", asset.read_text()), asset.name


def test_a_logo_stands_in_the_head_of_every_page_and_is_an_asset_of_the_site() -> None:
    files = render(SNAPSHOTS["logo"], NOW)
    for path, text in pages("logo").items():
        (image,) = [attributes for tag, attributes in Outline(text).tags if tag == "img"]
        assert image["alt"] == NASTY, path
        shown = files[str(image["src"])]
        assert (shown.body, shown.content_type, shown.kind) == (
            base64.b64decode(LOGO.base64),
            "image/svg+xml",
            Kind.ASSET,
        )
    assert not [
        tag for path in pages("operational") for tag, _ in Outline(pages("operational")[path]).tags if tag == "img"
    ]


def test_every_page_has_its_landmarks_one_h1_a_title_and_unique_ids() -> None:
    for name, text in every_page().items():
        outline = Outline(text)
        ids = outline.all("id")
        assert text.startswith('<!doctype html>\n<html lang="en">'), name
        assert (outline.count("h1"), outline.count("main")) == (1, 1), name
        head = Outline(text[: text.index("</head>")])
        assert (head.count("title"), len([data for tag, data in head.texts if tag == "title"])) == (1, 1), name
        assert len(ids) == len(set(ids)), name
        assert dict(outline.tags)["meta"] is not None
        assert ("a", {"class": "skip", "href": "#main"}) in outline.tags, name


def test_texts_of_the_operator_are_never_markup() -> None:
    for name, text in pages("nasty").items():
        assert "<script>alert" not in text, name
        assert "javascript:" not in text, name
        assert "49" not in re.sub(r"\d[\d.,:-]*\d", "", text), name
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text, name


def test_twenty_components_and_ninety_days_fit_into_the_first_round_trip() -> None:
    one = make_snapshot(OUTAGE, incidents=[open_incident()])
    for snapshot in (*(SNAPSHOTS[name] for name in ("operational", "outage", "stale", "incidents")), one):
        body = render(snapshot, NOW)["/"].body
        assert len(gzip.compress(body, 9)) <= 14 * 1024


def test_a_page_with_style_and_script_stays_under_30_kilobytes_packed() -> None:
    files = render(SNAPSHOTS["outage"], NOW)
    own = tuple(f"/static/{name}." for name in ("page", "favicon"))
    needed = [file for path, file in files.items() if path == "/" or path.startswith(own)]
    assert sum(len(gzip.compress(file.body, 9)) for file in needed) <= 30 * 1024


def test_every_link_within_the_site_leads_somewhere() -> None:
    files = render(SNAPSHOTS["incidents"], NOW)
    for path, text in pages("incidents").items():
        for url in Outline(text).all("href"):
            there, _, place = url.partition("#")
            assert not url.startswith("/") or there in files, f"{path}: {url}"
            if url.startswith("/") and place:
                assert f'id="{place}"' in files[there].body.decode(), f"{path}: {url}"


def test_everything_that_comes_from_a_template_is_escaped_whatever_its_name() -> None:
    from statuspage.web.render import environment

    for name in ("feed.rss", "mail.txt", "badge.svg.j2"):
        assert environment().autoescape is True, name


@pytest.mark.parametrize("path", ["/", "/api/v2/summary.json", "/api/v1/summary.json"])
def test_every_file_names_its_type(path: str) -> None:
    file = render(make_snapshot(), NOW)[path]
    assert isinstance(file, File)
    assert "charset=utf-8" in file.content_type


def test_a_component_page_is_at_its_public_id() -> None:
    assert "/components/fg5ctxf4d3ml" in render(make_snapshot(), NOW)


def test_the_whole_site_does_not_depend_on_the_machine_it_is_rendered_on(tmp_path: Path) -> None:
    site = replace(make_site(time_zone="America/Sao_Paulo"), components=(Component("a", "Ä", 1),), groups=())
    text = render(make_snapshot(site=site), NOW)["/"].body.decode()
    assert "UTC-3" in text
    assert str(tmp_path.parent) not in text


ALLOWED = {"p", "br", "strong", "em", "code", "pre", "ul", "ol", "li", "blockquote", "a", "hr", "h3", "h4", "del"}


class Written(HTMLParser):
    """The elements within what people wrote: everything inside of `class="rich"`."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.depth, self.found = 0, list[tuple[str, dict[str, str | None]]]()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self.depth:
            self.found.append((tag, dict(attrs)))
            self.depth += tag == "div"
        elif ("class", "rich") in attrs:
            self.depth = 1

    def handle_endtag(self, tag: str) -> None:
        self.depth -= bool(self.depth) and tag == "div"


def test_what_people_write_becomes_plain_elements_and_followable_links_only() -> None:
    seen = 0
    for path, text in pages("hostile").items():
        for tag, attributes in Written(text).found:
            seen += 1
            assert tag in ALLOWED, (path, tag)
            assert set(attributes) <= ({"href", "title", "rel"} if tag == "a" else set()), (path, tag, attributes)
            if tag == "a":
                assert (attributes["href"] or "").startswith(("https://", "http://", "mailto:")), path
                assert attributes["rel"] == "nofollow noopener", path
    assert seen > 100


def test_a_hostile_title_is_text_in_page_title_heading_lists_and_description() -> None:
    (nasty_id,) = [each.id for each in SNAPSHOTS["hostile"].incidents if each.title == HOSTILE[0]]
    outline = Outline(pages("hostile")[f"/incidents/{nasty_id}"])
    assert ("h1", HOSTILE[0]) in outline.texts
    assert any(tag == "title" and HOSTILE[0] in text for tag, text in outline.texts)
    assert outline.count("script") == 1


def test_nothing_of_the_inside_is_in_any_file() -> None:
    for name in ("incidents", "hostile"):
        for path, file in render(SNAPSHOTS[name], NOW).items():
            found = [secret for secret in SECRETS if secret.encode() in file.body]
            assert found == [], f"{name} {path}"


def test_one_macro_alone_trusts_markup() -> None:
    folder = templates_dir() / "public"
    trusting = {path.name: path.read_text().count("safe }}") for path in folder.iterdir() if "safe" in path.read_text()}
    assert trusting == {"_parts.html": 1}


def test_feeds_are_named_in_the_head_of_every_page() -> None:
    for path, text in pages("incidents").items():
        feeds = {attributes.get("type"): attributes.get("href") for tag, attributes in Outline(text).tags
                 if tag == "link" and attributes.get("rel") == "alternate"}  # fmt: skip
        assert feeds == {
            "application/atom+xml": "/history.atom",
            "application/rss+xml": "/history.rss",
            "text/calendar": "/history.ics",
        }, path
