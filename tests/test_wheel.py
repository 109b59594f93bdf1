"""The wheel, away from the checkout: it holds its templates, its migrations, and all it needs to run the demo."""

import ast
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import Distribution, packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


COMES_WITH = {"pydantic_core": "pydantic", "pydantic-core": "pydantic"}
"""Parts of a package that its maker ships apart: it asks for exactly one version of them itself."""


@dataclass(frozen=True)
class Import:
    """A third party's package that a file of ours names; `at_once` where it is needed as soon as the file is."""

    where: str
    package: str
    at_once: bool


def imports(path: Path) -> Iterator[Import]:
    """Every import of a file but those that only type checkers follow."""
    waiting: list[tuple[ast.AST, bool]] = [(ast.parse(path.read_text(encoding="utf-8")), True)]
    while waiting:
        node, at_once = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        for name in names:
            package = name.partition(".")[0]
            if package not in sys.stdlib_module_names and package not in ("statuspage", "probes"):
                yield Import(str(path.relative_to(ROOT)), package, at_once)
        # What stands in a function, or where its absence is caught, can be done without.
        inside = at_once and not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Try)
        waiting.extend((child, inside) for child in ast.iter_child_nodes(node))


def test_the_wheel_asks_for_everything_that_it_imports(installed: Path) -> None:
    (folder,) = installed.glob("statuspage-*.dist-info")
    asked = [Requirement(each) for each in Distribution.at(folder).requires or []]
    extras = {canonicalize_name(each.name) for each in asked if each.marker and "extra" in str(each.marker)}
    always = {canonicalize_name(each.name) for each in asked if not (each.marker and "extra" in str(each.marker))}
    providers = packages_distributions()
    found = [
        each for folder in ("statuspage", "probes") for path in (ROOT / folder).rglob("*.py") for each in imports(path)
    ]
    assert len({each.package for each in found}) > 15, "the imports are not found"
    for each in found:
        names = {canonicalize_name(COMES_WITH.get(name, name)) for name in providers.get(each.package, ())}
        allowed = always if each.at_once else always | extras
        assert names & allowed, f"{each.where} imports {each.package}, which the wheel does not ask for"


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
