"""The script that other sites load: under an address that stays, and under one that carries its hash."""

from pathlib import Path

from statuspage.web.assets import FOLDER, load_assets
from statuspage.web.headers import FOR_EVER, PUBLIC
from tests.web.served import client
from tests.web.snapshots import NOW, make_snapshot


def test_other_sites_load_the_script_for_them_and_no_other(tmp_path: Path) -> None:
    web, assets = client(tmp_path, make_snapshot(), NOW), load_assets()
    (hashed,) = (each for each in assets.files if each.startswith("/static/realtime.") and each.count(".") == 2)
    kept = {"/static/realtime.js": PUBLIC, hashed: FOR_EVER, "/static/realtime.0123456789ab.js": PUBLIC}
    for path, cached in kept.items():
        answer = web.get(path)
        assert (answer.status_code, answer.content_type) == (200, "text/javascript; charset=utf-8")
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert answer.headers["Cache-Control"] == cached
        assert answer.data == (FOLDER / "realtime.js").read_bytes()
    for path in (assets.js, assets.css):
        assert "Access-Control-Allow-Origin" not in web.get(path).headers
