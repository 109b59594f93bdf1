"""A snapshot at a moment into every file of the site: the same input gives the same bytes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from statuspage.core.site import Link, Site
from statuspage.core.state import Snapshot
from statuspage.templates_dir import templates_dir
from statuspage.web import statuspage_v2
from statuspage.web import summary as own_summary
from statuspage.web.assets import load_assets
from statuspage.web.present import Front, front
from statuspage.web.present_component import detail
from statuspage.web.scene import component_path, open_scene

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"


class Kind(StrEnum):
    """What a file is for, which decides its headers: pages, data for other origins, assets kept for ever."""

    PAGE = "page"
    DATA = "data"
    ASSET = "asset"


@dataclass(frozen=True, slots=True)
class File:
    """One answer of the site."""

    body: bytes
    content_type: str
    kind: Kind


def render(snapshot: Snapshot, now: datetime) -> dict[str, File]:
    """Every public path with its bytes. Costs some 10 ms for 20 components; never done in a request."""
    scene, assets = open_scene(snapshot, now), load_assets()
    site, page = public_site(snapshot.site), front(scene)
    view = fingerprint(page)
    files = {path: File(body, content_type, Kind.ASSET) for path, (body, content_type) in assets.files.items()}
    files["/"] = _page("index.html", site=site, page=page, view=view)
    for component in snapshot.site.components:
        files[component_path(component)] = _page("component.html", site=site, page=detail(scene, component), view=view)
    files["/api/v2/summary.json"] = _data(statuspage_v2.summary(scene))
    files["/api/v2/status.json"] = _data(statuspage_v2.status_document(scene))
    files["/api/v2/components.json"] = _data(statuspage_v2.components_document(scene))
    files["/api/v1/summary.json"] = _data(own_summary.summary(scene, view))
    return files


def fingerprint(page: Front) -> str:
    """12 letters that change when the front page says something else than before, the last check aside."""
    return hashlib.sha256(repr(replace(page, last_check=None)).encode()).hexdigest()[:12]


def public_site(site: Site) -> Site:
    """The site with only such links as a browser may follow: no `javascript:` reaches an `href`."""
    return replace(
        site,
        links=tuple(Link(link.name, link.url) for link in site.links if _is_followable(link.url)),
        support_url=site.support_url if site.support_url and _is_followable(site.support_url) else None,
    )


def _is_followable(url: str) -> bool:
    return url.startswith(("https://", "http://", "mailto:", "/"))


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates. Everything is escaped, whatever a file is called; an unknown name is an error."""
    return Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def page_bytes(template: str, values: Mapping[str, Any]) -> bytes:
    """One template of the public folder as bytes."""
    text = environment().get_template(f"public/{template}").render(assets=load_assets(), **values)
    return text.encode("utf-8", errors="replace")


def _page(template: str, **values: Any) -> File:
    return File(page_bytes(template, values), HTML, Kind.PAGE)


def _data(document: Mapping[str, Any]) -> File:
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return File(text.encode("utf-8", errors="replace"), JSON, Kind.DATA)
