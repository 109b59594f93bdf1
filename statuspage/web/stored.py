"""One file of the site as it lies on disk, with its packed twin; written anew or taken over from the bundle before."""

import gzip
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from statuspage.web.files import File, Kind

_SHARED = ("/incidents/", "/api/v2/incidents/", "/history?")
"""What two bundles may have in one file: old incidents. Of all else every bundle has its own."""
_IN_QUERIES = str.maketrans("?=&", "---")


@dataclass(frozen=True, slots=True)
class Stored:
    """A file of the site with its packed twin. ETags are strong and differ, for the bytes differ."""

    file: File
    etag: str
    gzip: bytes | None
    gzip_etag: str


def pack(file: File) -> Stored:
    """A file with its ETag, and its gzip where that saves anything. Same bytes, same ETag, on every host."""
    digest = hashlib.sha256(file.body).hexdigest()[:32]
    packed = gzip.compress(file.body, 9, mtime=0)
    smaller = len(packed) < len(file.body)
    return Stored(file, f'"{digest}"', packed if smaller else None, f'"{digest}-gz"' if smaller else f'"{digest}"')


def file_name(path: str) -> str:
    """Where a path lies below `site/`: pages end in .html, so that any host knows what they are.

    A query becomes part of the name: `/history?page=2` is `history-page-2.html`.
    """
    if path == "/":
        return "index.html"
    plain = path.lstrip("/").translate(_IN_QUERIES)
    return plain + ("" if "." in plain.rpartition("/")[2] else ".html")


def write_site(
    site: str, old: str, files: Mapping[str, Stored], known: Mapping[str, Stored]
) -> dict[str, dict[str, str | bool]]:
    """Write the files, or give those of the bundle before another name. Names are text: there may be thousands."""
    entries, folders = {}, set[str]()
    for path, stored in files.items():
        name = file_name(path)
        folder = f"{site}/{name}".rpartition("/")[0]
        if folder not in folders:
            os.makedirs(folder, exist_ok=True)
            folders.add(folder)
        same = path.startswith(_SHARED) and path in known and known[path].etag == stored.etag
        _put(f"{site}/{name}", stored.file.body, f"{old}/{name}" if same else None)
        if stored.gzip is not None:
            _put(f"{site}/{name}.gz", stored.gzip, f"{old}/{name}.gz" if same else None)
        entries[path] = {"file": name, "type": stored.file.content_type, "kind": stored.file.kind.value,
                         "etag": stored.etag, "gzip": stored.gzip is not None}  # fmt: skip
    return entries


def _put(target: str, body: bytes, same: str | None) -> None:
    # Nobody ever writes into a file of a bundle: two bundles may share it.
    if same is None or not linked(same, target, len(body)):
        with open(target, "wb") as out:
            out.write(body)


def linked(source: str, target: str, size: int) -> bool:
    """Whether the file could be taken over; one that a broken disk cut off is not."""
    try:
        if os.stat(source).st_size != size:
            return False
        os.link(source, target)
    except OSError:  # Gone, or a file system without hard links.
        return False
    return True


def write_private(target: Path, body: bytes) -> None:
    """Write a file that only this user may read."""
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(body)


def read_stored(site: Path, entry: Mapping[str, str | bool], known: Stored | None) -> Stored:
    """A file by its entry in the manifest, every byte checked; `known` is taken where it is the same.

    Raises OSError, EOFError, zlib.error, ValueError, KeyError or TypeError for what is torn.
    """
    if known is not None and (known.etag, known.file.content_type) == (entry["etag"], entry["type"]):
        return known
    path = site / str(entry["file"])
    stored = _unpacked(path.read_bytes(), entry, path)
    if stored.etag != entry["etag"]:
        raise ValueError(f"{entry['file']} is not what was written")
    return stored


def _unpacked(body: bytes, entry: Mapping[str, str | bool], path: Path) -> Stored:
    """A file as it lies on disk; its gzip is read, not made again, and checked by unpacking it."""
    file = File(body, str(entry["type"]), Kind(str(entry["kind"])))
    digest = hashlib.sha256(body).hexdigest()[:32]
    if not entry["gzip"]:
        return Stored(file, f'"{digest}"', None, f'"{digest}"')
    packed = path.with_name(f"{path.name}.gz").read_bytes()
    if gzip.decompress(packed) != body:
        raise ValueError(f"{path.name}.gz does not match {path.name}")
    return Stored(file, f'"{digest}"', packed, f'"{digest}-gz"')
