"""`statuspage incident` here and over `--server`: the same words, the same documents, the same refusals."""

import getpass
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from statuspage.core.role import Role
from tests.accepting import accepting_port
from tests.cli.desks import Inside, Terminal, make_site, served, store_of, token
from tests.processes import STATUSPAGE

OPEN = ("incident", "open", "Slow chat", "-c", "firebase=partial_outage", "-m", "Messages arrive late.")


def test_an_incident_is_told_from_its_opening_to_its_end(terminal: Terminal) -> None:
    said = terminal.says(*OPEN)
    assert "Slow chat: Investigating. Public at https://status.example.com/incidents/" in said
    assert "Firebase Web Sockets: Partial outage" in said
    assert "ops will be told at " in said
    assert "statuspage incident undo" in said
    told = terminal.gives(
        "incident", "update", "-m", "-", "-s", "identified", "--next", "45m", given="Größer als gedacht.\n"
    )
    assert (told["state"], told["updates"][-1]["body"]) == ("identified", "Größer als gedacht.")
    assert told["next_update_by"] is not None
    assert "Slow chat" in terminal.says("incident", "acknowledge")
    assert "Slow chat: Resolved." in terminal.says("incident", "resolve")
    over = terminal.gives("incident", "show", told["id"])
    assert (over["open"], over["updates"][-1]["body"]) == (False, "This incident has been resolved.")
    assert terminal.says("incident", "list") == "Nothing goes on, and no draft waits.\n"
    assert "Resolved" in terminal.says("incident", "list", "--all")
    shown = terminal.says("incident", "show", told["id"])
    assert "Größer als gedacht." in shown
    assert "no incident is open" in terminal.refuses(2, "incident", "update", "-m", "x")


def test_an_update_is_taken_back_and_published_again(terminal: Terminal) -> None:
    terminal.says(*OPEN)
    back = terminal.says("incident", "undo")
    assert "nothing of it is public" in back
    assert "A draft waits: statuspage incident publish" in back
    found = terminal.gives("incident", "list")["incidents"]
    assert [len(each["drafts"]) for each in found] == [1]
    assert terminal.gives("incident", "publish")["public"] is True
    assert "no draft waits" in terminal.refuses(2, "incident", "publish")
    assert "has no draft" in terminal.refuses(2, "incident", "publish", found[0]["id"])


def test_a_draft_is_not_public_and_nobody_hears_of_it(terminal: Terminal, site: Path) -> None:
    said = terminal.says(*OPEN, "--draft")
    assert "nothing of it is public" in said
    assert "Nobody is notified" in said
    terminal.says(*OPEN, "--draft")
    assert "drafts wait in several incidents" in terminal.refuses(2, "incident", "publish")
    store = store_of(site)
    assert store.outbox.waiting() == ()
    store.close()


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ((*OPEN[:3], "-c", "firebas=major", "-m", "x"), 'there is no component "firebas" (did you mean "firebase"?)'),
        ((*OPEN[:3], "-c", "firebase=broken", "-m", "x"), "components.firebase: must be one of operational"),
        ((*OPEN[:3], "-c", "firebase", "-m", "x"), '-c: write ID=STATUS, such as chat=partial, instead of "firebase"'),
        ((*OPEN[:3], "-c", "redis=major", "-c", "redis=partial", "-m", "x"), "-c: redis is given twice"),
        ((*OPEN[:3], "-m", " "), "body: must not be empty"),
        (("incident", "open", " ", "-m", "x"), "title: must not be empty"),
        ((*OPEN, "--at", "soon"), "--at: write it as"),
        ((*OPEN, "--at", "2009-01-01"), "display_at: lies more than ten years back"),
        ((*OPEN, "--next", "2020-01-01 10:00"), "next_by: lies in the past"),
        ((*OPEN, "--next", "5x"), "--next: write it as"),
        ((*OPEN, "--next", "0m"), "--next: must be longer than zero"),
        ((*OPEN, "--at", "2026-03-08 02:30"), "there is no such time in America/New_York"),
        (("incident", "show", "nothing"), "there is no incident"),
        (("incident", "update", "../x", "-m", "x"), "there is no incident"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_its_name(arguments: tuple[str, ...], text: str, here: Terminal) -> None:
    assert text in here.refuses(2, *arguments)
    assert here.gives("incident", "list", "--all")["incidents"] == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("incident", "open", "-m", "x"), "Missing argument 'TITLE'"),
        (("incident", "open", "T"), "Missing option '-m'"),
        (("incident", "open", "T", "-m", "x", "-s", "postmortem"), "Invalid value for '-s'"),
        (("incident", "update", "-m", "x", "-s", "closed"), "Invalid value for '-s'"),
        (("incident", "show"), "Missing argument 'ID'"),
        (("incident", "list", "--limit", "0"), "Invalid value for '--limit'"),
        (("incident", "close"), "No such command 'close'"),
    ],
)
def test_wrong_arguments_are_told_with_the_usage(arguments: tuple[str, ...], text: str, here: Terminal) -> None:
    assert text in here.refuses(2, *arguments)


def test_refusals_over_http_read_like_those_here(site: Path) -> None:
    wrong = (*OPEN[:3], "-c", "firebas=major", "-c", "redis=major", "-m", "x")
    several = (*OPEN[:3], "-c", "firebase=broken", "-c", "redis=off", "-m", "x")
    local = Inside(("--config", str(site)))
    with served(site) as web:
        remote = Inside(("--server", f"http://127.0.0.1:{web.port}/", "--token", token(site)))
        for arguments in (wrong, several):
            assert remote.refuses(2, *arguments) == local.refuses(2, *arguments)
        assert "there is no incident" in remote.refuses(2, "incident", "show", "nothing")
        here, there = local.gives(*OPEN), remote.gives(*OPEN)
        assert shape(here) == shape(there)
        assert here["by"] == f"cli:{getpass.getuser()}"
        assert there["by"] == "token:ci"
        assert local.gives("incident", "show", there["id"]) == remote.gives("incident", "show", there["id"])
        assert local.gives("incident", "list") == remote.gives("incident", "list")


def shape(document: Any) -> Any:
    """The names and types of a document."""
    if isinstance(document, dict):
        return {name: shape(value) for name, value in document.items()}
    if isinstance(document, list):
        return [shape(each) for each in document]
    return type(document).__name__


def test_a_token_with_too_small_a_role_and_one_that_is_wrong_are_told(site: Path, tmp_path: Path) -> None:
    file = tmp_path / "token"
    with served(site) as web:
        options = ("--server", f"http://127.0.0.1:{web.port}", "--token-file", str(file))
        terminal = Inside(options)
        assert "cannot read" in terminal.refuses(2, "incident", "list")
        file.write_text(token(site, Role.RESPONDER) + "\n")
        assert "needs the role publisher" in terminal.refuses(1, *OPEN)
        assert terminal.gives(*OPEN, "--draft")["public"] is False
        file.write_text("sp_wrong")
        assert "does not know this token" in terminal.refuses(1, "incident", "list")
        store = store_of(site)
        assert len(store.incidents(10)) == 1
        store.close()


@pytest.mark.parametrize(
    ("server", "text"),
    [
        ("http://status.example.com", "must be https: over plain http the token could be read on its way"),
        ("http://127.0.0.1.example.com", "must be https"),
        ("http://localhost.example.com", "must be https"),
        ("http://[2001:db8::1]", "must be https"),
        ("ftp://127.0.0.1", "must be an address such as"),
        ("status.example.com", "must be an address such as"),
        ("https://", "must be an address such as"),
        ("https://a:b@status.example.com", "must hold no user"),
        ("https://status.example.com?x=1", "must hold no user"),
        ("https://status.example.com:99999", "is no address"),
        ("https://exa mple.com", "must be an address such as"),
    ],
)
def test_a_token_is_never_sent_where_others_could_read_it(server: str, text: str) -> None:
    assert text in Inside(("--server", server, "--token", "sp_x")).refuses(2, "incident", "list")


@pytest.mark.parametrize("secret", ["", " ", "a b", "a\nb", "é"])
def test_a_token_that_cannot_be_one_is_refused(secret: str) -> None:
    text = Inside(("--server", "http://127.0.0.1:9", "--token", secret)).refuses(2, "incident", "list")
    assert text.startswith("--token: ")


def test_a_server_that_is_not_there_is_told_and_proxies_are_not_asked() -> None:
    with accepting_port() as proxy:
        variables = {"http_proxy": f"http://127.0.0.1:{proxy}", "STATUSPAGE_SERVER": "http://127.0.0.1:9",
                     "STATUSPAGE_TOKEN": "sp_x"}  # fmt: skip
        text = Inside((), variables).refuses(1, "incident", "list")
    assert "http://127.0.0.1:9/api/v1 cannot be reached: Connection refused" in text


def test_a_server_that_breaks_off_is_told() -> None:
    with accepting_port() as port:
        text = Inside(("--server", f"http://127.0.0.1:{port}", "--token", "sp_x")).refuses(1, *OPEN)
    assert "cannot be reached" in text
    assert "sp_x" not in text


def test_a_missing_database_is_told(tmp_path: Path) -> None:
    path = make_site(tmp_path)
    for file in (tmp_path / "data").iterdir():
        file.unlink()
    text = Inside(("--config", str(path))).refuses(1, *OPEN)
    assert "statuspage.db" in text
    assert not (tmp_path / "data" / "statuspage.db").exists()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    text = Inside(("--config", str(tmp_path / "nothing.toml"))).refuses(2, "incident", "list")
    assert "nothing.toml: No such file or directory" in text


def test_a_text_that_is_no_utf_8_is_refused(site: Path) -> None:
    command = [*STATUSPAGE, "incident", "open", "T", "-m", "-", "--config", str(site)]
    found = subprocess.run(
        command, input=b"\xff\xfe", capture_output=True, timeout=60, check=False, env=dict(os.environ)
    )
    assert found.returncode == 2
    assert b"-m: standard input is not UTF-8 text" in found.stderr


def test_what_a_title_holds_does_not_steer_the_terminal(here: Terminal) -> None:
    said = here.says("incident", "open", "Bad \x1b[31mred\x07", "-m", "\x1b]0;owned\x07 text")
    (found,) = here.gives("incident", "list")["incidents"]
    shown = here.says("incident", "list") + here.says("incident", "show", found["id"])
    assert "\x1b" not in said + shown
    assert "\x07" not in said + shown
