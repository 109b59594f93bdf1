"""What was told before a restart is not told again after it."""

import signal
from functools import partial
from pathlib import Path

from statuspage.store import Store
from tests.faults import laws, whole
from tests.faults.rounds import Bench
from tests.processes import started
from tests.waiting import wait_for

EVERYTHING = '"incident.*", "draft.*", "component.updated", "monitor.*"'


def told(on: Bench) -> list[tuple[str, str]]:
    """(id, kind) of every message, in their order."""
    return [(each.id, each.said[1]) for each in laws.read_books(on.store).messages]


def arrived(on: Bench) -> list[str]:
    """What was accepted, by id. Between incidents and components there is no order."""
    return sorted(each.id for each in laws.read_arrivals(on.folder / "arrivals") if each.accepted)


def has_looked(store: Store, seq: int) -> bool:
    return store.last_seq("local") >= seq


def test_an_open_incident_survives_three_restarts_without_a_word(tmp_path: Path) -> None:
    with whole.monitored(tmp_path, seed=1, events=EVERYTHING) as (on, target):
        target.turn(on=False)
        before: list[tuple[str, str]] = []
        for end in (signal.SIGTERM, signal.SIGKILL, signal.SIGTERM, signal.SIGTERM):
            with started("monitor", "-c", str(on.config), log=tmp_path / "log") as monitor:
                if not before:
                    wait_for(lambda: whole.status(on) == "major_outage", "the outage")
                    wait_for(lambda: "incident.created" in [kind for _, kind in told(on)], "the incident")
                    on.settle()
                    before = told(on)
                wait_for(partial(has_looked, on.store, on.store.last_seq("local") + 20), "twenty more looks")
                assert told(on) == before
                monitor.send_signal(end)
                monitor.wait()
        assert arrived(on) == sorted(id for id, _ in before)

        target.turn(on=True)
        with started("monitor", "-c", str(on.config), log=tmp_path / "log"):
            wait_for(lambda: "incident.resolved" in [kind for _, kind in told(on)], "the end")
            on.settle()
        kinds = [kind for _, kind in told(on)[len(before) :]]
        assert sorted(kinds) == ["component.updated", "incident.resolved", "incident.updated"]
        assert arrived(on) == sorted(id for id, _ in told(on))
