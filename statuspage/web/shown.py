"""What a web process shows at this moment: one immutable table, replaced in one assignment.

Every header list is worked out here, once per bundle, so that a request only looks up and hands over.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from statuspage.web.assets import load_assets
from statuspage.web.bundle import Bundle
from statuspage.web.directives import DIRECTIVES, Directives, read_directives
from statuspage.web.headers import FOR_EVER, PUBLIC, STATUS_LINK, Headers, security
from statuspage.web.render import File, Kind
from statuspage.web.stored import Stored, pack


@dataclass(frozen=True, slots=True)
class Variant:
    """One encoding of an answer. `unchanged` are the headers of its 304."""

    etag: str
    body: list[bytes]
    headers: Headers
    unchanged: Headers


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path answers; `preflight` are the headers of its OPTIONS."""

    plain: Variant
    gzip: Variant
    kind: Kind
    preflight: Headers


Table = Mapping[str, Answer]
QUERIED = frozenset({"/history"})
"""The paths that have answers by query too; everywhere else a query changes nothing."""


class Shown:
    """The present table. `table` is read by requests without a lock: an assignment is atomic."""

    def __init__(self, site_url: str = "") -> None:
        self.bundle: Bundle | None = None
        self.site_url = site_url
        self.name = ""
        self.table: Table = self._assets()
        self.directives: Directives | None = None
        self.changed = threading.Condition()
        """Notified when other directives are shown, and when who waits for them is to look up."""
        self.queried: Table = {}
        """Answers by path and query, `/history?page=2`: apart, so that no path can be mistaken for one."""

    @property
    def https(self) -> bool:
        return self.site_url.startswith("https://")

    def swap(self, bundle: Bundle) -> None:
        """Show this bundle from the next request on."""
        self.site_url, self.name = bundle.site_url, bundle.site_name
        old = self.bundle if self.bundle is not None and self.bundle.site_url == bundle.site_url else None
        files = {path: self._answer(path, stored, old) for path, stored in bundle.files.items()}
        self.queried = {path: each for path, each in files.items() if "?" in path}
        self.table = {**self._assets(), **{path: each for path, each in files.items() if "?" not in path}}
        self.bundle = bundle
        self._direct(bundle.files.get(DIRECTIVES))

    def wake(self) -> None:
        """Let whoever waits for other directives look whether there is still somebody to tell."""
        with self.changed:
            self.changed.notify_all()

    def _direct(self, stored: Stored | None) -> None:
        """Answer for these directives from now on. A bundle of an older version has none: the last ones stay."""
        if stored is None or (self.directives is not None and self.directives.body is stored.file.body):
            return
        with self.changed:
            self.directives = read_directives(stored.file.body)
            self.changed.notify_all()

    def _answer(self, path: str, stored: Stored, old: Bundle | None) -> Answer:
        """The answer that was given so far, if it is to the very same bytes."""
        known = self.queried.get(path) or self.table.get(path)
        if known is not None and old is not None and old.files.get(path) is stored:
            return known
        return answer(stored, https=self.https)

    def _assets(self) -> dict[str, Answer]:
        """This process's own style and script, needed even where the bundle is older or missing."""
        assets = load_assets()
        packed = {path: pack(File(body, kind, assets.kinds[path])) for path, (body, kind) in assets.files.items()}
        return {path: answer(stored, https=self.https) for path, stored in packed.items()}


def answer(stored: Stored, *, https: bool) -> Answer:
    """A stored file with its headers. A file that gzip does not shrink is sent as it is to everybody."""
    data = stored.file.kind in (Kind.DATA, Kind.LIBRARY)
    common = [
        ("Cache-Control", FOR_EVER if stored.file.kind in (Kind.ASSET, Kind.LIBRARY) else PUBLIC),
        ("Vary", "Accept-Encoding"),
        ("Link", STATUS_LINK),
        *security(https=https, cross_origin=data),
    ]
    plain = _variant(stored.file.body, stored.etag, [("Content-Type", stored.file.content_type)], common)
    packed = plain
    if stored.gzip is not None:
        content = [("Content-Type", stored.file.content_type), ("Content-Encoding", "gzip")]
        packed = _variant(stored.gzip, stored.gzip_etag, content, common)
    allow = [("Allow", "GET, HEAD, OPTIONS"), *common]
    if data:
        allow += [("Access-Control-Allow-Methods", "GET, HEAD"), ("Access-Control-Allow-Headers", "If-None-Match"),
                  ("Access-Control-Max-Age", "86400")]  # fmt: skip
    return Answer(plain, packed, stored.file.kind, allow)


def _variant(body: bytes, etag: str, content: Headers, common: Headers) -> Variant:
    tagged = [("ETag", etag), *common]
    return Variant(etag, [body], [*content, ("Content-Length", str(len(body))), *tagged], tagged)
