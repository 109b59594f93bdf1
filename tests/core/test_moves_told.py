"""What comes of moves: what modules show, what incidents say, who hears of it, and where room runs low."""

from dataclasses import replace
from datetime import timedelta

import pytest

from statuspage.core import posting
from statuspage.core.boarding import board_of
from statuspage.core.decide import adopt
from statuspage.core.health import Condition, Health
from statuspage.core.incident import Incident, IncidentState
from statuspage.core.modules import Served, lingers, served
from statuspage.core.posting import Post
from statuspage.core.refusals import Refused
from statuspage.core.rooms import use_of
from statuspage.core.route import LIMITED, Pace, Ramp, Route, RouteState
from statuspage.core.site import Site
from statuspage.core.status import Status
from statuspage.core.telling import Destination, listeners
from tests.core.pages import draft, said
from tests.core.switchboards import (
    CHAT,
    DOWN,
    FIREBASE,
    LONG_AGO,
    NATIVE,
    QUESTIONS,
    UNKNOWN,
    UP,
    RoutedPage,
    World,
    provider,
    route,
    routed_site,
    rule,
    switchboard,
)
from tests.core.values import at

BOTH = (FIREBASE, NATIVE)
SLOWLY = Pace(confirm=timedelta(seconds=40))
"""So slowly that the incident opens first."""
HOURS = timedelta(hours=2)


def page(*routes: Route, publish: str = "auto", **more: object) -> RoutedPage:
    return RoutedPage(routed_site(switchboard(*routes, **more), publish=publish))  # type: ignore[arg-type]


def take_over(here: RoutedPage, incident: Incident) -> None:
    """Ana posts into the incident: it is hers."""
    here.act(lambda held: posting.post_update(held, incident.id, Post("We are on it."), "ana", here.now))


def bodies(incident: Incident) -> list[str]:
    return [update.body.split("\n\n")[0] for update in incident.updates]


# --- modules ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("health", "status"),
    [
        (Health.UP, Status.OPERATIONAL),
        (Health.DEGRADED, Status.DEGRADED),
        (Health.DOWN, Status.MAJOR),
        (Health.UNKNOWN, Status.UNKNOWN),
    ],
)
def test_a_module_is_as_well_as_the_provider_that_it_is_on(health: Health, status: Status) -> None:
    state = RouteState(CHAT, FIREBASE, 1, at(0))
    assert served(state, Condition(health, at(-60)), at(10)) == Served(status, at(0))
    assert served(state, Condition(health, at(5)), at(10)) == Served(status, at(5))


@pytest.mark.parametrize("health", list(Health))
def test_a_limited_module_is_partly_out_however_its_providers_are(health: Health) -> None:
    state = RouteState(CHAT, LIMITED, 2, at(3))
    assert served(state, Condition(health, at(5)), at(10)) == Served(Status.PARTIAL, at(3))


def test_a_module_whose_clients_are_on_their_way_is_degraded_and_well_when_the_ramp_ends() -> None:
    state = RouteState(CHAT, NATIVE, 2, at(3), ramp=Ramp(at(3), 10, 20))
    up, down = Condition(Health.UP, at(-60)), Condition(Health.DOWN, at(5))
    assert served(state, up, at(32)) == Served(Status.DEGRADED, at(3))
    assert served(state, up, at(33)) == Served(Status.OPERATIONAL, at(33))
    assert served(state, Condition(Health.UNKNOWN, at(0)), at(32)) == Served(Status.DEGRADED, at(3))
    assert served(state, down, at(32)) == Served(Status.MAJOR, at(5))


def test_a_module_shows_where_its_route_stands_from_failure_to_recovery() -> None:
    here = page()
    assert here.status("chat") is Status.OPERATIONAL
    here.see(DOWN, FIREBASE)
    here.wait(1)
    assert here.status("chat") is Status.MAJOR
    here.wait(9)
    assert (here.chat.provider, here.status("chat")) == (NATIVE, Status.DEGRADED)
    here.wait(30)
    assert here.status("chat") is Status.OPERATIONAL
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert (here.chat.provider, here.status("chat")) == (LIMITED, Status.PARTIAL)


def test_of_several_routes_the_worst_speaks_for_a_module() -> None:
    other = replace(route(QUESTIONS, NATIVE, FIREBASE), component="chat")
    here = page(route(CHAT), other, pace=SLOWLY)
    here.see(DOWN, NATIVE)
    here.wait(1)
    assert here.status("chat") is Status.MAJOR


# --- incidents --------------------------------------------------------------------------------------------------------


def test_an_incident_that_opens_with_the_move_tells_where_the_module_went() -> None:
    here = page(route(users=19_200), providers=[provider(NATIVE, None, 100)])
    here.see(DOWN, FIREBASE)
    here.wait(10)
    opened = here.only()
    assert (opened.causes, opened.components) == ((FIREBASE,), (FIREBASE, "chat"))
    sentence = (
        "Session Chat moved to Native Web Sockets at 13:41 UTC; connecting again takes up to 4 minutes for everyone."
    )
    assert sentence in opened.updates[-1].body.split("\n\n")
    assert said(opened) == [("investigating", "robot")]


def test_a_move_in_an_open_incident_is_an_update_of_its_own() -> None:
    here = page(pace=SLOWLY)
    here.see(DOWN, FIREBASE)
    here.wait(40)
    told = here.only()
    assert said(told) == [("investigating", "robot"), ("identified", "robot")]
    moved = told.updates[-1]
    assert bodies(told)[-1] == (
        "Session Chat moved to Native Web Sockets at 13:41 UTC; connecting again takes up to 30 seconds for everyone."
    )
    assert [(each.component, each.new) for each in moved.changes] == [("chat", Status.DEGRADED)]
    assert here.kinds() == ["incident.created", "incident.updated"]
    assert here.kinds("route.") == ["route.moved"]


def test_modules_that_move_together_are_told_in_one_sentence() -> None:
    here = page(route(CHAT), route(QUESTIONS), pace=SLOWLY)
    here.see(DOWN, FIREBASE)
    here.wait(40)
    assert bodies(here.only())[-1].startswith("Session Chat and Session Questions moved to Native Web Sockets at 13:41")
    assert len(here.only().updates) == 2


def test_what_still_works_in_limited_mode_is_told() -> None:
    here = page(route(still_works="Video and slides work."), route(QUESTIONS), pace=SLOWLY)
    here.see(DOWN, *BOTH)
    here.wait(40)
    assert bodies(here.only())[-1] == (
        "Session Chat and Session Questions are in limited mode since 13:41 UTC: "
        "Video and slides work; it works without live updates."
    )


def test_limited_modules_belong_to_the_incident_of_their_cause_and_open_no_other() -> None:
    here = page(route(CHAT), route(QUESTIONS))
    here.see(DOWN, *BOTH)
    here.wait(300)
    assert here.only().causes == BOTH
    assert set(here.only().components) == {FIREBASE, NATIVE, "chat", "questions"}


def test_an_incident_goes_on_while_a_module_is_limited_or_on_its_way_although_its_cause_is_well() -> None:
    here = page(route(users=8_000), providers=[provider(FIREBASE, None, 100)])
    here.see(DOWN, *BOTH)
    here.wait(60)
    here.see(UP, FIREBASE)
    here.see(UP, NATIVE)
    here.wait(59)
    assert (here.chat.provider, here.only().state) == (LIMITED, IncidentState.INVESTIGATING)
    here.wait(1)
    assert (here.chat.provider, here.chat.ramp) == (FIREBASE, Ramp(at(120), 0, 100))
    assert bodies(here.only())[-1].startswith("Session Chat moved back to Firebase Web Sockets at 13:43 UTC")
    here.wait(99)
    assert here.only().state is IncidentState.IDENTIFIED
    here.wait(1)
    assert here.only().state is IncidentState.MONITORING
    here.wait(299)
    assert here.only().is_open
    here.wait(1)
    assert not here.only().is_open
    assert len(here.incidents) == 1


def test_a_module_that_works_elsewhere_keeps_no_incident_open() -> None:
    here = page()
    here.see(DOWN, FIREBASE)
    here.wait(60)
    here.see(UP, FIREBASE)
    here.wait(301)
    assert (here.chat.provider, here.only().is_open) == (NATIVE, False)


def test_in_an_incident_of_a_person_a_move_is_a_draft_and_the_page_shows_it_all_the_same() -> None:
    here = page(pace=SLOWLY)
    here.see(DOWN, FIREBASE)
    here.wait(12)
    take_over(here, here.only())
    here.wait(28)
    assert (here.chat.provider, here.status("chat")) == (NATIVE, Status.DEGRADED)
    assert said(here.only()) == [("investigating", "robot"), ("investigating", "ana")]
    waiting = draft(here.only())
    assert waiting.body.startswith("Session Chat moved to Native Web Sockets")
    assert here.kinds() == ["incident.created", "incident.updated"]
    here.wait(300)
    assert draft(here.only()) == waiting


def test_a_draft_of_a_move_is_not_lost_when_the_trouble_is_wider_too() -> None:
    here = page(route(CHAT), route(QUESTIONS, NATIVE, FIREBASE), pace=SLOWLY)
    here.see(DOWN, FIREBASE)
    here.wait(12)
    take_over(here, here.only())
    here.see(DOWN, NATIVE)
    here.wait(60)
    mine = here.incidents[next(iter(here.incidents))]
    assert "limited mode" in draft(mine).body


def test_a_second_move_replaces_the_draft_of_the_first_although_its_module_is_as_degraded() -> None:
    here = page(route(CHAT, FIREBASE, NATIVE, "third", users=100_000), pace=SLOWLY)
    here.site = replace(here.site, switchboard=replace(here.site.switchboard, pace=replace(SLOWLY, ramp=HOURS)))
    here.adopt(here.site)
    here.see(DOWN, FIREBASE)
    here.wait(12)
    take_over(here, here.only())
    here.wait(28)
    assert "moved to Native Web Sockets" in draft(here.only()).body
    here.wait(80)
    here.routes[CHAT] = replace(here.chat, previous=None)  # its load is not what sinks the next one
    here.see(DOWN, NATIVE)
    here.wait(40)
    first = here.incidents[min(here.incidents, key=lambda id: here.incidents[id].number)]
    assert here.chat.provider == "third"
    assert "moved to Third Web Sockets" in draft(first).body


def test_what_a_person_drags_into_limited_mode_is_told_with_what_still_works() -> None:
    here = page()
    here.move(LIMITED)
    here.wait(10)
    opened = here.only()
    assert (opened.causes, opened.title) == (("chat",), "Session Chat works only in part")
    assert "Session Chat is in limited mode since 13:41 UTC: it works without live updates." in opened.updates[0].body


def test_a_long_ramp_of_a_person_is_told_and_ends_as_something_that_works_again() -> None:
    here = page(route(users=9_600), providers=[provider(NATIVE, None, 100)])
    here.move(NATIVE)
    here.wait(60)
    assert "takes up to 2 minutes for everyone" in here.only().updates[0].body
    here.wait(60)
    assert bodies(here.only())[-1].startswith("Session Chat works again.")


def test_a_return_of_the_trouble_tells_of_its_moves_once() -> None:
    here = page()
    here.see(DOWN, FIREBASE)
    here.wait(60)
    here.see(UP, FIREBASE)
    here.wait(320)
    assert not here.only().is_open
    here.move(FIREBASE)
    here.routes[CHAT] = replace(here.chat, pinned=None)
    here.wait(100)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    again = [each for each in here.only().updates if each.written_at == here.now]
    assert [each.body.count("moved to Native Web Sockets") for each in again] == [1]


def test_a_move_in_a_draft_that_nobody_has_heard_of_is_told_by_its_first_word() -> None:
    here = page(publish="draft", pace=SLOWLY)
    here.see(DOWN, FIREBASE)
    here.wait(40)
    waiting = draft(here.only())
    assert waiting.state == "investigating"
    assert "Session Chat moved to Native Web Sockets" in waiting.body
    assert not here.only().is_public


def test_a_move_that_no_open_incident_concerns_is_told_in_none() -> None:
    here = page(route(CHAT), route(QUESTIONS, "third", "fourth"))
    here.see(DOWN, "third")
    here.wait(60)
    before = here.only()
    here.move(NATIVE)
    here.wait(1)
    assert here.only() == before


def test_blindness_tells_nothing_and_moves_nothing() -> None:
    here = page()
    here.see(UNKNOWN, *BOTH)
    here.wait(600, every=10)
    assert (here.chat.epoch, here.incidents, here.status("chat")) == (1, {}, Status.UNKNOWN)


# --- the journal and who hears of it ----------------------------------------------------------------------------------


def test_every_new_epoch_is_told_by_one_event() -> None:
    here = World(switchboard(route(failback="auto")))
    here.see(DOWN, FIREBASE)
    here.wait(10)
    here.see(UP, FIREBASE)
    here.wait(1520, every=10)
    told = [event.data["epoch"] for event in here.events if event.kind in ("route.moved", "route.changed")]
    assert told == list(range(2, here.chat.epoch + 1))
    assert here.chat.epoch == 7


def test_what_a_move_rested_on_is_kept_and_only_what_is_public_is_told_to_all() -> None:
    here = World()
    here.see(DOWN, FIREBASE)
    here.wait(10)
    (event,) = here.events
    assert event.telling is not None
    assert (event.telling.queue, event.telling.components) == (f"route/{CHAT}", ("chat",))
    assert (event.data["mode"], event.data["epoch_before"], event.data["epoch"]) == ("auto", 1, 2)
    assert event.data["conditions"] == {
        FIREBASE: {"health": "down", "since": at(0).isoformat(), "why": "timeout at upgrade"},
        NATIVE: {"health": "up", "since": LONG_AGO.isoformat(), "why": ""},
    }
    assert event.telling.data["route"] == {
        "id": CHAT, "component": "chat", "provider": NATIVE, "provider_name": "Native Web Sockets", "epoch": 2,
        "since": at(10).isoformat(), "cause": "firebase_down", "ramp_seconds": 30,
    }  # fmt: skip
    assert "why" not in str(event.telling.data)
    assert "timeout" in str(event.telling.evidence)


def test_what_was_better_and_was_not_taken_is_kept_with_the_move() -> None:
    here = World()
    here.see(DOWN, *BOTH)
    here.wait(10)
    (moved,) = [event for event in here.events if event.kind == "route.moved"]
    assert moved.data["spurned"] == [{"guard": "target_not_up", "detail": "native is down: timeout at upgrade"}]


def test_who_is_to_act_hears_of_what_is_blocked_and_of_a_lock() -> None:
    here = World()
    here.pause(60)
    here.see(DOWN, FIREBASE)
    here.wait(10)
    blocked = here.events[-1]
    assert (blocked.kind, blocked.data["to"]) == ("route.blocked", NATIVE)
    assert blocked.telling is not None
    assert blocked.telling.data["guards"] == ["paused_or_pinned"]


# --- a configuration that leaves somebody behind ----------------------------------------------------------------------


def test_a_configuration_without_the_present_provider_of_a_route_is_refused() -> None:
    here = page()
    here.see(DOWN, FIREBASE)
    here.wait(10)
    lost: Site = routed_site(switchboard(route(CHAT, FIREBASE, "third")))
    with pytest.raises(Refused) as caught:
        here.act(lambda held: adopt(held, lost, here.now))
    assert caught.value.field == f"route[{CHAT}].prefer"
    here.see(DOWN, NATIVE)
    here.wait(10)
    assert here.chat.provider == LIMITED
    here.act(lambda held: adopt(held, lost, here.now))


# --- room -------------------------------------------------------------------------------------------------------------


def test_where_room_runs_low_it_is_told_once_and_again_when_there_is_enough() -> None:
    here = World(switchboard(route(users=800), providers=[provider(FIREBASE, 1000)]))
    assert here.kinds("capacity.") == []
    here.say(CHAT, users=801)
    here.wait(60)
    assert (here.kinds("capacity."), here.low) == (["capacity.low"], frozenset({FIREBASE}))
    (told,) = here.events
    assert told.data == {"provider": FIREBASE, "users": 801, "capacity": 1000, "max_connects_per_s": None}
    assert told.telling is not None
    assert told.telling.queue == f"capacity/{FIREBASE}"
    here.say(CHAT, users=681)
    here.wait(60)
    assert here.kinds("capacity.") == ["capacity.low"]
    here.say(CHAT, users=680)
    here.wait(60)
    assert (here.kinds("capacity."), here.low) == (["capacity.low", "capacity.enough"], frozenset())


def test_room_is_of_users_and_of_new_connections_and_the_tighter_one_counts() -> None:
    here = World(switchboard(route(users=100), providers=[provider(FIREBASE, 1000, 100)]))
    here.say(FIREBASE, rate=81)
    here.wait(1)
    assert here.low == {FIREBASE}
    assert use_of(here.board(), FIREBASE) == 0.81
    assert use_of(here.board(), NATIVE) == 0.0


def test_low_room_is_kept_by_the_page() -> None:
    here = page(route(users=900), providers=[provider(FIREBASE, 1000)])
    assert here.low == {FIREBASE}
    here.wait(10)
    assert here.kinds("capacity.") == []


def test_moved_back_is_said_only_of_where_a_route_was_before() -> None:
    here = page(pace=SLOWLY)
    # Another order: at home it is on Native now, where it never was.
    here.adopt(routed_site(switchboard(route(CHAT, NATIVE, FIREBASE), pace=SLOWLY)))
    here.see(DOWN, FIREBASE)
    here.wait(60)
    assert here.chat.provider == NATIVE
    assert "Session Chat moved to Native Web Sockets" in "".join(bodies(here.only()))
    assert "moved back" not in "".join(bodies(here.only()))


def test_an_incident_goes_on_while_people_feel_it_though_its_provider_is_well() -> None:
    """Firebase comes back while the last of the clients are still on their way to Native."""
    here = page(route(users=8000), providers=[provider(NATIVE, None, 50)])
    here.see(DOWN, FIREBASE)
    here.wait(20)
    assert (here.chat.provider, here.only().is_open) == (NATIVE, True)
    here.see(UP, FIREBASE)
    while here.chat.is_moving(here.now):
        assert (here.only().is_open, here.only().recovering_since) == (True, None)
        here.wait(5)
    here.wait(600, every=5)
    assert not here.only().is_open


def test_whom_a_rule_leads_elsewhere_moves_no_module_and_keeps_no_incident() -> None:
    here = page(route(users=8_000, rules=(rule(),)), providers=[provider(NATIVE, None, 100)])
    here.wait(1)
    assert here.chat.rules[0].flip is not None
    assert here.chat.is_under_way(here.now)
    assert (here.status("chat"), here.chat.is_moving(here.now)) == (Status.OPERATIONAL, False)
    assert not lingers("chat", board_of(here.state(), here.site, here.beliefs, here.now))


def test_a_return_after_the_incident_is_over_is_told_there_and_opens_nothing() -> None:
    here = page(
        route(failback="auto"), pace=Pace(stable=timedelta(seconds=400), dwell=timedelta(0), soak=timedelta(seconds=5))
    )
    here.see(DOWN, FIREBASE)
    here.wait(30)
    here.see(UP, FIREBASE)
    here.wait(380)
    assert (here.only().state, here.chat.provider) == (IncidentState.RESOLVED, NATIVE)
    here.wait(400)
    assert here.chat.provider == FIREBASE
    assert here.only().state is IncidentState.RESOLVED
    assert bodies(here.only())[-1].startswith("Session Chat moved back to Firebase Web Sockets")
    assert "keep working" not in bodies(here.only())[-1]


def test_a_move_that_was_good_is_told_to_pagers_alone_for_it_ends_the_alert_of_one_that_was_not() -> None:
    here = page()
    here.see(DOWN, FIREBASE)
    here.wait(200)
    assert here.chat.provider == NATIVE
    (event,) = (each for each in here.journal if each.kind == "route.verified")
    assert event.telling is not None
    assert (event.telling.queue, event.telling.data) == (
        f"route/{CHAT}", {"route": {"id": CHAT, "component": "chat"}, "to": NATIVE},
    )  # fmt: skip
    pager, hook = Destination("pager", "pagerduty", pages=True), Destination("hook", "webhook", ("route.*",))
    assert listeners(event.kind, event.telling, (pager, hook)) == (pager,)
