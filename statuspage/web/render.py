"""A snapshot at a moment into every file of the site: the same input gives the same bytes."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from statuspage.core.directive import directives_document, flagd_document
from statuspage.core.maintenance import Maintenance
from statuspage.core.site import Component, Link, Site
from statuspage.core.state import Snapshot
from statuspage.templates_dir import templates_dir
from statuspage.web import ical, statuspage_v2, syndication
from statuspage.web import summary as own_summary
from statuspage.web.assets import load_assets
from statuspage.web.directives import DIRECTIVES
from statuspage.web.entries import Entry, is_over, path
from statuspage.web.files import HTML as HTML
from statuspage.web.files import JSON as JSON
from statuspage.web.files import File as File
from statuspage.web.files import Kind as Kind
from statuspage.web.files import json_file
from statuspage.web.history_json import history_document
from statuspage.web.incidents_v2 import MOST, Listed
from statuspage.web.kept import Kept, mark
from statuspage.web.logo import logo_file, logo_path
from statuspage.web.present import Front, front
from statuspage.web.present_component import detail
from statuspage.web.present_felt import felt_document
from statuspage.web.present_history import (
    COMPONENT_MONTHS,
    PAGE_MONTHS,
    Months,
    history,
    history_path,
    listed_entries,
    months_of,
)
from statuspage.web.present_incident import incident_page
from statuspage.web.scene import Scene, component_path, open_scene


def render(snapshot: Snapshot, now: datetime, kept: Kept | None = None) -> dict[str, File]:
    """Every public path with its bytes, those with a query among them. Never done in a request.

    Costs some 10 ms for 20 components; what `kept` has of the rendering before is not made again.
    """
    kept = kept or Kept()
    kept.begin(snapshot)
    scene, assets = open_scene(snapshot, now), load_assets()
    site, page = public_site(snapshot.site), front(scene)
    view = fingerprint(page)
    files = {path: File(body, kind, assets.kinds[path]) for path, (body, kind) in assets.files.items()}
    files.update([found] if (found := logo_file(snapshot.site)) else [])
    files["/"] = _page("index.html", site=site, page=page, view=view)
    for component in snapshot.site.components:
        files[component_path(component)] = _page("component.html", site=site, page=detail(scene, component), view=view)
    files["/api/v2/status.json"] = json_file(statuspage_v2.status_document(scene))
    files["/api/v2/components.json"] = json_file(statuspage_v2.components_document(scene))
    files["/api/v1/summary.json"] = json_file(own_summary.summary(scene, view))
    files["/felt.json"] = json_file(felt_document(scene))
    files.update(_directives(scene))
    listed = Listed(scene)
    files.update((at, json_file(document)) for at, document in listed.documents().items())
    files.update(_incidents(scene, site, view, listed, kept))
    files.update(_history(scene, site, kept))
    files.update(_feeds(scene, listed, kept))
    return files


def _directives(scene: Scene) -> Iterator[tuple[str, File]]:
    """What applications read, for themselves and for flagd."""
    snapshot, fresh = scene.snapshot, scene.fresh
    board = snapshot.site.switchboard
    document = directives_document(
        board, snapshot.routes, snapshot.generation, fresh.heartbeat_at, fresh.stale, snapshot.read_at
    )
    yield DIRECTIVES, json_file(document)
    yield "/flagd.json", json_file(flagd_document(board, document))


def _incidents(scene: Scene, site: Site, view: str, listed: Listed, kept: Kept) -> Iterator[tuple[str, File]]:
    """Every incident's page and document. What is long over is made once."""
    entries = scene.entries
    for index, entry in enumerate(entries):
        newer, older = entries[index - 1] if index else None, entries[index + 1] if index + 1 < len(entries) else None
        yield path(entry), _incident_page(scene, site, view, kept, (older, entry, newer))
        at = f"/api/v2{path(entry)}.json"
        if is_over(entry) and index >= MOST:
            yield at, kept.file(("settled", mark(entry)), partial(_settled, listed, entry))
        else:
            yield at, json_file(listed.single(entry))


def _settled(listed: Listed, entry: Entry) -> File:
    return json_file(listed.settled(entry))


def _incident_page(
    scene: Scene, site: Site, view: str, kept: Kept, row: tuple[Entry | None, Entry, Entry | None]
) -> File:
    older, entry, newer = row

    def make() -> File:
        page = incident_page(scene, entry, older, newer)
        return _page("incident.html", site=site, page=page, view=view if page.live else None)

    return kept.file(("page", *(mark(each) for each in row)), make) if is_over(entry) else make()


def _history(scene: Scene, site: Site, kept: Kept) -> Iterator[tuple[str, File]]:
    """The history of everything, and of each component."""
    told = listed_entries(scene, None)
    for component in (None, *scene.snapshot.site.components):
        per_page = COMPONENT_MONTHS if component else PAGE_MONTHS
        pages = months_of(scene, listed_entries(scene, component) if component else told, per_page)
        for number, months in enumerate(pages, 1):
            make = partial(_history_page, scene, site, component, number, len(pages), months)
            key = (component.id if component else None, number, len(pages),
                   tuple((month, tuple(mark(each) for each in mine)) for month, mine in months))  # fmt: skip
            yield history_path(component, number), kept.file(("history", key), make)


def _history_page(
    scene: Scene, site: Site, component: Component | None, number: int, pages: int, months: Months
) -> File:
    return _page("history.html", site=site, page=history(scene, component, number, pages, months), view=None)


def _feeds(scene: Scene, listed: Listed, kept: Kept) -> Iterator[tuple[str, File]]:
    site, zone = scene.snapshot.site, scene.zone
    newest, marks = scene.entries[:MOST], tuple(mark(each) for each in scene.entries[:MOST])
    planned = [each for each in scene.entries if isinstance(each, Maintenance)]
    calendar = [each for index, each in enumerate(planned) if index < MOST or not is_over(each)]
    yield "/history.atom", kept.file(("atom", marks), lambda: syndication.atom(site, newest, zone))
    yield "/history.rss", kept.file(("rss", marks), lambda: syndication.rss(site, newest, zone))
    marks = tuple(mark(each) for each in calendar)
    yield "/history.ics", kept.file(("ics", marks), lambda: ical.calendar(site, calendar))
    months = months_of(scene, listed_entries(scene, None), PAGE_MONTHS)[0]
    yield "/history.json", json_file(history_document(scene, listed, months))


def fingerprint(page: Front) -> str:
    """12 letters that change when the front page says something else than before, the last check aside."""
    return hashlib.sha256(repr(replace(page, last_check=None)).encode(errors="replace")).hexdigest()[:12]


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
    made = Environment(
        loader=FileSystemLoader(templates_dir()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["logo_path"] = logo_path
    return made


def page_bytes(template: str, values: Mapping[str, Any]) -> bytes:
    """One template of the public folder as bytes."""
    text = environment().get_template(f"public/{template}").render(assets=load_assets(), **values)
    return text.encode("utf-8", errors="replace")


def _page(template: str, **values: Any) -> File:
    return File(page_bytes(template, values), HTML, Kind.PAGE)
