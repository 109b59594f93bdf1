"""The bundle: a folder for every rendering of the site, and `current` pointing at the one to serve.

    <public>/<generation>-<revision>-<n>/site/…        the files, each with its .gz where that is smaller
                                        /manifest.json  path → file, type, kind, ETags
                                        /snapshot.json  what it was made of; private, for rendering it again as stale
                                        /told.json      the incidents of that snapshot, which rarely change
    <public>/current -> the newest folder              replaced atomically

Any host that serves files can serve `site/`. A folder is complete before `current` points at it; the bytes
are checked against their ETag when they are loaded, so that a torn disk is never shown. What did not change
since the bundle before is not packed again, and an old incident's page is not written again either: it is the same
file under one more name. The pages that matter most are written every time, so that each bundle has its own.
"""

import contextlib
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
from statuspage.web.render import File, render
from statuspage.web.stored import Stored, linked, pack, read_stored, write_private, write_site

FORMAT = 2
KEEP = 3
POINTER = "current"
_SNAPSHOT: TypeAdapter[Snapshot] = TypeAdapter(Snapshot)
_TOLD: TypeAdapter[Told] = TypeAdapter(Told)
_TORN = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError)


class BrokenBundle(Exception):
    """A bundle folder that cannot be served: missing, torn, or of another format. Another may be whole."""


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


def load(public: Path, name: str, known: Bundle | None = None, *, whole: bool = True) -> Bundle:
    """Read a bundle and check every byte of it; what `known` has under the same ETag is not read again.

    With `whole=False` a torn file is left out. Raises BrokenBundle.
    """
    folder, files = public / name, known.files if known is not None else {}
    try:
        manifest = json.loads((folder / "manifest.json").read_bytes())
        if manifest["format"] != FORMAT:
            raise BrokenBundle(f"{name}: format {manifest['format']}")
        loaded = {}
        for path, entry in manifest["files"].items():
            with contextlib.suppress(*(() if whole else _TORN)):
                loaded[path] = read_stored(folder / "site", entry, files.get(path))
        return Bundle(name, manifest["generation"], manifest["revision"], manifest["site_url"], manifest["site_name"],
                      datetime.fromisoformat(manifest["rendered_at"]), loaded, manifest["told"])  # fmt: skip
    except _TORN as error:
        raise BrokenBundle(f"{name}: {error}") from error


def load_newest(public: Path, known: Bundle | None = None) -> Bundle | None:
    """The current bundle, or the newest whole one if that is broken; None where there is none.

    Bundles share the pages of old incidents: if one of those is torn, all others are still served.
    """
    present = current_name(public)
    for whole in (True, False):
        for name in dict.fromkeys(([present] if present else []) + names(public)):
            with contextlib.suppress(BrokenBundle):
                found = load(public, name, known, whole=whole)
                if "/" in found.files:
                    return found
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


def _write(public: Path, bundle: Bundle, snapshot: Snapshot, told: bytes, before: Bundle | None) -> None:
    draft, old = public / f".draft-{os.getpid()}", public / (before.name if before is not None else ".none")
    shutil.rmtree(draft, ignore_errors=True)
    entries = write_site(f"{draft}/site", f"{old}/site", bundle.files, before.files if before is not None else {})
    manifest = {"format": FORMAT, "generation": bundle.generation, "revision": bundle.revision,
                "site_url": bundle.site_url, "site_name": bundle.site_name,
                "rendered_at": bundle.rendered_at.isoformat(), "told": bundle.told, "files": entries}  # fmt: skip
    (draft / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    write_private(draft / "snapshot.json", _SNAPSHOT.dump_json(replace(snapshot, incidents=(), maintenances=())))
    same = before is not None and before.told == bundle.told
    if not same or not linked(f"{old}/told.json", f"{draft}/told.json", len(told)):
        write_private(draft / "told.json", told)
    shutil.rmtree(public / bundle.name, ignore_errors=True)
    draft.rename(public / bundle.name)


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
