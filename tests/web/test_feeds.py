"""The feeds: their exact markup, stable identifiers, and strict parsers that accept whatever a title holds."""

import re
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser
from xml.etree import ElementTree

import feedparser  # type: ignore[import-untyped]  # no stubs
import pytest

from statuspage.core.state import Snapshot
from statuspage.web.render import Kind, render
from tests.web.hostile import TEXTS, hostile_snapshot
from tests.web.snapshots import NOW, make_maintenance, make_site, make_snapshot, past_incident, sep13, told_snapshot

NS = {"a": "http://www.w3.org/2005/Atom"}


def feed(snapshot: Snapshot, kind: str = "atom") -> bytes:
    return render(snapshot, NOW)[f"/history.{kind}"].body


def atom(snapshot: Snapshot) -> ElementTree.Element:
    """The Atom feed, by a strict parser."""
    return ElementTree.fromstring(feed(snapshot))


def found(parent: ElementTree.Element, path: str) -> str:
    text = parent.findtext(path, namespaces=NS)
    assert text is not None, path
    return text


def contents(snapshot: Snapshot) -> list[str]:
    return [found(entry, "a:content") for entry in atom(snapshot).findall("a:entry", NS)]


def new_york(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, site=make_site(time_zone="America/New_York"))


def test_an_update_is_marked_up_as_scrapers_expect_it() -> None:
    (content,) = contents(new_york(make_snapshot(incidents=[past_incident()])))
    assert content == (
        "<p><small>Nov <var data-var='date'>20</var>, <var data-var='time'>08:10</var> EST</small><br>"
        "<strong>Resolved</strong> - A queue had filled up. No invitation was lost.</p>"
        "<p><small>Nov <var data-var='date'>20</var>, <var data-var='time'>07:32</var> EST</small><br>"
        "<strong>Investigating</strong> - Invitations arrive late.</p>"
    )


def test_a_state_that_stays_is_called_update_and_the_postmortem_comes_first() -> None:
    (content,) = contents(new_york(make_snapshot(incidents=[sep13()])))
    assert re.findall("<strong>(.*?)</strong>", content) == [
        "Postmortem", "Resolved", "Monitoring", "Update", "Identified", "Investigating"
    ]  # fmt: skip
    assert re.findall("'time'>(.*?)</var> (...)<", content) == [
        ("17:33", "EDT"), ("17:15", "EDT"), ("13:07", "EDT"), ("11:45", "EDT"), ("10:55", "EDT"), ("09:45", "EDT")
    ]  # fmt: skip
    assert "A large crowd came at once.<br /><br />What we change<br />" in content


def test_planned_work_says_first_when_it_is() -> None:
    work = make_maintenance("Second cache node", NOW + timedelta(days=4))
    (content,) = contents(make_snapshot(maintenances=[work]))
    assert content.startswith(
        "<p><strong>THIS IS A SCHEDULED EVENT Nov <var data-var='date'>27</var>, <var data-var='time'>14:32</var> - "
        "<var data-var='time'>15:32</var> UTC</strong></p><p><small>"
    )
    night = make_maintenance("Overnight", NOW + timedelta(days=4), hours=12)
    (content,) = contents(make_snapshot(maintenances=[night]))
    assert " - Nov <var data-var='date'>28</var>, <var data-var='time'>02:32</var> UTC</strong>" in content


def test_the_atom_head_and_entries_are_complete_and_point_to_the_pages() -> None:
    root = atom(told_snapshot())
    assert found(root, "a:id") == "tag:status.example.com,2005:/history"
    assert found(root, "a:title") == "InEvent Status - Incident History"
    assert found(root, "a:author/a:name") == "InEvent"
    links = {link.get("rel"): link.get("href") for link in root.findall("a:link", NS)}
    assert links == {
        "alternate": "https://status.example.com",
        "self": "https://status.example.com/history.atom",
    }
    entries = root.findall("a:entry", NS)
    ids = [found(entry, "a:id") for entry in entries]
    assert "tag:status.example.com,2005:Incident/3" in ids
    assert "tag:status.example.com,2005:Maintenance/3" in ids
    assert len(set(ids)) == len(entries) == 6
    files = render(told_snapshot(), NOW)
    for entry in entries:
        link = entry.find("a:link", NS)
        assert link is not None
        assert (link.get("href") or "").removeprefix("https://status.example.com") in files
        assert found(entry, "a:published") <= found(entry, "a:updated")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found(entry, "a:updated"))


def test_an_edit_keeps_the_id_and_moves_the_time_of_the_update() -> None:
    edited = sep13()
    plain = replace(edited, updates=tuple(replace(each, edits=()) for each in edited.updates), postmortem=None)
    later = replace(edited.updates[1].edits[0], at=NOW - timedelta(minutes=1))
    again = replace(plain, updates=(plain.updates[0], replace(plain.updates[1], edits=(later,)), *plain.updates[2:]))
    one, two = (atom(make_snapshot(incidents=[each])) for each in (plain, again))
    assert found(one, "a:entry/a:id") == found(two, "a:entry/a:id")
    assert found(one, "a:entry/a:published") == found(two, "a:entry/a:published")
    assert found(two, "a:entry/a:updated") == found(two, "a:updated") == "2026-11-23T14:31:11Z"


def test_rss_has_the_same_items_with_rfc_822_dates() -> None:
    root = ElementTree.fromstring(feed(told_snapshot(), "rss"))
    items = root.findall("channel/item")
    assert [each.findtext("description") for each in items] == contents(told_snapshot())
    for item in items:
        assert item.findtext("guid") == item.findtext("link")
        assert parsedate_to_datetime(item.findtext("pubDate") or "").tzinfo is not None
    assert (items[0].findtext("pubDate") or "").endswith(" +0000")


@pytest.mark.parametrize("kind", ["atom", "rss"])
def test_the_fifty_newest_are_in_a_feed(kind: str) -> None:
    many = [past_incident(f"Trouble {n}", days=n + 1, number=n + 1) for n in range(60)]
    parsed = feedparser.parse(feed(make_snapshot(incidents=many), kind))
    assert [entry.title for entry in parsed.entries] == [f"Trouble {n}" for n in range(50)]


@pytest.mark.parametrize("kind", ["atom", "rss"])
def test_an_empty_site_has_a_valid_feed(kind: str) -> None:
    parsed = feedparser.parse(feed(make_snapshot(), kind))
    assert (parsed.bozo, parsed.entries) == (False, [])


class Elements(HTMLParser):
    """What a reader would make of an entry's HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(" ".join([tag, *(name for name, _ in attrs)]))


@pytest.mark.corpus("C7")
@pytest.mark.parametrize("kind", ["atom", "rss"])
def test_no_title_breaks_a_feed_or_becomes_markup_in_it(kind: str) -> None:
    body = feed(hostile_snapshot(), kind)
    entries = ElementTree.fromstring(body).findall("a:entry" if kind == "atom" else "channel/item", NS)
    parsed = feedparser.parse(body)
    assert not parsed.bozo
    newest = 50 if len(TEXTS) * 2 > 50 else len(TEXTS) * 2
    assert len(entries) == len(parsed.entries) == newest
    path = ("a:title", "a:content") if kind == "atom" else ("title", "description")
    titles = [found(entry, path[0]) for entry in entries]
    assert "<script>alert(1)</script>\"'{{ 7*7 }}&" in titles
    assert "beforeafterend[31m" in titles
    for entry in entries:
        assert Elements(found(entry, path[1])).seen <= {"p", "small", "var data-var", "br", "strong"}


def test_feeds_are_data_for_everybody() -> None:
    files = render(told_snapshot(), NOW)
    types = {path: files[path].content_type for path in ("/history.atom", "/history.rss", "/history.ics")}
    assert types == {
        "/history.atom": "application/atom+xml; charset=utf-8",
        "/history.rss": "application/rss+xml; charset=utf-8",
        "/history.ics": "text/calendar; charset=utf-8",
    }
    assert {files[path].kind for path in types} == {Kind.DATA}
