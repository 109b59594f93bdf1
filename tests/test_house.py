"""House laws that no tool checks by itself."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import PickleType

from statuspage.app import loads_config
from statuspage.config import ConfigError
from statuspage.store import schema

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


@pytest.mark.corpus("B3")
def test_no_shell_is_ever_asked() -> None:
    shell = re.compile(r"shell=True|os\.system|os\.popen")
    assert not [path for path in sources("statuspage", "probes") if shell.search(path.read_text())]


@pytest.mark.corpus("B3")
@pytest.mark.parametrize(
    "host", ["127.0.0.1;touch /tmp/p", "$(id)", "`id`", "-oProxyCommand=x", "--help", "a|b", "a b"]
)
def test_a_host_that_is_a_command_is_refused(host: str) -> None:
    options = {"tcp": ("host", host), "http": ("url", f"https://{host}/"), "redis": ("url", f"redis://{host}")}
    for kind, (option, value) in options.items():
        text = f"""
            component = [{{ id = "a", name = "A" }}]
            check = [{{ id = "a", component = "a", type = "{kind}", {option} = {json.dumps(value)}, port = 80 }}]
        """
        with pytest.raises(ConfigError) as refused:
            loads_config(text if kind == "tcp" else text.replace(", port = 80", ""), ROOT)
        assert [problem.path for problem in refused.value.problems] == [f"check[a].{option}"], kind


@pytest.mark.corpus("B12")
def test_nothing_is_stored_as_a_pickle() -> None:
    types = {type(column.type) for table in schema.metadata.tables.values() for column in table.columns}
    assert not {each for each in types if issubclass(each, PickleType)}
    unpickled = re.compile(r"\b(pickle|marshal|shelve|dill|joblib)\b")
    assert [path.name for path in sources("statuspage", "probes") if unpickled.search(path.read_text())] == []


@pytest.mark.corpus("C8")
def test_no_script_makes_markup_of_a_text() -> None:
    maker = re.compile(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function|srcdoc")
    scripts = sorted((ROOT / "statuspage/web/static").glob("*.js"))
    assert len(scripts) >= 2
    assert [path.name for path in scripts if maker.search(path.read_text())] == []
    assert "require-trusted-types-for 'script'" in (ROOT / "statuspage/web/headers.py").read_text()


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
