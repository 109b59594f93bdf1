"""`statuspage route` and `statuspage ready`, here and over `--server`."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from statuspage.core.detection import Belief, Run, Verdict
from statuspage.core.moves import first_state
from statuspage.core.observation import Outcome, Reason
from statuspage.core.route import Proposal, RouteState
from statuspage.core.state import Decision, Heartbeat
from tests.cli.desks import Inside, Terminal, make_site, store_of, token

CHAT, WALL = "realtime.session-chat", "realtime.wall"
ROUTES = """
[[anchor]]
url = "https://one.example.com/"
[[anchor]]
url = "https://two.example.com/"
[[component]]
id = "chat"
name = "Session chat"
[[component]]
id = "wall"
name = "Wall"
[[check]]
id = "firebase-check"
component = "firebase"
type = "tcp"
host = "192.0.2.1"
port = 443
[[check]]
id = "redis-check"
component = "redis"
type = "tcp"
host = "192.0.2.2"
port = 443
[[provider]]
id = "firebase"
name = "Firebase"
component = "firebase"
capacity = 5000
max_connects_per_s = 200
[[provider]]
id = "native"
name = "Native Web Sockets"
component = "redis"
capacity = 12000
max_connects_per_s = 40
[[route]]
id = "realtime.session-chat"
component = "chat"
prefer = ["firebase", "native"]
mode = "auto"
users = 1000
[[route]]
id = "realtime.wall"
component = "wall"
prefer = ["firebase", "native"]
mode = "approve"
users = 200
[[event]]
id = "keynote"
starts = 2030-01-01T10:00:00Z
ends = 2030-01-01T12:00:00Z
users = 900
"""
WHY = ("--reason", "Firebase is about to be worked on")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A site with two routes, whose providers are up for an hour; the monitor looked a moment ago."""
    path = make_site(tmp_path, ROUTES)
    now = datetime.now(UTC)
    believe(path, Verdict.UP, "firebase")
    believe(path, Verdict.UP, "redis")
    put(path, *(state(each, now) for each in (CHAT, WALL)))
    store = store_of(path)
    store.beat(Heartbeat("local", now, now - timedelta(hours=2), now))
    store.close()
    return path


def state(id: str, now: datetime) -> RouteState:
    """A route where it prefers to be, drilled yesterday."""
    from statuspage.core.route import Route

    made = first_state(Route(id, "chat", ("firebase", "native")), now - timedelta(hours=1))
    return replace(made, epoch=17, exercised_at=now - timedelta(days=1))


def put(path: Path, *changed: RouteState) -> None:
    store = store_of(path)
    store.transact(lambda _: Decision(routes=changed), datetime.now(UTC))
    store.close()


def believe(path: Path, verdict: Verdict, component: str) -> None:
    now, good = datetime.now(UTC), verdict is Verdict.UP
    run = Run(now, Outcome.OK if good else Outcome.FAIL)
    reason, stage = (None, None) if good else (Reason.TIMEOUT, "connect")
    store = store_of(path)
    store.save_beliefs(
        [Belief(f"{component}-check", "local", verdict, now - timedelta(hours=1), reason, stage, (run,))]
    )
    store.close()


def stored(path: Path, id: str = CHAT) -> RouteState:
    store = store_of(path)
    found = store.state().routes[id]
    store.close()
    return found


def test_a_route_is_listed_looked_into_moved_held_and_set_free(terminal: Terminal, site: Path) -> None:
    listed = terminal.says("route", "list")
    assert "realtime.session-chat  Firebase  auto     17" in listed
    assert "Native Web Sockets is up since" in listed
    why = terminal.says("route", "why", CHAT)
    assert "To Native Web Sockets [native]: nothing against it" in why
    assert "  ok  capacity           would be 1,000 of 9,600 users" in why
    assert "Next: it moves when Firebase is down for 10 s" in why
    moved = terminal.run("route", "move", CHAT, "native", *WHY)
    assert moved.stderr == "realtime.session-chat is at epoch 17, on Firebase.\n"
    assert moved.stdout.startswith("Session chat: Native Web Sockets, epoch 18.\n  Clients move one by one until ")
    assert "Pinned by " in moved.stdout
    assert "Nobody is notified of this." in moved.stdout
    assert stored(site).reason == "Firebase is about to be worked on"
    paused = terminal.gives("route", "pause", CHAT, "--for", "30m", *WHY)
    lasts = datetime.fromisoformat(paused["paused"]["until"]) - datetime.now(UTC)
    assert timedelta(minutes=29) < lasts <= timedelta(minutes=30)
    free = terminal.gives("route", "resume", CHAT, *WHY)
    assert (free["paused"], free["pinned"], free["epoch"]) == (None, None, 18)
    late = terminal.refuses(1, "route", "move", CHAT, "firebase", "--epoch", "17", *WHY)
    assert late == "epoch_conflict: realtime.session-chat is at epoch 18 now, not 17. Look again before you act.\n"
    assert "there is no route" in terminal.refuses(2, "route", "why", "realtime.none")


def test_guards_are_told_by_name_and_overridden_by_name(terminal: Terminal, site: Path) -> None:
    believe(site, Verdict.DOWN, "redis")
    refused = terminal.refuses(1, "route", "move", CHAT, "native", *WHY)
    assert "Guards speak against it; nothing was changed." in refused
    assert "  target_not_up        native is down: timeout at connect" in refused
    assert "--override target_not_up" in refused
    assert stored(site).provider == "firebase"
    assert "1 guard against it" in terminal.says("route", "why", CHAT)
    moved = terminal.gives("route", "move", CHAT, "native", "--override", "target_not_up", *WHY)
    assert moved["provider"] == "native"


def test_ready_says_go_or_no_go_by_its_exit_code(terminal: Terminal, site: Path) -> None:
    (site.parent / "public" / "current").mkdir(parents=True, exist_ok=True)
    said = terminal.says("ready")
    assert said.endswith("\nGO (now)\n")
    event = terminal.run("ready", "keynote")
    assert "GO (keynote, 2030-01-01 05:00 EST)" in event.stdout
    assert "warn   exercised     realtime.session-chat" in event.stdout
    believe(site, Verdict.DOWN, "redis")
    found = terminal.run("ready", "--json")
    assert (found.returncode, json.loads(found.stdout)["go"]) == (1, False)
    assert "NO-GO (now)" in terminal.run("ready").stdout
    assert "there is no event" in terminal.refuses(2, "ready", "none")


def test_a_proposal_is_approved(here: Terminal, site: Path) -> None:
    assert "proposal: there is none" in here.refuses(2, "route", "approve", WALL, *WHY)
    now = datetime.now(UTC)
    waiting = Proposal("native", "firebase_down", "failed_over", "firebase is down since 09:41:07 UTC", now)
    put(site, replace(state(WALL, now), proposal=waiting))
    believe(site, Verdict.DOWN, "firebase")
    assert "waits for approval" in here.says("route", "list")
    assert "Proposed: native, for firebase is down since" in here.says("route", "why", WALL)
    assert here.gives("route", "approve", WALL, *WHY)["cause"] == "firebase_down"


def test_a_locked_route_is_acknowledged(here: Terminal, site: Path) -> None:
    put(site, replace(state(CHAT, datetime.now(UTC)), locked_at=datetime.now(UTC)))
    assert "locked" in here.says("route", "list")
    assert "statuspage route ack unlocks it" in here.says("route", "why", CHAT)
    here.says("route", "ack", CHAT, *WHY)
    assert stored(site).locked_at is None
    assert "route: is not locked" in here.refuses(2, "route", "ack", CHAT, *WHY)


def test_limited_mode_ends_by_itself_and_goes_where_it_is_told(here: Terminal, site: Path) -> None:
    limited = here.gives("route", "move", CHAT, "limited", "--for", "30m", "--then", "native", *WHY)
    assert (limited["provider"], limited["expires_to"]) == ("limited", "native")
    assert limited["pinned"]["until"] == limited["expires_at"]


def test_a_pause_lasts_an_hour_and_a_pin_as_long_as_is_said(here: Terminal, site: Path) -> None:
    paused = here.gives("route", "pause", CHAT, *WHY)
    lasts = datetime.fromisoformat(paused["paused"]["until"]) - datetime.now(UTC)
    assert timedelta(minutes=59) < lasts <= timedelta(minutes=60)
    pinned = here.gives(
        "route", "pin", CHAT, "--until", f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%dT%H:%MZ}", *WHY
    )
    assert pinned["pinned"]["by"].startswith("cli:")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("move", CHAT, "native"), "Missing option '--reason'"),
        (("move", CHAT, "native", "--reason", " "), "reason: must not be empty"),
        (("move", CHAT, "redis", *WHY), "to: must be one of firebase, native, limited"),
        (("move", CHAT, "firebase", *WHY), "to: the route is on firebase already"),
        (("move", CHAT, "native", "--for", "5m", *WHY), "expires_at: is for limited mode only"),
        (("move", CHAT, "limited", "--then", "native", *WHY), "expires_at: must be in the future"),
        (("move", CHAT, "native", "--override", "epoch_conflict", *WHY), "override: epoch_conflict cannot be"),
        (("move", CHAT, "native", "--epoch", "-1", *WHY), "Invalid value for '--epoch'"),
        (("move", "realtime.none", "native", *WHY), "there is no route realtime.none"),
        (("pin", CHAT, *WHY), "--for: give --for or --until"),
        (("pin", CHAT, "--for", "2h", "--until", "22:00", *WHY), "--for: give either --for or --until"),
        (("pin", CHAT, "--for", "60d", *WHY), "until: must be within 720 hours"),
        (("pause", CHAT, "--for", "25h", *WHY), "until: must be within 24 hours"),
        (("pause", CHAT, "--for", "soon", *WHY), "--for: write a duration"),
        (("pause", CHAT, "--until", "soon", *WHY), "--until: write it as"),
        (("resume", CHAT, *WHY), "route: is neither paused nor pinned"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(
    arguments: tuple[str, ...], text: str, here: Terminal, site: Path
) -> None:
    assert text in here.refuses(2, "route", *arguments)
    assert stored(site) == replace(stored(site), epoch=17, provider="firebase", pinned=None, paused=None)


def test_a_script_gets_the_document_and_nothing_else(here: Terminal) -> None:
    found = here.run("route", "move", CHAT, "native", "--json", *WHY)
    assert (found.stderr, json.loads(found.stdout)["epoch"]) == ("", 18)
    assert [each["id"] for each in here.gives("route", "list")["routes"]] == [CHAT, WALL]
    assert here.gives("route", "why", CHAT)["ways"][0]["to"] == "firebase"


def test_a_site_without_routes_says_so(tmp_path: Path) -> None:
    path = make_site(tmp_path)
    here = Inside(("--config", str(path)))
    assert here.says("route", "list") == "No route is configured.\n"
    assert token(path)
