"""`statuspage user` and `statuspage token`: what they print, what they refuse, and that what they make works."""

import json
import os
import pty
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from statuspage.auth.links import digest
from statuspage.clock import SystemClock
from statuspage.core.role import Role
from statuspage.store import Store, open_store
from tests.cli.desks import Inside, make_site, served, token
from tests.cli.desks import store_of as store_at
from tests.processes import STATUSPAGE, free_port, started, statuspage
from tests.secret_key import secret_key
from tests.waiting import wait_for

PASSWORD = "violet tractor sings under moss"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A configuration whose database is there."""
    found = tmp_path / "config.toml"
    found.write_text(f'[site]\nname = "Acme"\nurl = "https://status.example.com"\n{secret_key(tmp_path)}\n')
    assert statuspage("db", "upgrade", "-c", str(found)).returncode == 0
    return str(found)


def store_of(path: str) -> Store:
    return open_store(f"sqlite:///{Path(path).parent / 'data/statuspage.db'}")


def run(*arguments: str, path: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """A command, with a text on its standard input."""
    command = [*STATUSPAGE, *arguments, "-c", path]
    return subprocess.run(command, input=given, capture_output=True, text=True, timeout=60, check=False)


def add(path: str, name: str, role: str = "admin", *more: str) -> dict[str, Any]:
    found = run(
        "user", "add", name, "--role", role, "--password-stdin", "--json", *more, path=path, given=f"{PASSWORD}\n"
    )
    assert found.returncode == 0, found.stderr
    said: dict[str, Any] = json.loads(found.stdout)
    return said


def test_a_user_is_added_with_codes_and_listed_without_secrets(path: str) -> None:
    said = add(path, "Ana")
    assert (said["name"], said["role"], len(said["seed"])) == ("ana", "admin", 32)
    assert said["uri"].startswith("otpauth://totp/Acme:ana?")
    listed = run("user", "list", "--json", path=path)
    (user,) = json.loads(listed.stdout)
    assert (user["name"], user["role"], user["last_login_at"]) == ("ana", "admin", None)
    assert "argon2" not in listed.stdout
    assert said["seed"] not in listed.stdout
    store = store_of(path)
    (entry,) = store.journal()
    store.close()
    assert (entry.event.kind, entry.event.data["by"]) == ("user.added", "command line")
    assert "of this machine" in str(entry.event.data["address"])


def test_people_are_asked_for_the_password_and_see_a_picture_for_their_phone(path: str) -> None:
    above, below = pty.openpty()
    command = [*STATUSPAGE, "user", "add", "ana", "--role", "viewer", "-c", path]
    with subprocess.Popen(command, stdin=below, stdout=below, stderr=below, start_new_session=True) as process:
        os.close(below)
        said, answered = b"", 0
        while True:
            try:
                said += os.read(above, 65536)
            except OSError:
                break
            if said.count(b"Password") + said.count(b"Repeat") > answered and said.endswith(b": "):
                answered += 1
                os.write(above, f"{PASSWORD}\n".encode())
        assert process.wait(20) == 0
    os.close(above)
    text = said.decode()
    assert "ana was added as viewer" in text
    assert "Seed of the codes: " in text
    assert "█" in text
    assert PASSWORD not in text


@pytest.mark.parametrize(
    ("arguments", "given", "text"),
    [
        (("user", "add", "a b", "--role", "admin", "--password-stdin"), PASSWORD, "name: must be 1 to 64"),
        (("user", "add", "ana", "--role", "king", "--password-stdin"), PASSWORD, "Invalid value for '--role'"),
        (("user", "add", "ana"), "", "Missing option '--role'"),
        (("user", "add", "zoe", "--role", "admin", "--password-stdin"), "short", "password: must have at least 12"),
        (("user", "add", "zoe", "--role", "admin", "--password-stdin"), "password1234", "too easy to guess"),
        (("user", "add", "ana", "--role", "admin", "--link", "--no-codes"), "", "--link: they choose"),
        (("user", "add", "there", "--role", "admin", "--password-stdin"), PASSWORD, "name: there is taken already"),
        (("user", "disable", "nobody"), "", "there is no user nobody"),
        (("user", "reset", "nobody"), "", "there is no user nobody"),
        (("user", "disable", "there"), "", "user: is the last active admin"),
        (("user", "role", "there", "viewer"), "", "user: is the last active admin"),
        (("token", "add", " ", "--role", "viewer"), "", "name: must say what the token is for"),
        (("token", "add", "ci", "--role", "viewer", "--days", "0"), "", "Invalid value for '--days'"),
        (("token", "revoke", "nothing"), "", "there is no token nothing"),
    ],
)
def test_wrong_arguments_are_named(path: str, arguments: tuple[str, ...], given: str, text: str) -> None:
    add(path, "there")
    found = run(*arguments, path=path, given=given)
    assert found.returncode == 2
    assert text in found.stderr
    assert "Traceback" not in found.stderr


COMMANDS = [("run",), ("web",), ("monitor",), ("user", "list"), ("token", "list"), ("check-config",)]


@pytest.mark.corpus("D4", "D5")
@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_key_nothing_starts(tmp_path: Path, command: tuple[str, ...]) -> None:
    path = tmp_path / "config.toml"
    path.write_text("")
    found = statuspage(*command, "-c", str(path))
    assert found.returncode == 2
    assert found.stderr.startswith("site.secret_key: is needed; make one with")
    assert not (tmp_path / "data").exists()


@pytest.mark.corpus("D4", "D5")
@pytest.mark.parametrize(
    ("line", "text"),
    [
        ('secret_key = { file = "FOLDER/short" }', "site.secret_key: is shorter than 32 characters"),
        ('secret_key = { file = "FOLDER/sample" }', "site.secret_key: looks like a sample"),
        ('secret_key = { file = "FOLDER/none" }', "site.secret_key: cannot read the file"),
        ('secret_key = "written here, which is no place for it"', "site.secret_key: secrets are never written here"),
        ('secretkey = { file = "FOLDER/good" }', 'site.secretkey: unknown key (did you mean "secret_key"?)'),
    ],
)
def test_a_bad_key_is_named_and_not_shown(tmp_path: Path, line: str, text: str) -> None:
    (tmp_path / "short").write_text("Zk9#vv21pLq7")
    (tmp_path / "sample").write_text("changeme-changeme-changeme-changeme-0123456789")
    (tmp_path / "good").write_text("fQ7-made-for-tests-0Zk3vVt9LmC2yXbW")
    path = tmp_path / "config.toml"
    path.write_text(f"[site]\n{line.replace('FOLDER', str(tmp_path))}\n")
    found = statuspage("run", "-c", str(path))
    assert found.returncode == 2
    assert text in found.stderr
    assert "Zk9#" not in found.stderr
    assert "which is no place" not in found.stderr
    assert not (tmp_path / "data").exists()


def test_a_link_for_a_new_user_and_a_reset_work_once(path: str) -> None:
    add(path, "root")
    said = json.loads(run("user", "add", "ben", "--role", "viewer", "--link", "--json", path=path).stdout)
    assert said["link"].startswith("https://status.example.com/staff/invite/")
    reset = run("user", "reset", "ben", path=path)
    assert "The link works once, until " in reset.stdout
    store = store_of(path)
    now = SystemClock().now()
    old, new = (link.rpartition("/")[2].strip() for link in (said["link"], reset.stdout))
    assert store.accounts.invitation(digest(old), now) is None
    found = store.accounts.invitation(digest(new), now)
    store.close()
    assert found is not None
    assert (found.user, found.role) == ("ben", Role.VIEWER)


def test_roles_change_and_users_are_disabled_and_enabled(path: str) -> None:
    add(path, "root")
    add(path, "ben", "viewer")
    assert run("user", "role", "ben", "publisher", path=path).stdout == "ben is publisher now.\n"
    assert run("user", "disable", "ben", path=path).returncode == 0
    assert "disabled" in run("user", "list", path=path).stdout
    assert run("user", "enable", "ben", path=path).returncode == 0
    assert "disabled" not in run("user", "list", path=path).stdout


@pytest.mark.corpus("D12")
def test_a_token_is_shown_once_and_kept_as_a_hash(path: str) -> None:
    made = json.loads(run("token", "add", "ci", "--role", "publisher", "--days", "30", "--json", path=path).stdout)
    assert made["token"].startswith("sp_")
    plain = run("token", "add", "cron", "--role", "viewer", path=path)
    assert plain.stdout.startswith("sp_")
    listed = run("token", "list", path=path).stdout + run("token", "list", "--json", path=path).stdout
    assert made["id"] in listed
    assert made["token"] not in listed
    stored = b"".join(each.read_bytes() for each in (Path(path).parent / "data").glob("statuspage.db*"))
    assert made["token"].encode() not in stored
    assert run("token", "revoke", made["id"], path=path).returncode == 0
    assert "revoked" in run("token", "list", path=path).stdout
    assert run("token", "revoke", made["id"], path=path).returncode == 2


@pytest.mark.corpus("D11")
def test_the_first_start_prints_a_link_that_makes_an_admin_and_later_starts_do_not(tmp_path: Path) -> None:
    port = free_port()
    path = tmp_path / "config.toml"
    url = f"http://127.0.0.1:{port}"
    path.write_text(f'[site]\nurl = "{url}"\n{secret_key(tmp_path)}\n[web]\nbind = "127.0.0.1:{port}"\n')
    log = tmp_path / "log"

    def link() -> str:
        words = log.read_text().replace('"', " ").split()
        return next((word for word in words if word.startswith(f"{url}/staff/setup/")), "")

    with started("run", "-c", str(path), log=log):
        first = wait_for(link, "the link")
        wait_for(lambda: _landed(f"{url}/staff"), "the staff area")
        with urllib.request.urlopen(first, timeout=10) as answer:
            assert "Make the first admin" in answer.read().decode()
    add(str(path), "ana")
    log.write_text("")
    with started("run", "-c", str(path), log=log):
        wait_for(lambda: "/staff/login" in _landed(f"{url}/staff"), "the staff area")
        body = b"name=ana&password=wrong+wrong+wrong"
        headers = {"Sec-Fetch-Site": "same-origin", "X-Forwarded-For": "6.6.6.6"}
        _landed(urllib.request.Request(f"{url}/staff/login", body, headers))
        store = store_of(str(path))
        (refused,) = store.newest_events(5, kind="login.")
        store.close()
        assert refused.event.data["address"] == "127.0.0.1"
    assert link() == ""


def test_users_and_tokens_are_kept_over_http_as_they_are_here(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    here = Inside(("--config", str(site)))
    typed = f"{PASSWORD}\n"
    with served(site) as web:
        there = Inside(("--server", f"http://127.0.0.1:{web.port}", "--token", token(site)))
        made = [each.gives("user", "add", name, "--role", "admin", "--password-stdin", given=typed)
                for each, name in ((here, "ana"), (there, "ben"))]  # fmt: skip
        assert made[0].keys() == made[1].keys() == {"name", "role", "seed", "uri"}
        assert there.says("user", "role", "ben", "viewer") == "ben is viewer now.\n"
        assert there.says("user", "disable", "ben") == "ben is disabled.\n"
        assert here.gives("user", "list") == there.gives("user", "list")
        assert here.says("user", "list") == there.says("user", "list")
        assert there.says("user", "enable", "ben") == "ben may sign in again.\n"
        assert "/staff/invite/" in there.gives("user", "reset", "ben")["link"]
        secret = there.gives("token", "add", "deploys", "--role", "viewer", "--days", "3")
        assert secret["token"].startswith("sp_")
        assert here.says("token", "revoke", secret["id"]) == f"The token {secret['id']} is revoked.\n"
        for wrong in (
            ("user", "add", "ana", "--role", "viewer", "--password-stdin"),
            ("user", "add", "zoe", "--role", "viewer", "--password-stdin"),
            ("user", "disable", "nobody"),
            ("user", "disable", "ana"),
            ("token", "add", " ", "--role", "viewer"),
            ("token", "revoke", "nothing"),
        ):
            assert there.refuses(2, *wrong, given="short\n") == here.refuses(2, *wrong, given="short\n"), wrong
        weak = Inside(("--server", f"http://127.0.0.1:{web.port}", "--token", token(site, Role.PUBLISHER)))
        assert "needs the role admin" in weak.refuses(1, "user", "list")
    store = store_at(site)
    by = [str(each.event.data["by"]) for each in store.journal() if each.event.kind == "user.added"]
    store.close()
    assert sorted(each.partition(" (")[0] for each in by) == ["command line", "token ci"]


@pytest.mark.parametrize("command", [("user", "add", "ana", "--role", "admin", "--password-stdin"), ("token", "list")])
def test_a_password_is_never_sent_where_others_could_read_it(command: tuple[str, ...]) -> None:
    far = Inside(("--server", "http://status.example.com", "--token", "sp_x"))
    assert "must be https" in far.refuses(2, *command, given=f"{PASSWORD}\n")


def _landed(asked: "str | urllib.request.Request") -> str:
    """The address that one is led to; empty where nobody answers or something is refused."""
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return str(answer.url)
    except OSError:
        return ""
