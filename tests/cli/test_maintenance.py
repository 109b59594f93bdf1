"""`statuspage maintenance` here and over `--server`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from statuspage.cli._times import coming_time, length, past_time, time_or_length
from statuspage.core import planning
from statuspage.core.refusals import Refused
from tests.cli.desks import Terminal, store_of

ADD = ("maintenance", "add", "New Redis")
ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def soon(days: int = 3) -> str:
    """A time to come, as people type it."""
    return f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d} 22:00"


def test_work_is_planned_listed_begun_and_called_off(terminal: Terminal) -> None:
    said = terminal.says(*ADD, "--from", soon(), "--for", "2h", "-c", "redis", "-m", "Writes pause.")
    assert "New Redis: Scheduled. Public at https://status.example.com/incidents/" in said
    assert " 22:00 E" in said
    assert ": Redis" in said
    assert "ops will be told at " in said
    (found,) = terminal.gives("maintenance", "list")["maintenances"]
    starts, ends = (datetime.fromisoformat(found[name]) for name in ("starts", "ends"))
    assert ends - starts == timedelta(hours=2)
    assert starts.astimezone(ZONE).hour == 22
    begun = terminal.gives("maintenance", "update", found["id"], "-s", "in_progress", "-m", "-", given="We begin.")
    assert (begun["state"], begun["updates"][-1]["body"]) == ("in_progress", "We begin.")
    assert "Verifying" in terminal.says("maintenance", "update", found["id"], "-s", "verifying", "-m", "Looking.")
    assert "state: cannot become cancelled after verifying" in terminal.refuses(2, "maintenance", "cancel", found["id"])
    terminal.says("maintenance", "update", found["id"], "-s", "completed", "-m", "Done.")
    assert terminal.says("maintenance", "list") == "Nothing is planned.\n"
    assert "Looking." in terminal.says("maintenance", "show", found["id"])
    other = terminal.gives(*ADD, "--from", soon(), "--to", soon(4), "-c", "redis", "-c", "firebase", "--no-notify")
    assert other["notifies"] == []
    gone = terminal.gives("maintenance", "cancel", other["id"], "-m", "Not needed.")
    assert (gone["state"], gone["updates"][-1]["body"]) == ("cancelled", "Not needed.")


def test_what_was_said_last_is_taken_back_while_nobody_was_told(terminal: Terminal) -> None:
    said = terminal.says(*ADD, "--from", soon(), "--for", "2h", "-c", "redis")
    (found,) = terminal.gives("maintenance", "list")["maintenances"]
    assert f"; until then `statuspage maintenance undo {found['id']}` takes it back." in said
    terminal.says("maintenance", "update", found["id"], "-s", "in_progress", "-m", "We begin.")
    back = terminal.gives("maintenance", "undo", found["id"])
    assert (back["state"], [each["status"] for each in back["updates"]]) == ("scheduled", ["published", "withdrawn"])
    gone = terminal.says("maintenance", "undo", found["id"])
    assert "New Redis: nothing of it is public." in gone
    assert "Nobody is notified of this." in gone
    assert terminal.says("maintenance", "list") == "Nothing is planned.\n"
    assert "ID: nothing is left to take back" in terminal.refuses(2, "maintenance", "undo", found["id"])
    assert "there is no maintenance" in terminal.refuses(2, "maintenance", "undo", "nothing")


def test_what_people_were_told_of_is_not_taken_back(here: Terminal) -> None:
    added = here.gives(*ADD, "--from", soon(), "--for", "2h", "-c", "redis")
    store = store_of(Path(here.options[-1]))
    id, ago = added["id"], datetime.now(UTC) - timedelta(seconds=21)
    store.act(lambda state: planning.update_maintenance(state, id, "scheduled", "As planned.", "ops", ago), ago, (id,))
    store.close()
    assert "update: is out: post a correction" in here.refuses(2, "maintenance", "undo", id)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--from", "2020-01-01 10:00", "--for", "2h", "-c", "redis"), "ends: lies in the past"),
        (("--from", "never", "--for", "2h", "-c", "redis"), "--from: write it as"),
        (("--from", "22:00", "-c", "redis"), "--for: give either --for or --to"),
        (("--from", "22:00", "--for", "2h", "--to", "23:00", "-c", "redis"), "--for: give either --for or --to"),
        (("--from", "22:00", "--for", "two hours", "-c", "redis"), "--for: write a duration"),
        (("--from", "22:00", "--for", "60d", "-c", "redis"), "ends: must be within 30 days of starts"),
        (("--from", "22:00", "--for", "2h", "-c", "rediss"), 'there is no component "rediss" (did you mean "redis"?)'),
        (("--from", "22:00", "--for", "2h"), "Missing option '-c'"),
        (("--for", "2h", "-c", "redis"), "Missing option '--from'"),
    ],
)
def test_a_plan_that_cannot_be_meant_is_refused_by_its_name(
    arguments: tuple[str, ...], text: str, here: Terminal
) -> None:
    assert text in here.refuses(2, *ADD, *arguments)
    assert here.gives("maintenance", "list")["maintenances"] == []


def test_work_that_is_not_there_is_told(here: Terminal) -> None:
    assert "there is no maintenance nothing" in here.refuses(2, "maintenance", "cancel", "nothing")
    assert "Invalid value for '-s'" in here.refuses(2, "maintenance", "update", "x", "-m", "x", "-s", "over")


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("2026-12-01 22:00", "2026-12-01 22:00"),
        ("2026-12-01T22:00", "2026-12-01 22:00"),
        ("2026-12-02T03:00Z", "2026-12-01 22:00"),
        ("2026-12-02T04:00+01:00", "2026-12-01 22:00"),
        ("11:00", "2026-11-23 11:00"),
        ("9:30", "2026-11-24 09:30"),
        ("90m", "2026-11-23 11:30"),
    ],
)
def test_a_time_to_come_is_read_in_the_sites_zone(text: str, local: str) -> None:
    assert f"{time_or_length('--next', text, ZONE, NOW).astimezone(ZONE):%Y-%m-%d %H:%M}" == local


@pytest.mark.parametrize("text", ["5x", "soon", "30", "30 minutes"])
def test_a_time_or_length_that_is_neither_is_refused_with_an_example_of_both(text: str) -> None:
    with pytest.raises(Refused, match=r'^--next: .*"22:00".*"30m"|^--next: write a duration .*"5m"'):
        time_or_length("--next", text, ZONE, NOW)


def test_a_time_that_the_clocks_leave_out_is_told_as_that_where_a_length_may_stand_too() -> None:
    with pytest.raises(Refused, match="there is no such time"):
        time_or_length("--next", "2027-03-14 02:30", ZONE, NOW)


def test_a_time_of_day_that_has_been_is_the_newest_one() -> None:
    assert past_time("--at", "9:30", ZONE, NOW) == datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
    assert past_time("--at", "11:00", ZONE, NOW) == datetime(2026, 11, 22, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "25:00", "10:60", "2026-02-30 10:00", "0001-01-01T00:00+14:00", "٩:٣٠", "1e3m"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Refused):
        coming_time("--from", text, ZONE, NOW)
    with pytest.raises(Refused):
        length("--for", text)


@pytest.mark.parametrize("minutes", [0, 60], ids=["first", "second"])
def test_a_time_that_the_clocks_show_twice_is_the_first_whenever_it_is_typed(minutes: int) -> None:
    first = datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    now = first + timedelta(minutes=minutes + 10)
    assert past_time("--at", "01:30", ZONE, now) == past_time("--at", "2026-11-01 01:30", ZONE, now) == first
