"""The logo: a picture beside the config file, known by its content and never by its name."""

import base64
import re
from pathlib import Path
from typing import Any

from statuspage.config.problems import Problem
from statuspage.core.site import Image

MOST_BYTES = 100 * 1024
"""It lies in the database with the public part of the configuration, and every page asks for it."""

_PNG = b"\x89PNG\r\n\x1a\n"
_SVG = re.compile(
    rb"\s*(?:(?:<\?xml[^>]*>|<!DOCTYPE[^>[]*(?:\[[^]]*\]\s*)?>|<!--(?:(?!-->).)*-->)\s*)*<svg[\s>/]",
    re.DOTALL | re.IGNORECASE,
)


def logo(site: Any, folder: Path, problems: list[Problem]) -> Image | None:
    """The picture that a `[site]` table names, relative to `folder`; what is wrong with it is added to `problems`."""
    named = site.get("logo") if isinstance(site, dict) else None
    if not isinstance(named, str) or not named.isprintable():
        return None  # there is none, or the table's own rules have said what is wrong
    try:
        return _read(folder, named)
    except ValueError as error:
        problems.append(Problem("site.logo", str(error)))
        return None


def _read(folder: Path, named: str) -> Image:
    path = folder / named
    try:
        # A pipe would be waited for, and a device has no end.
        if path.exists() and not path.is_file():
            raise ValueError(f"{named} is not a file")
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"cannot read the file {named}: {error.strerror}") from None
    if len(body) > MOST_BYTES:
        raise ValueError(f"{named} is larger than {MOST_BYTES // 1024} KB")
    content_type = _type_of(body)
    if content_type is None:
        raise ValueError(f"{named} holds no picture that browsers show: use SVG, PNG or WebP")
    return Image(content_type, base64.b64encode(body).decode("ascii"))


def _type_of(body: bytes) -> str | None:
    if body.startswith(_PNG):
        return "image/png"
    if body.startswith(b"RIFF") and body[8:12] == b"WEBP":
        return "image/webp"
    return "image/svg+xml" if _SVG.match(body.removeprefix(b"\xef\xbb\xbf")) else None
