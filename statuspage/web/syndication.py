"""`/history.atom` and `/history.rss` in the shapes that readers and scrapers know, built as trees, never as text.

What a feed shows of an update is `<small>time</small><br><strong>State</strong> - text`, with "Update" for a state
that stays. Identifiers are made from the host and the incident's number, so that they hold for ever.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, tostring
from zoneinfo import ZoneInfo

from statuspage.core.incident import Incident
from statuspage.core.moments import zone_name
from statuspage.core.site import Site
from statuspage.web.entries import Entry, lines, path, postmortem, text_of, told_at
from statuspage.web.files import File, Kind
from statuspage.web.times import MONTHS, iso
from statuspage.web.words import STATE_WORDS

ATOM = "application/atom+xml; charset=utf-8"
RSS = "application/rss+xml; charset=utf-8"
MOST = 50
_DECLARATION = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def atom(site: Site, entries: Iterable[Entry], zone: ZoneInfo) -> File:
    """The Atom feed (RFC 4287) of these incidents and maintenances, in the order given."""
    told = list(entries)
    feed = Element("feed", {"xml:lang": "en-US", "xmlns": "http://www.w3.org/2005/Atom"})
    _text(feed, "id", f"tag:{host_of(site)},2005:/history")
    SubElement(feed, "link", rel="alternate", type="text/html", href=site.url)
    SubElement(feed, "link", rel="self", type="application/atom+xml", href=f"{site.url}/history.atom")
    _text(feed, "title", f"{site.name} Status - Incident History")
    _text(feed, "updated", iso(max((told_at(each) for each in told), default=datetime(1970, 1, 1, tzinfo=UTC))))
    _text(SubElement(feed, "author"), "name", site.name)
    for entry in told:
        item = SubElement(feed, "entry")
        _text(item, "id", f"tag:{host_of(site)},2005:{_noun(entry)}/{entry.number}")
        _text(item, "published", iso(newest_at(entry)))
        _text(item, "updated", iso(told_at(entry)))
        SubElement(item, "link", rel="alternate", type="text/html", href=f"{site.url}{path(entry)}")
        _text(item, "title", entry.title)
        _text(item, "content", content(entry, zone)).set("type", "html")
    return _file(feed, ATOM)


def rss(site: Site, entries: Iterable[Entry], zone: ZoneInfo) -> File:
    """The RSS 2.0 feed of the same."""
    told = list(entries)
    root = Element("rss", {"version": "2.0", "xmlns:dc": "http://purl.org/dc/elements/1.1/"})
    channel = SubElement(root, "channel")
    _text(channel, "title", f"{site.name} Status - Incident History")
    _text(channel, "link", site.url)
    _text(channel, "description", "Statuspage")
    if told:
        _text(channel, "pubDate", _rfc822(max(told_at(each) for each in told)))
    for entry in told:
        item = SubElement(channel, "item")
        _text(item, "title", entry.title)
        _text(item, "description", content(entry, zone))
        _text(item, "pubDate", _rfc822(newest_at(entry)))
        _text(item, "link", f"{site.url}{path(entry)}")
        _text(item, "guid", f"{site.url}{path(entry)}")
    return _file(root, RSS)


def content(entry: Entry, zone: ZoneInfo) -> str:
    """The HTML of an entry: a paragraph an update, newest first; planned work says first when it is."""
    parts = [] if isinstance(entry, Incident) else [_scheduled(entry.starts, entry.ends, zone)]
    learned = postmortem(entry)
    if learned is not None and learned.published_at is not None:
        parts.append(_paragraph(learned.published_at, STATE_WORDS["postmortem"], learned.body, zone))
    parts += [_paragraph(line.update.display_at, line.word, line.update.body, zone) for line in lines(entry)]
    return "".join(parts)


def newest_at(entry: Entry) -> datetime:
    """The time of the newest thing said: what feeds sort by."""
    learned = postmortem(entry)
    if learned is not None and learned.published_at is not None:
        return learned.published_at
    return lines(entry)[0].update.display_at


def host_of(site: Site) -> str:
    """The host that identifiers carry."""
    return urlsplit(site.url).hostname or "localhost"


def day_and_time(at: datetime, zone: ZoneInfo) -> str:
    """`Jun 18, 18:09` with each number in a `<var>`, as scrapers take it apart. It has no year and no zone."""
    local = at.astimezone(zone)
    return f"{MONTHS[local.month - 1]} <var data-var='date'>{local.day}</var>, {time_of(at, zone)}"


def time_of(at: datetime, zone: ZoneInfo) -> str:
    """`18:09` in its `<var>`."""
    return f"<var data-var='time'>{at.astimezone(zone):%H:%M}</var>"


def until(begin: datetime, end: datetime, zone: ZoneInfo) -> str:
    """The end of a stretch: its time, and its day if that is another one; then the zone."""
    same = begin.astimezone(zone).date() == end.astimezone(zone).date()
    return f"{time_of(end, zone) if same else day_and_time(end, zone)} {zone_name(end, zone)}"


def _paragraph(at: datetime, word: str, body: str, zone: ZoneInfo) -> str:
    text = escape(text_of(body)).replace("\n", "<br />")
    when = f"{day_and_time(at, zone)} {zone_name(at, zone)}"
    return f"<p><small>{when}</small><br><strong>{word}</strong> - {text}</p>"


def _scheduled(starts: datetime, ends: datetime, zone: ZoneInfo) -> str:
    when = f"{day_and_time(starts, zone)} - {until(starts, ends, zone)}"
    return f"<p><strong>THIS IS A SCHEDULED EVENT {when}</strong></p>"


def _noun(entry: Entry) -> str:
    return "Incident" if isinstance(entry, Incident) else "Maintenance"


def _text(parent: Element, name: str, text: str) -> Element:
    child = SubElement(parent, name)
    child.text = _NO_XML.sub("", text)
    return child


def _rfc822(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))


def _file(root: Element, content_type: str) -> File:
    for element in root.iter():
        for name, value in element.attrib.items():
            element.set(name, _NO_XML.sub("", value))
    return File(_DECLARATION + tostring(root, encoding="utf-8"), content_type, Kind.DATA)
