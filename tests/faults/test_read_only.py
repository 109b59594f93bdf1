"""A public folder that went read-only: a web that is started again serves what lies there."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.processes import STATUSPAGE, answer, free_port, started
from tests.programs import need
from tests.secret_key import secret_key
from tests.waiting import wait_for


def test_a_web_that_is_restarted_over_a_read_only_folder_serves_the_last_page(tmp_path: Path) -> None:
    unshare, mount = need("unshare"), need("mount", "/bin/mount")
    if subprocess.run([unshare, "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this kernel or user may not make a namespace of mounts")
    port, public = free_port(), tmp_path / "data" / "public"
    url = f"http://127.0.0.1:{port}/"
    path = tmp_path / "config.toml"
    path.write_text(
        f'[site]\nname = "Acme"\nurl = "{url}"\n{secret_key(tmp_path)}\n[web]\nbind = "127.0.0.1:{port}"\n'
        '[[component]]\nid = "chat"\nname = "Session chat"\n'
    )
    with started("run", "-c", str(path), log=tmp_path / "log"):
        wait_for(lambda: "Session chat" in answer(url), "the page")
    script = f'{mount} --bind "$0" "$0" && {mount} -o remount,bind,ro "$0" && exec "$@"'
    inside = (unshare, "-m", shutil.which("sh") or "/bin/sh", "-c", script, str(public), *STATUSPAGE)
    with started("web", "-c", str(path), log=tmp_path / "web.log", command=inside):
        wait_for(lambda: "Session chat" in answer(url), "the page over a read-only folder")
        wait_for(lambda: "out of date" in answer(url), "it to say that it is old", 40)
    said = f"pages cannot be written to {public}, the last ones are shown: Read-only file system"
    assert said in (tmp_path / "web.log").read_text()
