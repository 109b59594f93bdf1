"""A provider breaks in the demo, where routes move by themselves: what is served, told to people, and kept."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from statuspage.clock import SystemClock
from statuspage.core.detection import Verdict
from statuspage.store import Store, open_store
from statuspage.store.journal import Entry
from tests.drill.test_demo_faults import Demo, operational_demo

MOVED_WITHIN = 15.0
"""From the fault to what applications read, at the demo's settings."""
ROUTES = ("realtime.session-chat", "realtime.session-qa", "realtime.networking")
PROVEN = timedelta(seconds=12)
"""The demo's `target_min_up` is 10 s, and so is its `settle`."""
Routes = dict[str, Any]


async def directives(demo: Demo) -> Routes:
    found: Routes = (await demo.http.get(f"http://127.0.0.1:{demo.port}/directives.json")).json()["routes"]
    return {name: found[name] for name in ROUTES}


async def flags(demo: Demo) -> Routes:
    """The providers by remote evaluation."""
    where = f"http://127.0.0.1:{demo.port}/ofrep/v1/evaluate/flags"
    answer = await demo.http.post(where, json={"context": {"targetingKey": "user-1"}})
    found = {each["key"]: each for each in answer.json()["flags"]}
    return {name: found[f"{name}.provider"] for name in ROUTES}


async def definitions(demo: Demo) -> Routes:
    """The providers as flagd reads them."""
    found = (await demo.http.get(f"http://127.0.0.1:{demo.port}/flagd.json")).json()["flags"]
    return {name: found[f"{name}.provider"] for name in ROUTES}


async def everywhere(demo: Demo, target: str) -> Routes | None:
    """The directives, if every way to read them says so."""
    documents = await directives(demo), await flags(demo), await definitions(demo)
    said = zip(documents, ("target", "value", "defaultVariant"), strict=True)
    if any(document[name][key] != target for document, key in said for name in ROUTES):
        return None
    told, evaluated, defined = documents
    for name in ROUTES:
        epochs = {told[name]["epoch"][1], *(each[name]["metadata"]["epoch"] for each in (evaluated, defined))}
        assert epochs == {told[name]["epoch"][1]}, (name, documents)
    return told


async def reads(demo: Demo, target: str, within: float, since: float | None = None) -> Routes:
    until = (since or time.monotonic()) + within
    while (found := await everywhere(demo, target)) is None:
        assert time.monotonic() < until, f"{target} took longer than {within:g} s: {await directives(demo)}"
        await asyncio.sleep(0.1)
    return found


async def holds(condition: Callable[[], bool], what: str, within: float = 60.0) -> None:
    until = time.monotonic() + within
    while not condition():
        assert time.monotonic() < until, f"{what} did not come true within {within:g} s"
        await asyncio.sleep(0.2)


def proven(store: Store) -> bool:
    """Whether both providers may be moved to by now."""
    known = [store.beliefs("local").get(check) for check in ("firebase-web-sockets", "native-web-sockets")]
    now = SystemClock().now()
    return all(each is not None and each.verdict is Verdict.UP and each.since + PROVEN < now for each in known)


def moves(store: Store, since: datetime, to: str) -> list[Entry]:
    """What the journal keeps of the moves onto it, the newest first."""
    found = store.newest_events(500, kind="route.moved")
    return [each for each in found if each.event.at >= since and each.event.data["to"] == to]


async def incident_text(demo: Demo) -> str:
    (first, *_) = (await demo.http.get(f"http://127.0.0.1:{demo.port}/api/v2/incidents.json")).json()["incidents"]
    return "\n".join(each["body"] for each in first["incident_updates"])


async def tells(demo: Demo, words: str, within: float = 30.0) -> None:
    until = time.monotonic() + within
    while words not in (text := await incident_text(demo)):
        assert time.monotonic() < until, f"no incident tells {words!r}: {text}"
        await asyncio.sleep(0.2)


@pytest.mark.timeout(400)
async def test_a_silenced_provider_is_left_then_limited_mode_then_recovery_by_the_rules(tmp_path: Path) -> None:
    async with operational_demo(tmp_path) as demo:
        store = open_store(f"sqlite:///{tmp_path / 'statuspage.db'}")
        try:
            await holds(lambda: proven(store), "both providers to be proven")
            before = await reads(demo, "firebase", 10)

            pressed, began = await demo.press("firebase", "silence"), time.monotonic()
            after = await reads(demo, "native", MOVED_WITHIN, since=began)
            for name in ROUTES:
                generation, number = before[name]["epoch"]
                assert after[name]["epoch"] == [generation, number + 1]
                assert (after[name]["previous"], after[name]["cause"]) == ("firebase", "firebase_down")
            await tells(demo, "moved to Native Web Sockets at ")
            found = moves(store, pressed, "native")
            assert {each.event.subject for each in found} == set(ROUTES)
            for each in found:
                why = each.event.data["conditions"]
                assert isinstance(why, dict)
                left, taken = why["firebase"], why["native"]
                assert isinstance(left, dict)
                assert isinstance(taken, dict)
                assert (left["health"], taken["health"]) == ("down", "up")
                assert left["why"]
                assert each.event.data["reason"]
                assert each.event.data["by"] == "robot"

            second = await demo.press("native", "silence")
            limited = await reads(demo, "limited", 40)
            for name in ROUTES:
                assert limited[name]["epoch"][1] > after[name]["epoch"][1]
                assert (limited[name]["publish_to"], limited[name]["expires_at"]) == ([], None)
            assert {each.event.subject for each in moves(store, second, "limited")} == set(ROUTES)

            mended = await demo.press("all", "mend")
            await recovered(demo, limited)
            for each in [*moves(store, mended, "firebase"), *moves(store, mended, "native")]:
                why = each.event.data["conditions"]
                assert isinstance(why, dict)
                target = why[str(each.event.data["to"])]
                assert isinstance(target, dict)
                up_since = datetime.fromisoformat(str(target["since"]))
                assert target["health"] == "up"
                assert each.event.at - up_since >= timedelta(seconds=10)
        finally:
            store.close()


async def recovered(demo: Demo, limited: Routes, within: float = 90.0) -> None:
    """Wait until no route is limited any more: each under a later epoch."""
    until = time.monotonic() + within
    while True:
        found = await directives(demo)
        if "limited" not in {each["target"] for each in found.values()}:
            break
        assert time.monotonic() < until, f"recovery took longer than {within:g} s: {found}"
        await asyncio.sleep(0.2)
    for name in ROUTES:
        assert found[name]["epoch"] > limited[name]["epoch"]
