"""The demo's staff login: made once by the product's commands, readable by its owner only, and good at the door."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from statuspage.app import load_for_running
from statuspage.auth.door import Door, Visitor
from statuspage.auth.keys import Keys
from statuspage.clock import SystemClock
from statuspage.drill.process import ChildFailed
from statuspage.drill.staff_login import key_file, staff_login
from statuspage.store import open_store

HERE = Visitor("127.0.0.1", "a test")


def written(folder: Path) -> Path:
    """A configuration in that folder, with the key of a demo."""
    path = folder / "config.toml"
    path.write_text(
        f'[site]\nsecret_key = {{ file = "{key_file(folder)}" }}\n[store]\nurl = "sqlite:///statuspage.db"\n'
    )
    return path


async def test_the_login_is_made_once_and_lets_one_in(tmp_path: Path) -> None:
    path = written(tmp_path)
    login = await staff_login(tmp_path, path)
    assert await staff_login(tmp_path, written(tmp_path)) == login
    assert login.password not in repr(login)
    config = load_for_running(path)
    assert config.file.site.secret_key is not None
    store = open_store(config.store_url)
    door = Door(store.accounts, Keys(config.file.site.secret_key.reveal()), SystemClock())
    half = door.password(login.name, login.password, HERE)
    assert door.code(half.carried, login.code(datetime.now(UTC)), HERE)
    store.close()
    for name in ("secret.key", "staff.json"):
        assert os.stat(tmp_path / name).st_mode & 0o077 == 0


async def test_two_demos_share_no_secret(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        found.append(await staff_login(tmp_path / name, written(tmp_path / name)))
    assert found[0].password != found[1].password
    assert found[0].seed != found[1].seed
    assert key_file(tmp_path / "one").read_text() != key_file(tmp_path / "two").read_text()


async def test_what_a_command_says_is_told(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("[site]\nnmae = 1\n")
    with pytest.raises(ChildFailed, match=r"site\.nmae: unknown key"):
        await staff_login(tmp_path, path)
