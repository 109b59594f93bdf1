"""Every command as a user calls it, with wrong arguments too."""

import json
import os
import pty
import subprocess
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from statuspage.app import KINDS
from statuspage.cli import COMMANDS
from statuspage.cli.demo import is_desktop
from tests.accepting import accepting_port
from tests.processes import STATUSPAGE, free_port, statuspage
from tests.secret_key import secret_key


@pytest.fixture
def port() -> Iterator[int]:
    """A port that accepts connections."""
    with accepting_port() as found:
        yield found


def config(tmp_path: Path, port: int) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(
        f"""
[site]
{secret_key(tmp_path)}
[[component]]
id = "chat"
name = "Chat"
[[check]]
id = "chat"
component = "chat"
type = "tcp"
host = "127.0.0.1"
port = {port}
[[check]]
id = "closed"
component = "chat"
type = "tcp"
host = "127.0.0.1"
port = 1
"""
    )
    return path


def test_help_names_every_command_and_each_has_its_own() -> None:
    text = statuspage("--help").stdout
    for name in COMMANDS:
        assert name in text
        own = statuspage(name, "--help")
        assert own.returncode == 0, own.stderr
        assert own.stdout.startswith("Usage: ")


def test_an_unknown_command_is_refused() -> None:
    found = statuspage("moniter")
    assert found.returncode == 2
    assert "No such command 'moniter'" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_good_configuration_is_called_good(tmp_path: Path, port: int) -> None:
    found = statuspage("check-config", "-c", str(config(tmp_path, port)))
    assert (found.returncode, "is good: 2 checks" in found.stdout) == (0, True)
    assert "warning: anchor: " in found.stderr


def test_a_bad_configuration_lists_every_problem_and_exits_with_2(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('[site]\nnmae = "x"\n[web]\nworkers = 0\n')
    found = statuspage("check-config", "-c", str(path))
    assert found.returncode == 2
    first, second, third = found.stderr.splitlines()
    assert first == 'site.nmae: unknown key (did you mean "name"?)'
    assert second == "web.workers: must be at least 1"
    assert third.startswith("site.secret_key: is needed; make one with: ")
    as_json = json.loads(statuspage("check-config", "--json", "-c", str(path)).stdout)
    assert as_json["errors"][1] == {"path": "web.workers", "problem": "must be at least 1"}


@pytest.mark.parametrize("command", ["check-config", "run", "monitor", "web"])
def test_a_missing_file_is_named(command: str, tmp_path: Path) -> None:
    found = statuspage(command, "-c", str(tmp_path / "nothing.toml"))
    assert found.returncode == 2
    assert "nothing.toml: No such file or directory" in found.stderr
    assert "Traceback" not in found.stderr


def test_probe_shows_the_stages_of_one_check_and_exits_with_0(tmp_path: Path, port: int) -> None:
    found = statuspage("probe", "-c", str(config(tmp_path, port)), "chat")
    assert found.returncode == 0, found.stdout + found.stderr
    assert "✓ chat (tcp): ok" in found.stdout
    assert "connect" in found.stdout


def test_probe_exits_with_1_when_some_are_not_ok(tmp_path: Path, port: int) -> None:
    found = statuspage("probe", "--json", "-c", str(config(tmp_path, port)))
    assert found.returncode == 1
    by_check = {each["check"]: each for each in json.loads(found.stdout)}
    assert by_check["chat"]["outcome"] == "ok"
    assert (by_check["closed"]["reason"], by_check["closed"]["stage"]) == ("connect", "connect")


def test_probe_needs_no_file(port: int) -> None:
    found = statuspage("probe", "--type", "tcp", "-o", "host=127.0.0.1", "-o", f"port={port}")
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((), "give either -c FILE or --type KIND"),
        (("--type", "tcpp"), 'type: there is no probe "tcpp" (did you mean "tcp"?)'),
        (("--type", "tcp", "-o", "port"), "-o port: write NAME=VALUE"),
        (("--type", "tcp", "-o", "host=x", "-o", "port=many"), "port: must be a whole number"),
        (("--type", "tcp", "--timeout", "soon"), "write a duration as a string"),
        (("--type", "redis", "--url", "redis://:secret@h"), "url: must not hold a user or password"),
        (("--type", "redis", "--url", "redis://:secret@h"), """write -o 'password={env="NAME"}'"""),
        (("--type", "tcp", "-o", "a b=1"), "-o a b=1: write NAME=VALUE, with an option's name"),
        (("--type", "tcp", "-o", "port=1", "-o", "port=2"), "-o port=2: port is said already"),
        (("--type", "tcp", "chat"), "CHECK names a check of a file"),
    ],
)
def test_probe_says_what_is_wrong_with_its_arguments(arguments: tuple[str, ...], text: str) -> None:
    found = statuspage("probe", *arguments)
    assert found.returncode == 2
    assert text in found.stderr
    assert "Traceback" not in found.stderr


def test_probe_of_a_file_without_checks_says_so(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("")
    found = statuspage("probe", "-c", str(path))
    assert (found.returncode, found.stdout, found.stderr.strip()) == (2, "", f"no check in {path}")


def test_probe_names_the_checks_there_are(tmp_path: Path, port: int) -> None:
    found = statuspage("probe", "-c", str(config(tmp_path, port)), "caht")
    assert found.returncode == 2
    assert 'there is no check "caht"' in found.stderr
    assert "(chat, closed)" in found.stderr


def test_kinds_prints_every_kind_with_its_options_and_an_example() -> None:
    found = json.loads(statuspage("kinds", "probe", "--json").stdout)
    assert [each["name"] for each in found] == list(KINDS.names())
    for kind in found:
        assert kind["stages"]
        assert all(option["description"] for option in kind["options"]), kind["name"]
        example = kind["description"].split("```toml")[1].split("```")[0]
        assert tomllib.loads(example)["check"][0]["type"] == kind["name"]
    assert statuspage("kinds", "probe", "nothing").returncode == 2


def test_db_upgrade_and_check(tmp_path: Path, port: int) -> None:
    path = str(config(tmp_path, port))
    missing = statuspage("db", "check", "-c", path)
    assert missing.returncode == 1
    assert missing.stderr.startswith("store: ")
    assert statuspage("db", "upgrade", "-c", path).returncode == 0
    assert json.loads(statuspage("db", "check", "--json", "-c", path).stdout)["generation"]


def test_a_second_monitor_on_the_same_data_is_refused(tmp_path: Path, port: int) -> None:
    from statuspage.monitor.single import only_one

    path = config(tmp_path, port)
    with only_one(tmp_path / "data"):
        found = statuspage("monitor", "-c", str(path))
    assert found.returncode == 2
    assert "another monitor" in found.stderr


@pytest.mark.parametrize(
    ("bind", "text"),
    [
        ("foo", '--bind: must be address and port, such as "127.0.0.1:8000"'),
        ("127.0.0.1:99999", "--bind: the port must be between 1 and 65535"),
    ],
)
def test_web_says_what_is_wrong_with_its_address(bind: str, text: str, tmp_path: Path, port: int) -> None:
    found = statuspage("web", "-c", str(config(tmp_path, port)), "--bind", bind)
    assert (found.returncode, found.stderr.strip()) == (2, text)


@pytest.mark.parametrize(
    ("below", "text"),
    [
        ("file/demo", "cannot make the folder {}: Not a directory"),
        ("/proc/demo", "cannot make the folder {}: No such file or directory"),
        ("/proc", "cannot write to the folder {}: "),  # for want of a right, where nobody is root
    ],
)
def test_demo_names_a_folder_that_it_cannot_have(tmp_path: Path, below: str, text: str) -> None:
    (tmp_path / "file").write_text("")
    folder = tmp_path / below
    found = statuspage("demo", "--port", str(free_port()), "--data", str(folder))
    assert found.returncode == 2
    assert (found.stdout + found.stderr).startswith(text.format(folder))
    assert "Traceback" not in found.stderr


def test_what_takes_its_time_is_said_on_a_terminal_and_nowhere_else(tmp_path: Path, port: int) -> None:
    path = str(config(tmp_path, port))
    ours, theirs = pty.openpty()
    with open(ours, "rb", buffering=0) as terminal:
        command = [*STATUSPAGE, "db", "upgrade", "-c", path]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=True, timeout=60)
        os.close(theirs)
        said = b""
        with suppress(OSError):  # the end of a terminal
            while more := terminal.read(4096):
                said += more
    assert b"Bringing the database up to date" in said
    assert done.stdout == b"The database is up to date.\n"
    assert statuspage("db", "upgrade", "-c", path).stderr == ""


@pytest.mark.parametrize(
    ("env", "platform", "terminal", "opens"),
    [
        ({"DISPLAY": ":0"}, "linux", True, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True, True),
        ({}, "darwin", True, True),
        ({}, "linux", True, False),
        ({"DISPLAY": ":0"}, "linux", False, False),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}, "linux", True, False),
    ],
)
def test_demo_opens_the_page_where_somebody_sits_before_a_screen(
    env: dict[str, str], platform: str, terminal: bool, opens: bool
) -> None:
    assert is_desktop(env, platform, terminal) is opens


def test_demo_names_a_taken_port(port: int) -> None:
    found = statuspage("demo", "--port", str(port))
    assert found.returncode == 2
    assert f"Port {port} is in use" in found.stdout + found.stderr
    assert "Traceback" not in found.stderr
