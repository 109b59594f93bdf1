"""House laws that no tool checks by itself."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_kinds_are_loaded_in_app_and_nowhere_else() -> None:
    dynamic = re.compile(r"\bimport_module\b|__import__\(|\bpkgutil\b")
    found = {
        path.relative_to(ROOT).as_posix()
        for path in sources("statuspage", "probes")
        if dynamic.search(path.read_text())
    }
    assert found == {"statuspage/app.py"}


def test_no_shell_is_ever_asked() -> None:
    shell = re.compile(r"shell=True|os\.system|os\.popen")
    assert not [path for path in sources("statuspage", "probes") if shell.search(path.read_text())]


def test_httpx_is_imported_in_one_module() -> None:
    found = [
        path.name for path in sources("statuspage", "probes") if re.search(r"^import httpx", path.read_text(), re.M)
    ]
    assert found == ["_http.py"]


def test_help_imports_nothing_that_is_slow() -> None:
    slow = ("pydantic", "sqlalchemy", "flask", "rich")
    code = f"import sys, statuspage.cli; print([name for name in {slow} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_module_says_what_it_is_for() -> None:
    missing = [
        path.relative_to(ROOT).as_posix()
        for path in sources("statuspage", "probes")
        if not path.read_text().lstrip().startswith('"""')
    ]
    assert missing == []


def test_nothing_names_a_registry_or_a_path_of_some_machine() -> None:
    telling = re.compile(
        r"(/wo" + r"rk/|/ro" + r"ot/|py" + r"pi\.org|python" + r"hosted|npm" + r"js\.(org|com)|deb\.deb" + r"ian\.org)"
    )
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    found = [
        name
        for name in tracked
        if (ROOT / name).is_file() and telling.search((ROOT / name).read_text(encoding="utf-8", errors="replace"))
    ]
    assert [name for name in found if name != "tests/test_house.py"] == []
