"""`run`: a child that dies comes back, and nobody is left behind."""

import json
import os
import re
import secrets
import signal
import socket
import sys
from datetime import datetime
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from tests.processes import answer, children_of, free_port, is_alive, part, started, statuspage
from tests.secret_key import secret_key
from tests.waiting import wait_for


@pytest.fixture
def served(tmp_path: Path) -> tuple[Path, str]:
    port = free_port()
    path = tmp_path / "config.toml"
    path.write_text(
        f"""
[site]
url = "http://127.0.0.1:{port}"
{secret_key(tmp_path)}
[web]
bind = "127.0.0.1:{port}"
[[component]]
id = "chat"
name = "Session chat"
[[check]]
id = "chat"
component = "chat"
type = "tcp"
every = "1s"
timeout = "500ms"
slow_over = "400ms"
host = "127.0.0.1"
port = {port}
"""
    )
    return path, f"http://127.0.0.1:{port}/"


def family(pid: int) -> list[int]:
    return [each for child in children_of(pid) for each in (child, *family(child))]


def part_of(supervisor: int, name: str) -> int:
    found = wait_for(partial(part, supervisor, name), name)
    assert found is not None
    return found


def came_back(supervisor: int, name: str, old: int) -> bool:
    return part(supervisor, name) not in (None, old)


def test_what_is_killed_comes_back(served: tuple[Path, str], tmp_path: Path) -> None:
    path, url = served
    with started("run", "-c", str(path), log=tmp_path / "log") as run:
        wait_for(lambda: "Session chat" in answer(url), "the page")
        for name in ("web", "monitor"):
            old = part_of(run.pid, name)
            os.kill(old, signal.SIGKILL)
            wait_for(partial(came_back, run.pid, name, old), f"a new {name}")
            wait_for(lambda: "Session chat" in answer(url), "the page again")


def test_sigterm_ends_everything(served: tuple[Path, str], tmp_path: Path) -> None:
    path, url = served
    with started("run", "-c", str(path), log=tmp_path / "log") as run:
        wait_for(lambda: "Session chat" in answer(url), "the page")
        pids = family(run.pid)
        assert len(pids) >= 3
        run.terminate()
        assert run.wait(20) == 0
        wait_for(lambda: not any(map(is_alive, pids)), "the children to be gone")
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_children_of_a_killed_run_end_by_themselves(served: tuple[Path, str], tmp_path: Path) -> None:
    path, url = served
    with started("run", "-c", str(path), log=tmp_path / "log") as run:
        wait_for(lambda: "Session chat" in answer(url), "the page")
        pids = family(run.pid)
        run.kill()
        wait_for(lambda: not any(map(is_alive, pids)), "the children to be gone")


def test_a_changed_file_is_taken_over_and_a_bad_one_refused_whole(served: tuple[Path, str], tmp_path: Path) -> None:
    path, url = served
    with started("run", "-c", str(path), log=tmp_path / "log") as run:
        wait_for(lambda: "Session chat" in answer(url), "the page")
        good = path.read_text()
        path.write_text(good.replace("Session chat", "Session Q&amp;A") + "\n[web]\n")
        wait_for(lambda: "is refused, the old one stays" in (tmp_path / "log").read_text(), "the refusal")
        assert "Session chat" in answer(url)
        path.write_text(good.replace("Session chat", "Networking"))
        os.kill(run.pid, signal.SIGHUP)
        wait_for(lambda: "Networking" in answer(url), "the new name on the page")
        assert run.poll() is None


def test_what_dies_while_the_file_is_bad_comes_back_with_what_was_accepted_last(
    served: tuple[Path, str], tmp_path: Path
) -> None:
    path, url = served
    log, accepted = tmp_path / "log", tmp_path / "data" / "config.accepted.toml"
    with started("run", "-c", str(path), log=log) as run:
        wait_for(lambda: "Session chat" in answer(url), "the page")
        good = path.read_text().replace("Session chat", "Networking")
        path.write_text(good)
        wait_for(lambda: "Networking" in answer(url), "the new name on the page")
        wait_for(lambda: "Networking" in accepted.read_text(), "it to be kept")
        assert accepted.stat().st_mode & 0o777 == 0o600
        path.write_text(good + "\n[web]\n")
        wait_for(lambda: "is refused, the old one stays" in log.read_text(), "the refusal")
        for name in ("web", "monitor"):
            old = part_of(run.pid, name)
            os.kill(old, signal.SIGKILL)
            wait_for(partial(came_back, run.pid, name, old), f"a new {name}")
            wait_for(lambda: "Networking" in answer(url), "the page again")
        wait_for(lambda: log.read_text().count(f"{path} cannot be used; what was accepted last") == 2, "both to say so")
        assert "Cannot declare ('web',) twice" in log.read_text().split("cannot be used; what was accepted last")[1]
        path.write_text(good.replace("Networking", "Reception"))
        wait_for(lambda: "Reception" in answer(url), "the mended file to be taken over")
    path.write_text("[web]\nworkers = 0\n")
    assert accepted.exists()
    assert statuspage("run", "-c", str(path)).returncode == 2


def test_what_a_reload_cannot_change_is_warned_about(served: tuple[Path, str], tmp_path: Path) -> None:
    path, url = served
    log = tmp_path / "log"

    def warnings() -> int:
        return log.read_text().count("are read at the start only: restart to change them")

    with started("run", "-c", str(path), log=log) as run:
        wait_for(lambda: "Session chat" in answer(url), "the page")
        good = path.read_text()
        (tmp_path / "old.key").write_text(secrets.token_urlsafe(48))
        changes = [
            good + '[store]\nkeep_observations = "3d"\n',
            good.replace("[web]", f'old_secret_key = {{ file = "{tmp_path}/old.key" }}\n[web]'),
            good.replace(f"{tmp_path}/secret.key", f"{tmp_path}/old.key"),
        ]
        for number, text in enumerate(changes, 1):
            path.write_text(text)
            os.kill(run.pid, signal.SIGHUP)
            wait_for(lambda number=number: warnings() == number, f"warning {number}")  # type: ignore[misc]


def test_a_bad_configuration_ends_run_with_2(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[web]\nworkers = 0\n")
    found = statuspage("run", "-c", str(path))
    assert found.returncode == 2
    assert "web.workers: must be at least 1\nsite.secret_key: is needed" in found.stderr


def test_a_taken_port_ends_run_with_3_and_says_so(served: tuple[Path, str], tmp_path: Path) -> None:
    path, url = served
    port = int(url.rsplit(":", 1)[1].strip("/"))
    with socket.create_server(("127.0.0.1", port)), started("run", "-c", str(path), log=tmp_path / "log") as run:
        assert run.wait(30) == 3
    assert f"cannot listen on 127.0.0.1:{port}" in (tmp_path / "log").read_text()


def test_a_part_that_keeps_dying_is_started_ever_more_slowly(tmp_path: Path) -> None:
    code = (
        "from statuspage import logs; from statuspage.supervisor import supervise; logs.setup(); "
        f"supervise({{'web': ['db', 'check', '-c', {str(tmp_path / 'config.toml')!r}]}})"
    )
    (tmp_path / "config.toml").write_text("")
    log = tmp_path / "log"
    with started("-c", code, log=log, command=(sys.executable,)):
        wait_for(lambda: len(_pauses(log)) >= 4, "four restarts", 60)
    assert "Traceback" not in log.read_text()
    said, kept = zip(*_pauses(log)[:4], strict=True)
    assert said == (1.0, 2.0, 4.0, 5.0)
    assert all(waited >= pause for pause, waited in zip(said, kept, strict=True)), kept


def _pauses(log: Path) -> list[tuple[float, float]]:
    """After each start: the pause that was announced at its end, and the seconds until the next start."""
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    said = [re.search(r"is started again in ([0-9.]+) s", each["message"]) for each in lines]
    pauses = [float(each[1]) for each in said if each is not None]
    starts = [datetime.fromisoformat(each["at"]) for each in lines if "started as process" in each["message"]]
    # Times of lines have milliseconds.
    between = [(late - early).total_seconds() + 0.001 for early, late in pairwise(starts)]
    return list(zip(pauses, between, strict=False))
