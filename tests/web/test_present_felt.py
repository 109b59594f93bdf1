"""The chart of time to connect: its picture, its tables, its JSON, and that there is none without data."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from statuspage.core.felt import HOUR, Counts, Stretch, begun
from statuspage.core.route import Provider, Switchboard
from statuspage.core.site import public_id
from statuspage.core.state import Snapshot
from statuspage.web.bundle import build, load_snapshot
from statuspage.web.present_felt import Chart, charts
from statuspage.web.render import render
from statuspage.web.scene import open_scene
from tests.web.snapshots import NOW, make_site, make_snapshot

COMPONENT = "native-web-sockets"
NATIVE = Provider("native", "Native Web Sockets", COMPONENT)
PAGE = f"/components/{public_id('component', COMPONENT)}"
QUICK = Counts(ok=100, within=(0, 100, 0, 0, 0, 0, 0, 0, 0, 0))
SLOW = Counts(ok=60, timeout=30, refused=10, within=(0, 30, 0, 0, 0, 20, 0, 0, 0, 10))
DEAD = Counts(timeout=5)

Hours = Mapping[int, Counts]
"""By how many hours ago they began; 0 is the present one."""


def felt_snapshot(hours: Hours, providers: Sequence[Provider] = (NATIVE,), now: Any = NOW) -> Snapshot:
    """The made-up site with a provider of which this was felt."""
    told = tuple(Stretch(begun(now, HOUR) - ago * HOUR, counts) for ago, counts in sorted(hours.items(), reverse=True))
    site = replace(make_site(), switchboard=Switchboard(providers=tuple(providers)))
    return replace(make_snapshot(site=site, now=now), felt={"native": told} if told else {})


def chart(hours: Hours, now: Any = NOW) -> Chart:
    snapshot = felt_snapshot(hours)
    component = snapshot.site.component(COMPONENT)
    assert component is not None
    (found,) = charts(open_scene(snapshot, now), component)
    return found


def document(snapshot: Snapshot) -> Any:
    return json.loads(render(snapshot, NOW)["/felt.json"].body)


def test_where_nothing_was_felt_there_is_no_chart() -> None:
    files = render(felt_snapshot({}), NOW)
    assert b"as users felt it" not in files[PAGE].body
    assert json.loads(files["/felt.json"].body)["providers"] == []


def test_only_the_page_of_the_provider_has_it() -> None:
    files = render(felt_snapshot({0: QUICK}), NOW)
    assert [path for path, file in files.items() if b"h-felt-" in file.body] == [PAGE]


def test_each_hour_is_a_level_and_hours_without_a_connection_are_a_gap() -> None:
    found = chart({3: QUICK, 2: SLOW, 1: DEAD, 0: QUICK})
    # 75 ms, and 167 ms of one who waited on the way; nobody connected; 75 ms again
    assert found.half == "M600 85h30V80h30M690 85h30"
    assert found.most.startswith("M600 80h30V4h30M690")
    assert found.failed == "M633 40h24v-16h-24zM663 40h24v-40h-24z"


def test_the_legend_says_the_whole_day_and_the_newest_hour_in_words() -> None:
    found = chart({3: SLOW, 0: QUICK})
    assert (found.newest[0].text, found.newest[1].half, found.newest[1].failed) == ("14:00 UTC", "75 ms", "0 %")
    assert (found.day.most, found.day.failed, found.day.tries) == ("over 8 s", "20 %", "200")
    assert found.label == (
        "24 hours: half of users connected within 81 ms, 95 % in over 8 s; 20 % of tries failed. "
        "The tables say it hour by hour."
    )
    assert found.begins == "15:00 UTC"


def test_an_hour_in_which_nobody_connected_says_so() -> None:
    found = chart({0: DEAD})
    assert (found.half, found.most) == ("", "")
    assert found.label.startswith("24 hours: nobody connected; 100 % of tries failed.")
    assert (found.day.half, found.day.failed, found.day.tries) == (None, "100 %", "5")


def test_few_failures_are_not_rounded_away() -> None:
    assert chart({0: QUICK + QUICK + Counts(refused=1)}).day.failed == "0.5 %"
    assert "v-2h" in chart({0: QUICK + QUICK + Counts(refused=1)}).failed


def test_whoever_is_only_limited_is_told_in_the_json_and_draws_nothing() -> None:
    found = chart({0: Counts(limited=4)})
    assert (found.half, found.failed, found.day.failed, found.day.tries) == ("", "", None, "0")
    assert found.label == "24 hours: nobody connected. The tables say it hour by hour."


def test_what_is_older_than_a_day_goes_although_the_snapshot_is_old() -> None:
    assert chart({23: QUICK, 1: QUICK}).half == "M0 85h30M660 85h30"
    assert len(chart({23: QUICK, 1: QUICK}, now=NOW + timedelta(hours=5)).hours) == 1


def test_two_providers_of_one_component_are_told_apart() -> None:
    other = Provider("other", "Other Web Sockets", COMPONENT)
    snapshot = felt_snapshot({0: QUICK}, [NATIVE, other])
    snapshot = replace(snapshot, felt={**snapshot.felt, "other": snapshot.felt["native"]})
    body = render(snapshot, NOW)[PAGE].body.decode()
    assert re.findall(r"<h2 id=\"(h-felt-\w+)\">([^<]*)", body) == [
        ("h-felt-native", "Time to connect, as users felt it: Native Web Sockets"),
        ("h-felt-other", "Time to connect, as users felt it: Other Web Sockets"),
    ]


def test_the_page_has_neither_script_nor_style_in_it() -> None:
    body = render(felt_snapshot({1: SLOW, 0: QUICK}), NOW)[PAGE].body.decode()
    section = body[body.index('aria-labelledby="h-felt-native"') : body.index('aria-labelledby="h-events"')]
    assert not re.search(r"style=|<script|\son\w+=", section)
    assert section.count("<td") > 10


def test_the_same_is_served_as_json() -> None:
    found = document(felt_snapshot({1: DEAD, 0: QUICK}))
    assert found["providers"] == [
        {
            "id": "native", "name": "Native Web Sockets", "component_id": public_id("component", COMPONENT),
            "hours": [
                {"at": "2026-11-23T13:00:00Z", "tries": 5, "timeout": 5, "refused": 0, "limited": 0,
                 "failed_part": 1.0, "p50_ms": None, "p95_ms": None},
                {"at": "2026-11-23T14:00:00Z", "tries": 100, "timeout": 0, "refused": 0, "limited": 0,
                 "failed_part": 0.0, "p50_ms": 75, "p95_ms": 98},
            ],
        }
    ]  # fmt: skip


def test_a_web_without_a_database_goes_on_showing_it(tmp_path: Path) -> None:
    snapshot = felt_snapshot({0: QUICK})
    bundle = build(tmp_path, snapshot, NOW)
    assert load_snapshot(tmp_path, bundle.name) == snapshot
