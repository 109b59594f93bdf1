"""Style, script and icon under names that carry the hash of their bytes: they never change and may be kept for ever.

`realtime.js` is for other sites too. They find it at an address without a hash as well, which does change.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from statuspage.web.files import Kind

TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
FOLDER = Path(__file__).parent / "static"
FOR_OTHERS = ("realtime.js",)


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
    kinds: Mapping[str, Kind]


@lru_cache(maxsize=1)
def load_assets() -> Assets:
    """The product's own assets, read once per process."""
    files: dict[str, tuple[bytes, str]] = {}
    kinds: dict[str, Kind] = {}
    addresses: dict[str, str] = {}
    for name in ("page.css", "page.js", "favicon.svg", "staff.css", "desk.css", "staff.js", *FOR_OTHERS):
        path = FOLDER / name
        body = path.read_bytes()
        address = f"/static/{path.stem}.{hashlib.sha256(body).hexdigest()[:12]}{path.suffix}"
        files[address] = (body, TYPES[path.suffix])
        kinds[address] = Kind.LIBRARY if name in FOR_OTHERS else Kind.ASSET
        addresses[name] = address
    for name in FOR_OTHERS:
        files[f"/static/{name}"], kinds[f"/static/{name}"] = files[addresses[name]], Kind.DATA
    return Assets(
        css=addresses["page.css"],
        js=addresses["page.js"],
        icon=addresses["favicon.svg"],
        staff_css=addresses["staff.css"],
        desk_css=addresses["desk.css"],
        staff_js=addresses["staff.js"],
        files=files,
        kinds=kinds,
    )
