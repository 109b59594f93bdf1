"""The logo: a file beside the configuration, known by its content."""

import base64
import os
from dataclasses import replace
from pathlib import Path

import pytest

from statuspage.app import loads_config
from statuspage.config import ConfigError
from statuspage.core.site import Image
from statuspage.web.logo import logo_path
from tests.web.served import client
from tests.web.snapshots import NOW, make_site, make_snapshot

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
PICTURES = {
    "plain": (SVG, "image/svg+xml"),
    "with a prologue": (
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -> by hand -->\n<!DOCTYPE svg [ <!ENTITY a "b"> ]>\n' + SVG,
        "image/svg+xml",
    ),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(20), "image/png"),
    "webp": (b"RIFF\x10\0\0\0WEBPVP8 " + bytes(8), "image/webp"),
}


def load(folder: Path, body: bytes) -> str:
    """What the site's picture is after reading a file `pictures/logo` with these bytes; raises ConfigError."""
    (folder / "pictures").mkdir()
    (folder / "pictures/logo").write_bytes(body)
    image = loads_config('[site]\nlogo = "pictures/logo"\n', folder).site.image
    assert image is not None
    assert base64.b64decode(image.base64) == body
    return image.content_type


@pytest.mark.corpus("C11")
@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_known_by_its_content_and_carried_with_the_public_part(name: str, tmp_path: Path) -> None:
    body, content_type = PICTURES[name]
    assert load(tmp_path, body) == content_type


def test_a_site_without_a_logo_has_none(tmp_path: Path) -> None:
    assert loads_config("", tmp_path).site.image is None


def test_a_logo_of_100_kilobytes_is_taken_and_one_byte_more_is_not(tmp_path: Path) -> None:
    most = SVG + b" " * (100 * 1024 - len(SVG))
    assert load(tmp_path, most) == "image/svg+xml"
    (tmp_path / "pictures/logo").write_bytes(most + b" ")
    with pytest.raises(ConfigError) as refused:
        loads_config('[site]\nlogo = "pictures/logo"\n', tmp_path)
    assert str(refused.value) == "site.logo: pictures/logo is larger than 100 KB"


@pytest.mark.corpus("C11")
def test_a_drawing_with_a_script_in_it_is_shown_as_a_picture_and_runs_nothing(tmp_path: Path) -> None:
    """In an `img` no script of it runs; opened by itself the policy forbids it."""
    drawing = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    image = Image("image/svg+xml", base64.b64encode(drawing).decode())
    site = replace(make_site(), image=image)
    browser = client(tmp_path, make_snapshot(site=site), NOW)
    path = logo_path(site)
    assert f'src="{path}"' in browser.get("/").text
    answer = browser.get(path or "")
    assert (answer.content_type, answer.data) == ("image/svg+xml", drawing)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "'unsafe-inline'" not in policy


@pytest.mark.corpus("C11")
@pytest.mark.parametrize("body", [b"", b"GIF89a", b"<html><svg></svg></html>", b"<svgx>", b"<!-- <svg> "])
def test_what_browsers_do_not_show_as_a_picture_is_refused(body: bytes, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"site\.logo: pictures/logo holds no picture"):
        load(tmp_path, body)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "logo")
    with pytest.raises(ConfigError, match=r"site\.logo: logo is not a file"):
        loads_config('[site]\nlogo = "logo"\n', tmp_path)


def test_a_bad_logo_is_told_beside_all_other_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        loads_config('[site]\nlogo = "none.svg"\nnmae = "Acme"\n', tmp_path)
    assert [each.path for each in refused.value.problems] == ["site.nmae", "site.logo"]
