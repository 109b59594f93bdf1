"""The monitor's own trouble is never published as the target's trouble (promise 3 of the product)."""

import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from statuspage.core.observation import Outcome
from statuspage.store import Store, StoreError, open_store
from tests.processes import STATUSPAGE, free_port, started
from tests.programs import need
from tests.secret_key import secret_key
from tests.waiting import wait_for


def config(folder: Path, targets: list[str], anchors: list[str], every: str = "1s") -> Path:
    tables = [f'[site]\n{secret_key(folder)}\n[store]\nurl = "sqlite:///status.db"\n']
    tables += [f'[[anchor]]\nurl = "{url}"\ntimeout = "500ms"\n' for url in anchors]
    for n, url in enumerate(targets):
        tables.append(
            f'[[component]]\nid = "c{n}"\nname = "C{n}"\n[[check]]\nid = "c{n}"\ncomponent = "c{n}"\ntype = "http"\n'
            f'url = "{url}"\nevery = "{every}"\ntimeout = "900ms"\nslow_over = "800ms"\n'
        )
    path = folder / "config.toml"
    path.write_text("\n".join(tables))
    return path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = open_store(f"sqlite:///{tmp_path / 'status.db'}")
    yield found
    found.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """A small real web server in a process of its own."""
    port = free_port()
    folder = tmp_path / "www"
    folder.mkdir()
    command = (*STATUSPAGE[:1], "-m", "http.server", "--bind", "127.0.0.1", "-d", str(folder), str(port))
    with started(log=tmp_path / "www.log", command=command):
        url = f"http://127.0.0.1:{port}/"
        wait_for(lambda: _answers(url), "the web server")
        yield url


def _answers(url: str) -> bool:
    with suppress(OSError):
        urllib.request.urlopen(url, timeout=2).close()
        return True
    return False


def statuses(store: Store) -> set[str]:
    try:
        return {held.status.value for held in store.state().components.values()}
    except StoreError:
        return set()


def blind(store: Store) -> bool:
    return any(beat.blind_since for beat in store.heartbeats())


def outages(store: Store) -> list[str]:
    found = (entry.event for entry in store.journal(limit=100_000))
    return [e.subject for e in found if e.kind == "component.updated" and str(e.data["to"]).endswith("_outage")]


def test_a_stopped_monitor_comes_back_without_an_outage(tmp_path: Path, store: Store, site: str) -> None:
    path = config(tmp_path, [site] * 5, [])
    with started("monitor", "-c", str(path), log=tmp_path / "log") as monitor:
        wait_for(lambda: statuses(store) == {"operational"}, "operational")
        # Longer than the time limit, so that every run under way is over its time when we come back.
        os.kill(monitor.pid, signal.SIGSTOP)
        stopped = store.last_seq("local")
        subprocess.run(["sleep", "4"], check=True)
        os.kill(monitor.pid, signal.SIGCONT)
        wait_for(lambda: store.last_seq("local") >= stopped + 15, "looking to go on")
        assert "decisions rest" in (tmp_path / "log").read_text()
        assert Outcome.FAIL not in {each.outcome for n in range(5) for each in store.recent(f"c{n}", 50)}
    assert outages(store) == []


def test_a_network_without_routes_blames_nobody_and_the_page_says_that_we_cannot_see(
    tmp_path: Path, store: Store
) -> None:
    ip = need("ip", "/sbin/ip")
    name = f"status-{os.getpid()}"
    made = subprocess.run([ip, "netns", "add", name], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"this kernel or user may not make a network namespace: {made.stderr.strip()}")
    inside = (ip, "netns", "exec", name)
    try:
        subprocess.run([*inside, ip, "link", "set", "lo", "up"], check=True)
        ports = [free_port(), free_port()]
        url, second = (f"http://127.0.0.1:{port}/" for port in ports)
        server = (*inside, *STATUSPAGE[:1], "-m", "http.server", "--bind", "127.0.0.1", "-d", str(tmp_path))
        path = config(tmp_path, [url] * 3, [url, second])
        with (
            started(str(ports[0]), log=tmp_path / "www.log", command=server),
            started(str(ports[1]), log=tmp_path / "second.log", command=server),
            started("monitor", "-c", str(path), log=tmp_path / "log", command=(*inside, *STATUSPAGE)),
        ):
            wait_for(lambda: statuses(store) == {"operational"}, "operational")
            subprocess.run([*inside, ip, "link", "set", "lo", "down"], check=True)
            wait_for(lambda: blind(store), "the monitor to know that it is blind")
            since = store.last_seq("local")
            wait_for(lambda: store.last_seq("local") >= since + 15, "looking to go on")
            assert {each.outcome for n in range(3) for each in store.recent(f"c{n}", 3)} == {Outcome.BLIND}
            assert outages(store) == []
            page = _rendered(store)
            assert "cannot see" in page
            subprocess.run([*inside, ip, "link", "set", "lo", "up"], check=True)
            wait_for(lambda: not blind(store), "sight to return")
            wait_for(lambda: statuses(store) == {"operational"}, "operational again")
    finally:
        subprocess.run([ip, "netns", "delete", name], check=False)
    assert outages(store) == []


def _rendered(store: Store) -> str:
    """The front page as web would render it now."""
    from statuspage.clock import SystemClock
    from statuspage.web.render import render

    now = SystemClock().now()
    snapshot = store.snapshot(now)
    assert snapshot is not None
    return render(snapshot, now)["/"].body.decode()
