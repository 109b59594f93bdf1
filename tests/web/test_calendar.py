"""The calendar of planned work: RFC 5545 to the letter, whatever a title holds."""

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from icalendar import Calendar

from statuspage.core.state import Snapshot
from statuspage.web.ical import OCTETS, fold
from statuspage.web.render import render
from tests.web.hostile import TEXTS, hostile_maintenance, hostile_snapshot
from tests.web.snapshots import NOW, begun_early, make_maintenance, make_site, make_snapshot, told_snapshot


def body(snapshot: Snapshot) -> bytes:
    return render(snapshot, NOW)["/history.ics"].body


def parsed(snapshot: Snapshot) -> Any:
    """The calendar by a parser that keeps a list of what is wrong, and nothing is."""
    return read(body(snapshot))


def read(calendar: bytes) -> Any:
    found = Calendar.from_ical(calendar)
    assert [each.errors for each in found.walk() if each.errors] == []
    return found


def whole(at: datetime) -> datetime:
    """The moment in whole seconds."""
    return at.replace(microsecond=0)


def test_an_event_says_what_and_when_and_where_to_read_on() -> None:
    work = replace(make_maintenance("Second cache node", NOW + timedelta(days=4)), sequence=2)
    snapshot = make_snapshot(maintenances=[work], site=make_site(url="https://status.example.com:8443"))
    found = parsed(snapshot)
    (event,) = found.events
    assert found["METHOD"] == "PUBLISH"
    assert found["REFRESH-INTERVAL"].dt == timedelta(hours=1)
    assert str(event["UID"]) == f"{work.id}@status.example.com"
    assert str(event["SUMMARY"]) == "[Scheduled] Second cache node"
    assert str(event["DESCRIPTION"]) == "Second cache node: scheduled."
    assert str(event["URL"]) == f"https://status.example.com:8443/incidents/{work.id}"
    assert (event["SEQUENCE"], event["STATUS"], event["TRANSP"]) == (2, "CONFIRMED", "TRANSPARENT")
    assert event.start == work.starts.replace(microsecond=0)
    assert event.end == work.ends.replace(microsecond=0)
    assert event["DTSTAMP"].dt == event["LAST-MODIFIED"].dt


def test_what_is_called_off_stays_and_says_so() -> None:
    work = make_maintenance("Called off", NOW + timedelta(days=4), states=["scheduled", "cancelled"])
    (event,) = parsed(make_snapshot(maintenances=[work])).events
    assert (event["STATUS"], str(event["SUMMARY"])) == ("CANCELLED", "[Cancelled] Called off")


@pytest.mark.parametrize("wrong", ["DTSTART:2026-11-27", "DTSTAMP:today", "SEQUENCE:one"])
def test_what_the_parser_finds_wrong_fails_a_test(wrong: str) -> None:
    line = wrong.partition(":")[0].encode()
    broken = re.sub(rb"(?m)^" + line + rb":.*\r$", wrong.encode() + rb"\r", body(told_snapshot()))
    with pytest.raises(AssertionError):
        read(broken)


def test_an_event_keeps_its_plan_unless_the_work_was_begun_before_it() -> None:
    """What ends before its time, or is called off, keeps the time that people have in their calendars."""
    for states in (["scheduled", "in_progress"], ["scheduled", "in_progress", "completed"], ["scheduled", "cancelled"]):
        work = make_maintenance("By plan", NOW - timedelta(hours=3), hours=2, states=states)
        (event,) = parsed(make_snapshot(maintenances=[work])).events
        assert (event.start, event.end) == (whole(work.starts), whole(work.ends))
    running, done = begun_early("Early", "in_progress"), begun_early("Early", "in_progress", "completed")
    began = whole(NOW - timedelta(minutes=5))
    (event,) = parsed(make_snapshot(maintenances=[running])).events
    assert (event.start, event.end) == (began, whole(running.ends))
    (event,) = parsed(make_snapshot(maintenances=[done])).events
    assert (event.start, event.end) == (began, began + timedelta(seconds=13))


def test_an_event_that_was_over_at_once_has_a_length_all_the_same() -> None:
    done = begun_early("Early", "in_progress", "completed")
    planned, begun, over = done.updates
    at_once = replace(done, updates=(planned, begun, replace(over, display_at=begun.display_at)))
    (event,) = parsed(make_snapshot(maintenances=[at_once])).events
    assert event.end - event.start == timedelta(seconds=1)


def test_only_planned_work_is_in_it() -> None:
    assert len(parsed(told_snapshot()).events) == 3
    assert parsed(make_snapshot()).events == []


def components(lines: list[str]) -> list[tuple[str, list[str]]]:
    """(path, property names) of every component, in order; fails where BEGIN and END do not match."""
    stack: list[str] = []
    found: list[tuple[str, list[str]]] = []
    held: list[list[str]] = []
    for line in lines:
        name, _, value = line.partition(":")
        if name == "BEGIN":
            stack.append(value)
            held.append([])
            found.append(("/".join(stack), held[-1]))
        elif name == "END":
            assert stack.pop() == value
            held.pop()
        else:
            held[-1].append(name.partition(";")[0])
    assert stack == []
    return found


def test_a_calendar_without_work_is_one_that_the_rfc_allows() -> None:
    found = components(body(make_snapshot()).decode().removesuffix("\r\n").split("\r\n"))
    assert [path for path, _ in found] == ["VCALENDAR", "VCALENDAR/VTIMEZONE", "VCALENDAR/VTIMEZONE/STANDARD"]
    properties = dict(found)
    assert properties["VCALENDAR"][:2] == ["VERSION", "PRODID"]
    assert properties["VCALENDAR/VTIMEZONE"] == ["TZID"]
    required = ("DTSTART", "TZOFFSETTO", "TZOFFSETFROM")
    assert [properties["VCALENDAR/VTIMEZONE/STANDARD"].count(name) for name in required] == [1, 1, 1]
    (zone,) = parsed(make_snapshot()).subcomponents
    assert zone.to_tz().utcoffset(NOW.replace(tzinfo=None)) == timedelta(0)
    assert {path for path, _ in components(body(told_snapshot()).decode().replace("\r\n ", "").split("\r\n")[:-1])} == {
        "VCALENDAR",
        "VCALENDAR/VEVENT",
    }


def test_lines_end_in_crlf_and_have_at_most_75_octets_of_whole_characters() -> None:
    lines = body(hostile_snapshot()).split(b"\r\n")
    assert lines[-1] == b""
    for line in lines:
        assert len(line) <= OCTETS
        assert b"\n" not in line
        assert b"\r" not in line
        line.decode()


def test_no_title_makes_an_event_or_a_property() -> None:
    snapshot = hostile_snapshot()
    text = body(snapshot).decode()
    assert text.count("\r\nBEGIN:VEVENT\r\n") == text.count("\r\nEND:VEVENT\r\n") == len(TEXTS)
    events = parsed(snapshot).events
    assert len(events) == len(TEXTS)
    assert {str(event["UID"]) for event in events} == {
        f"{each.id}@status.example.com" for each in snapshot.maintenances
    }


@pytest.mark.parametrize("text", ["comma, semicolon; backslash\\ colon:", "two\nlines", "\\n is not a line end"])
def test_a_text_is_read_back_as_it_was(text: str) -> None:
    work = replace(hostile_maintenance("Work", 0), title=text.replace("\n", " "))
    update = replace(work.updates[0], body=f"```\n{text}\n```")
    (event,) = parsed(make_snapshot(maintenances=[replace(work, updates=(update,))])).events
    assert str(event["SUMMARY"]) == f"[Scheduled] {work.title}"
    assert str(event["DESCRIPTION"]) == text


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_folding_loses_nothing(line: str) -> None:
    folded = fold(line)
    assert folded.replace("\r\n ", "") == line.replace("\r\n ", "")
    if "\r" not in line and "\n" not in line:
        assert all(len(piece.encode()) <= OCTETS for piece in folded.split("\r\n"))
