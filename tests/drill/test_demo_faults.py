"""What the product promises, seen on the demo's page: every limit here is one of its promises, not a guess."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from statuspage.app import loads_config, probe_once
from statuspage.clock import SystemClock
from statuspage.core.observation import Outcome, Reason
from statuspage.drill.demo_config import demo_config
from statuspage.drill.on_call import OnCall
from statuspage.drill.provider import FULL
from statuspage.drill.staff_login import key_file
from statuspage.drill.stand_ins import running
from statuspage.store import open_store
from tests.drill.test_demo import demo, two_ports

UP_WITHIN = 30.0
"""A fresh demo shows every component operational."""
DOWN_WITHIN = 18.0
"""A silenced provider is not operational any more, at the demo's 5 s and 2 s."""
WELL_WITHIN = 25.0
"""A mended one is operational again."""

TOGETHER = ("Firebase Web Sockets", "Native Web Sockets", "Redis cache")
FIREBASE = "Firebase Web Sockets"
Summary = dict[str, Any]


@dataclass(frozen=True)
class Demo:
    """A running demo: its page, its console, and its database."""

    http: httpx.AsyncClient
    port: int
    folder: Path

    async def summary(self) -> Summary:
        found: Summary = (await self.http.get(f"http://127.0.0.1:{self.port}/api/v1/summary.json")).json()
        return found

    async def shows(self, holds: Callable[[Summary], bool], what: str, within: float) -> Summary:
        """The page as soon as it says so, which it must within so many seconds."""
        until = time.monotonic() + within
        while not holds(found := await self.summary()):
            assert time.monotonic() < until, f"{what} took longer than {within:g} s: {statuses(found)}"
            await asyncio.sleep(0.1)
        return found

    async def press(self, provider: str, fault: str) -> datetime:
        """Press a button of the fault console; when that was."""
        at = SystemClock().now()
        answer = await self.http.post(f"http://127.0.0.1:{self.port + 1}/faults/{provider}/{fault}")
        assert answer.status_code == 200, answer.text
        return at


def statuses(summary: Summary) -> dict[str, str]:
    return {each["name"]: each["status"] for each in summary["components"]}


def all_operational(summary: Summary) -> bool:
    return set(statuses(summary).values()) == {"operational"}


@asynccontextmanager
async def operational_demo(folder: Path) -> AsyncIterator[Demo]:
    """A demo whose every component is operational."""
    port = two_ports()
    async with demo(port, "--data", str(folder)), httpx.AsyncClient(trust_env=False, timeout=10) as http:
        found = Demo(http, port, folder)
        await found.shows(all_operational, "every component operational", UP_WITHIN)
        yield found


@pytest.mark.timeout(300)
async def test_a_silenced_provider_is_shown_as_of_its_first_bad_run_and_comes_back(tmp_path: Path) -> None:
    async with operational_demo(tmp_path) as found:
        pressed = await found.press("firebase", "silence")
        down = await found.shows(lambda page: statuses(page)[FIREBASE] != "operational", "the outage", DOWN_WITHIN)
        assert statuses(down)["Native Web Sockets"] == "operational"
        store = open_store(f"sqlite:///{tmp_path / 'statuspage.db'}")
        bad = [each for each in store.recent("firebase-web-sockets", 100) if each.outcome is Outcome.FAIL]
        first = min(each.at for each in bad if each.ended_at >= pressed)
        since = next(each["since"] for each in down["components"] if each["name"] == FIREBASE)
        assert store.state().components["firebase-web-sockets"].since == first
        assert datetime.fromisoformat(since) == first.replace(microsecond=0)
        store.close()
        await found.press("firebase", "mend")
        await found.shows(all_operational, "recovery", WELL_WITHIN)


@pytest.mark.timeout(300)
async def test_what_breaks_together_is_down_and_a_cut_network_is_no_outage(tmp_path: Path) -> None:
    async with operational_demo(tmp_path) as found:
        await found.press("all", "together")
        broken = await found.shows(
            lambda page: {statuses(page)[name] for name in TOGETHER} == {"major_outage"}, "three outages", DOWN_WITHIN
        )
        assert broken["blind"] is None
        assert statuses(broken)["Landing page"] == "operational"
        await found.press("all", "mend")
        await found.shows(all_operational, "recovery", WELL_WITHIN)

        cut = await found.press("all", "cut")
        # A monitor's blindness shows after two rounds of anchors and one sign of life, each of them every 5 s.
        await found.shows(lambda page: page["blind"] is not None, "blindness", WELL_WITHIN)
        page = (await found.http.get(f"http://127.0.0.1:{found.port}/")).text
        assert "cannot see" in page
        # No fresh run for 15 s: what is not known is said, and nothing is called down.
        blind = await found.shows(lambda page: statuses(page)[FIREBASE] == "unknown", "no fresh data", WELL_WITHIN)
        assert set(statuses(blind).values()) <= {"unknown", "operational"}
        assert blind["blind"] is not None

        await found.press("all", "mend")
        await found.shows(lambda page: page["blind"] is None and all_operational(page), "sight again", WELL_WITHIN)
        store = open_store(f"sqlite:///{tmp_path / 'statuspage.db'}")
        since = [each.event for each in store.journal() if each.event.at >= cut]
        store.close()
        moved = {event.data["to"] for event in since if event.kind == "component.updated"}
        assert moved <= {"unknown", "operational"}
        assert not [event for event in since if event.kind in ("incident.created", "draft.waiting")]


async def test_a_full_provider_is_told_by_its_capacity(tmp_path: Path) -> None:
    async with running(tmp_path) as stand_ins:
        anchors = [anchor.port for anchor in stand_ins.anchors]
        secret = OnCall(SystemClock(), tmp_path / "on-call.secret").secret_file
        config = loads_config(demo_config(8000, stand_ins.ports(), anchors, key_file(tmp_path), secret), tmp_path)
        checks = {check.id: check for check in config.checks}
        for provider, check in (("firebase", "firebase-web-sockets"), ("native", "native-web-sockets")):
            assert (await probe_once(checks[check], SystemClock())).outcome is not Outcome.FAIL
            await stand_ins.provider(provider).break_with(FULL)
            seen = await probe_once(checks[check], SystemClock())
            assert (seen.stage, seen.reason) == ("upgrade", Reason.CAPACITY), seen
