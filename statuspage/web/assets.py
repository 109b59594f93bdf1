"""Style, script and icon under names that carry the hash of their bytes: they never change and may be kept for ever."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FOLDER = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Assets:
    """The addresses for the templates, and the bytes behind every address."""

    css: str
    js: str
    icon: str
    staff_css: str
    desk_css: str
    staff_js: str
    files: Mapping[str, tuple[bytes, str]]


@lru_cache(maxsize=1)
def load_assets() -> Assets:
    """The product's own assets, read once per process."""
    files: dict[str, tuple[bytes, str]] = {}
    addresses: dict[str, str] = {}
    for name in ("page.css", "page.js", "favicon.svg", "staff.css", "desk.css", "staff.js"):
        path = FOLDER / name
        body = path.read_bytes()
        address = f"/static/{path.stem}.{hashlib.sha256(body).hexdigest()[:12]}{path.suffix}"
        files[address] = (body, TYPES[path.suffix])
        addresses[name] = address
    return Assets(
        css=addresses["page.css"],
        js=addresses["page.js"],
        icon=addresses["favicon.svg"],
        staff_css=addresses["staff.css"],
        desk_css=addresses["desk.css"],
        staff_js=addresses["staff.js"],
        files=files,
    )
