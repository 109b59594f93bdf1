"""The bundle: a folder for every rendering of the site, and `current` pointing at the one to serve.

    <public>/<generation>-<revision>-<n>/site/…        the files, each with its .gz where that is smaller
                                        /manifest.json  path → file, type, kind, ETags
                                        /snapshot.json  what it was made of; private, for rendering it again as stale
    <public>/current -> the newest folder              replaced atomically

Any host that serves files can serve `site/`. A folder is complete before `current` points at it; the bytes
are checked against their ETag when they are loaded, so that a torn disk is never shown.
"""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from statuspage.core.state import Snapshot
from statuspage.web.render import File, Kind, render

FORMAT = 1
KEEP = 3
POINTER = "current"
_SNAPSHOT: TypeAdapter[Snapshot] = TypeAdapter(Snapshot)


class BrokenBundle(Exception):
    """A bundle folder that cannot be served: missing, torn, or of another format. Another may be whole."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the site with its packed twin. ETags are strong and differ, for the bytes differ."""

    file: File
    etag: str
    gzip: bytes | None
    gzip_etag: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """One rendering, as loaded."""

    name: str
    generation: str
    revision: int
    site_url: str
    site_name: str
    rendered_at: datetime
    files: Mapping[str, Stored]


def pack(file: File) -> Stored:
    """A file with its ETag, and its gzip where that saves anything. Same bytes, same ETag, on every host."""
    digest = hashlib.sha256(file.body).hexdigest()[:32]
    packed = gzip.compress(file.body, 9, mtime=0)
    smaller = len(packed) < len(file.body)
    return Stored(file, f'"{digest}"', packed if smaller else None, f'"{digest}-gz"' if smaller else f'"{digest}"')


def build(public: Path, snapshot: Snapshot, now: datetime) -> Bundle:
    """Render, write and point to a new bundle; the present one is returned where no byte would change.

    Only the holder of the host's lock may call this. Raises OSError when the disk refuses.
    """
    bundle = make(public, snapshot, now)
    present, files = current_name(public), bundle.files
    with contextlib.suppress(BrokenBundle):
        loaded = load(public, present) if present else None
        if loaded and _etags(loaded.files) == _etags(files) and _same_origin(loaded, snapshot):
            return loaded
    _write(public, bundle, snapshot)
    _point(public, bundle.name)
    _prune(public, bundle.name)
    return bundle


def make(public: Path, snapshot: Snapshot, now: datetime) -> Bundle:
    """The next bundle, in memory only: what to show when the disk refuses."""
    files = {path: pack(file) for path, file in render(snapshot, now).items()}
    name = f"{snapshot.generation}-{snapshot.revision}-{_number(current_name(public)) + 1}"
    return Bundle(name, snapshot.generation, snapshot.revision, snapshot.site.url, snapshot.site.name, now, files)


def load(public: Path, name: str) -> Bundle:
    """Read a bundle and check every byte of it. Raises BrokenBundle."""
    folder = public / name
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        if manifest["format"] != FORMAT:
            raise BrokenBundle(f"{name}: format {manifest['format']}")
        files = {path: _read(folder / "site", entry) for path, entry in manifest["files"].items()}
        return Bundle(name, manifest["generation"], manifest["revision"], manifest["site_url"], manifest["site_name"],
                      datetime.fromisoformat(manifest["rendered_at"]), files)  # fmt: skip
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise BrokenBundle(f"{name}: {error}") from error


def load_newest(public: Path) -> Bundle | None:
    """The current bundle, or the newest whole one if that is broken; None where there is none."""
    present = current_name(public)
    for name in dict.fromkeys(([present] if present else []) + names(public)):
        with contextlib.suppress(BrokenBundle):
            return load(public, name)
    return None


def load_snapshot(public: Path, name: str) -> Snapshot | None:
    """What the bundle was made of; None if it is missing or of another version of the product."""
    try:
        return _SNAPSHOT.validate_json((public / name / "snapshot.json").read_bytes())
    except (OSError, ValueError):
        return None


def current_name(public: Path) -> str | None:
    """The folder that `current` points at; cheap enough to ask several times a second."""
    try:
        return os.readlink(public / POINTER)
    except OSError:
        return None


def names(public: Path) -> list[str]:
    """All bundle folders, newest first."""
    try:
        found = [entry.name for entry in os.scandir(public) if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted((name for name in found if not name.startswith(".")), key=_number, reverse=True)


def _number(name: str | None) -> int:
    """How many renderings of this host came before: the last part of the name."""
    tail = (name or "").rpartition("-")[2]
    return int(tail) if tail.isdecimal() else 0


def _etags(files: Mapping[str, Stored]) -> dict[str, str]:
    return {path: stored.etag for path, stored in files.items()}


def _same_origin(bundle: Bundle, snapshot: Snapshot) -> bool:
    return (bundle.generation, bundle.revision) == (snapshot.generation, snapshot.revision)


def file_name(path: str) -> str:
    """Where a path lies below `site/`: pages end in .html, so that any host knows what they are."""
    if path == "/":
        return "index.html"
    return path.lstrip("/") + ("" if "." in path.rpartition("/")[2] else ".html")


def _write(public: Path, bundle: Bundle, snapshot: Snapshot) -> None:
    draft = public / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    entries = {}
    for path, stored in bundle.files.items():
        target = draft / "site" / file_name(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(stored.file.body)
        if stored.gzip is not None:
            target.with_name(target.name + ".gz").write_bytes(stored.gzip)
        entries[path] = {"file": file_name(path), "type": stored.file.content_type, "kind": stored.file.kind.value,
                         "etag": stored.etag, "gzip": stored.gzip is not None}  # fmt: skip
    manifest = {"format": FORMAT, "generation": bundle.generation, "revision": bundle.revision,
                "site_url": bundle.site_url, "site_name": bundle.site_name,
                "rendered_at": bundle.rendered_at.isoformat(), "files": entries}  # fmt: skip
    (draft / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    with os.fdopen(os.open(draft / "snapshot.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(_SNAPSHOT.dump_json(snapshot))
    shutil.rmtree(public / bundle.name, ignore_errors=True)
    draft.rename(public / bundle.name)


def _read(site: Path, entry: Mapping[str, str | bool]) -> Stored:
    path = site / str(entry["file"])
    stored = _stored(path.read_bytes(), entry, path)
    if stored.etag != entry["etag"]:
        raise ValueError(f"{entry['file']} is not what was written")
    return stored


def _stored(body: bytes, entry: Mapping[str, str | bool], path: Path) -> Stored:
    """A file as it lies on disk; its gzip is read, not made again, and checked by unpacking it."""
    file = File(body, str(entry["type"]), Kind(str(entry["kind"])))
    digest = hashlib.sha256(body).hexdigest()[:32]
    if not entry["gzip"]:
        return Stored(file, f'"{digest}"', None, f'"{digest}"')
    packed = path.with_name(path.name + ".gz").read_bytes()
    if gzip.decompress(packed) != body:
        raise ValueError(f"{path.name}.gz does not match {path.name}")
    return Stored(file, f'"{digest}"', packed, f'"{digest}-gz"')


def _point(public: Path, name: str) -> None:
    fresh = public / f".{POINTER}-{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(name)
    fresh.replace(public / POINTER)


def _prune(public: Path, present: str) -> None:
    """Older bundles go, but not at once: another worker may be reading one. Drafts of dead processes go too."""
    for name in names(public)[KEEP:]:
        if name != present:
            shutil.rmtree(public / name, ignore_errors=True)
    for draft in public.glob(".draft-*"):
        shutil.rmtree(draft, ignore_errors=True)
