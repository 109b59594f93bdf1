"""The wheel, away from the checkout: it holds its templates, its migrations, and all it needs to run the demo."""

import json
import os
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.processes import free_port, started
from tests.waiting import wait_for

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but the contents of our wheel; its dependencies come from this environment."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "-w", str(folder / "built"), str(ROOT)]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = (folder / "built").glob("statuspage-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(folder / "site"), str(wheel)], check=True)
    return folder / "site"


def test_the_wheel_carries_pages_styles_and_migrations(installed: Path) -> None:
    assert (installed / "statuspage/templates/public/index.html").is_file()
    assert (installed / "statuspage/templates/drill/console.html").is_file()
    assert (installed / "statuspage/web/static/page.css").is_file()
    assert list((installed / "statuspage/store/migrations/versions").glob("*.py"))
    assert (installed / "probes/firebase.py").is_file()
    assert not (installed / "tests").exists()


def test_the_installed_wheel_runs_the_demo_from_the_root_of_the_disk(
    installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(installed))
    monkeypatch.chdir("/")
    where = subprocess.run(
        [sys.executable, "-c", "import statuspage, probes; print(statuspage.__file__, probes.__file__)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert all(each.startswith(str(installed) + os.sep) for each in where), where
    port = free_port()
    with started("demo", "--port", str(port), log=tmp_path / "log") as demo:
        wait_for(lambda: _all_operational(port), "every component operational", 60)
        demo.terminate()
        assert demo.wait(20) == 0
    assert "Traceback" not in (tmp_path / "log").read_text()


def _all_operational(port: int) -> bool:
    found: dict[str, Any] = {}
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/summary.json", timeout=5) as answer:
        found = json.load(answer)
    return bool(found) and all(each["status"] == "operational" for each in found["components"])
