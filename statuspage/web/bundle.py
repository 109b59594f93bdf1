"""The bundle: a folder for every rendering of the site, and `current` pointing at the one to serve.

    <public>/<generation>-<revision>-<n>/site/…        the files, each with its .gz where that is smaller
                                        /manifest.json  path → file, type, kind, ETags
                                        /snapshot.json  what it was made of; private, for rendering it again as stale
                                        /told.json      the incidents of that snapshot, which rarely change
    <public>/current -> the newest folder              replaced atomically

Any host that serves files can serve `site/`. A folder is complete before `current` points at it; the bytes
are checked against their ETag when they are loaded, so that a torn disk is never shown. What did not change
since the bundle before is neither packed nor written again: it is the same file under one more name.
"""

import contextlib
import gzip
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import TypeAdapter

from statuspage.core.state import Snapshot
from statuspage.web.kept import Kept, Told
from statuspage.web.render import File, Kind, render

FORMAT = 2
KEEP = 3
POINTER = "current"
_IN_QUERIES = str.maketrans("?=&", "---")
_SNAPSHOT: TypeAdapter[Snapshot] = TypeAdapter(Snapshot)
_TOLD: TypeAdapter[Told] = TypeAdapter(Told)


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
    told: str = ""
    """The digest of its incidents as they lie beside it."""


def pack(file: File) -> Stored:
    """A file with its ETag, and its gzip where that saves anything. Same bytes, same ETag, on every host."""
    digest = hashlib.sha256(file.body).hexdigest()[:32]
    packed = gzip.compress(file.body, 9, mtime=0)
    smaller = len(packed) < len(file.body)
    return Stored(file, f'"{digest}"', packed if smaller else None, f'"{digest}-gz"' if smaller else f'"{digest}"')


def build(
    public: Path, snapshot: Snapshot, now: datetime, kept: Kept | None = None, before: Bundle | None = None
) -> Bundle:
    """Render, write and point to a new bundle; the present one is returned where no byte would change.

    `before` is the bundle shown so far, if this process has it already. Only the holder of the host's lock may
    call this. Raises OSError when the disk refuses.
    """
    kept = kept or Kept()
    present = _present(public, before)
    bundle = make(public, snapshot, now, kept, present or before)
    if present and _etags(present.files) == _etags(bundle.files) and _same_origin(present, snapshot):
        return present
    bundle = replace(bundle, told=hashlib.sha256(_told(snapshot, kept)).hexdigest()[:32])
    _write(public, bundle, snapshot, _told(snapshot, kept), present)
    _point(public, bundle.name)
    _prune(public, bundle.name)
    return bundle


def make(
    public: Path, snapshot: Snapshot, now: datetime, kept: Kept | None = None, before: Bundle | None = None
) -> Bundle:
    """The next bundle, in memory only: what to show when the disk refuses."""
    known = before.files if before is not None else {}
    files = {path: _packed(file, known.get(path)) for path, file in render(snapshot, now, kept).items()}
    name = f"{snapshot.generation}-{snapshot.revision}-{_number(current_name(public)) + 1}"
    return Bundle(name, snapshot.generation, snapshot.revision, snapshot.site.url, snapshot.site.name, now, files)


def _packed(file: File, known: Stored | None) -> Stored:
    return known if known is not None and known.file == file else pack(file)


def _present(public: Path, before: Bundle | None) -> Bundle | None:
    """The bundle that is pointed at, None if there is none or it is broken."""
    name = current_name(public)
    if name is None or (before is not None and before.name == name):
        return before if name is not None else None
    with contextlib.suppress(BrokenBundle):
        return load(public, name)
    return None


def _told(snapshot: Snapshot, kept: Kept) -> bytes:
    return kept.told(Told(snapshot.incidents, snapshot.maintenances), _TOLD.dump_json)


def load(public: Path, name: str, known: Bundle | None = None) -> Bundle:
    """Read a bundle and check every byte of it; what `known` has under the same ETag is not read again.

    Raises BrokenBundle.
    """
    folder, files = public / name, known.files if known is not None else {}
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        if manifest["format"] != FORMAT:
            raise BrokenBundle(f"{name}: format {manifest['format']}")
        loaded = {path: _read(folder / "site", entry, files.get(path)) for path, entry in manifest["files"].items()}
        return Bundle(name, manifest["generation"], manifest["revision"], manifest["site_url"], manifest["site_name"],
                      datetime.fromisoformat(manifest["rendered_at"]), loaded, manifest["told"])  # fmt: skip
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise BrokenBundle(f"{name}: {error}") from error


def load_newest(public: Path, known: Bundle | None = None) -> Bundle | None:
    """The current bundle, or the newest whole one if that is broken; None where there is none."""
    present = current_name(public)
    for name in dict.fromkeys(([present] if present else []) + names(public)):
        with contextlib.suppress(BrokenBundle):
            return load(public, name, known)
    return None


def load_snapshot(public: Path, name: str) -> Snapshot | None:
    """What the bundle was made of; None if it is missing or of another version of the product."""
    try:
        snapshot = _SNAPSHOT.validate_json((public / name / "snapshot.json").read_bytes())
        told = _TOLD.validate_json((public / name / "told.json").read_bytes())
        return replace(snapshot, incidents=told.incidents, maintenances=told.maintenances)
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
    """Where a path lies below `site/`: pages end in .html, so that any host knows what they are.

    A query becomes part of the name: `/history?page=2` is `history-page-2.html`.
    """
    if path == "/":
        return "index.html"
    plain = path.lstrip("/").translate(_IN_QUERIES)
    return plain + ("" if "." in plain.rpartition("/")[2] else ".html")


def _write(public: Path, bundle: Bundle, snapshot: Snapshot, told: bytes, before: Bundle | None) -> None:
    draft = public / f".draft-{os.getpid()}"
    shutil.rmtree(draft, ignore_errors=True)
    entries, known = {}, before.files if before is not None else {}
    old = public / before.name if before is not None else draft
    folders: set[Path] = set()
    for path, stored in bundle.files.items():
        target, source = draft / "site" / file_name(path), old / "site" / file_name(path)
        if target.parent not in folders:
            target.parent.mkdir(parents=True, exist_ok=True)
            folders.add(target.parent)
        same = path in known and known[path].etag == stored.etag
        _put(target, stored.file.body, source if same else None)
        if stored.gzip is not None:
            _put(_gz(target), stored.gzip, _gz(source) if same else None)
        entries[path] = {"file": file_name(path), "type": stored.file.content_type, "kind": stored.file.kind.value,
                         "etag": stored.etag, "gzip": stored.gzip is not None}  # fmt: skip
    manifest = {"format": FORMAT, "generation": bundle.generation, "revision": bundle.revision,
                "site_url": bundle.site_url, "site_name": bundle.site_name,
                "rendered_at": bundle.rendered_at.isoformat(), "told": bundle.told, "files": entries}  # fmt: skip
    (draft / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    _private(draft / "snapshot.json", _SNAPSHOT.dump_json(replace(snapshot, incidents=(), maintenances=())))
    if before is None or before.told != bundle.told or not _linked(old / "told.json", draft / "told.json", len(told)):
        _private(draft / "told.json", told)
    shutil.rmtree(public / bundle.name, ignore_errors=True)
    draft.rename(public / bundle.name)


def _put(target: Path, body: bytes, same: Path | None) -> None:
    """Write a file, or give the one of the bundle before another name. Nobody ever writes into a bundle's files."""
    if same is None or not _linked(same, target, len(body)):
        target.write_bytes(body)


def _linked(source: Path, target: Path, size: int) -> bool:
    """Whether the file could be taken over; one that a broken disk cut off is not."""
    try:
        if source.stat().st_size != size:
            return False
        os.link(source, target)
    except OSError:  # Gone, or a file system without hard links.
        return False
    return True


def _private(target: Path, body: bytes) -> None:
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(body)


def _gz(path: Path) -> Path:
    return path.with_name(f"{path.name}.gz")


def _read(site: Path, entry: Mapping[str, str | bool], known: Stored | None) -> Stored:
    if known is not None and (known.etag, known.file.content_type) == (entry["etag"], entry["type"]):
        return known
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
    packed = _gz(path).read_bytes()
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
