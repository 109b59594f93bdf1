"""The logo: a file beside the configuration, known by its content."""

import base64
import os
from pathlib import Path

import pytest

from statuspage.app import loads_config
from statuspage.config import ConfigError

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
