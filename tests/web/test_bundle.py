"""The folder that is the site: atomic, complete, checked, and never growing."""

import gzip
import json
import os
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from statuspage.web.bundle import (
    BrokenBundle,
    build,
    current_name,
    load,
    load_newest,
    load_snapshot,
    names,
)
from statuspage.web.kept import Kept
from statuspage.web.render import File, Kind, render
from statuspage.web.stored import file_name, pack
from tests.web.snapshots import NOW, OUTAGE, make_site, make_snapshot, past_incident, told_snapshot


def test_a_bundle_is_loaded_as_it_was_written(tmp_path: Path) -> None:
    written = build(tmp_path, make_snapshot(OUTAGE), NOW)
    assert written.name == "g4k2x9-7-1" == current_name(tmp_path)
    assert load(tmp_path, written.name) == written


def test_its_files_are_what_any_server_can_serve(tmp_path: Path) -> None:
    build(tmp_path, make_snapshot(), NOW)
    site = tmp_path / "current" / "site"
    for path, file in render(make_snapshot(), NOW).items():
        assert (site / file_name(path)).read_bytes() == file.body
        packed = site / (file_name(path) + ".gz")
        if packed.exists():
            assert gzip.decompress(packed.read_bytes()) == file.body
    assert (site / "index.html.gz").exists()
    assert (site / "components" / "fg5ctxf4d3ml.html").exists()


def test_the_snapshot_beside_it_is_private_and_whole(tmp_path: Path) -> None:
    snapshot = make_snapshot(OUTAGE, blind_since=NOW)
    name = build(tmp_path, snapshot, NOW).name
    assert load_snapshot(tmp_path, name) == snapshot
    assert stat.S_IMODE((tmp_path / name / "snapshot.json").stat().st_mode) == 0o600
    assert not (tmp_path / name / "site" / "snapshot.json").exists()


def test_the_same_bytes_make_no_new_bundle(tmp_path: Path) -> None:
    first = build(tmp_path, make_snapshot(), NOW)
    assert build(tmp_path, make_snapshot(), NOW + timedelta(seconds=1)).name == first.name
    assert build(tmp_path, make_snapshot(beat=NOW), NOW).name == "g4k2x9-7-2"


def test_a_new_revision_makes_a_new_bundle_and_old_ones_go(tmp_path: Path) -> None:
    for revision in range(6):
        build(tmp_path, make_snapshot(revision=revision), NOW)
    assert names(tmp_path) == ["g4k2x9-5-6", "g4k2x9-4-5", "g4k2x9-3-4"]
    assert current_name(tmp_path) == "g4k2x9-5-6"


def test_equal_bytes_have_equal_etags_and_their_gzip_another() -> None:
    file = File(b"x" * 2000, "text/plain", Kind.PAGE)
    assert pack(file) == pack(file)
    assert pack(file).etag != pack(file).gzip_etag
    tiny = pack(File(b"x", "text/plain", Kind.PAGE))
    assert (tiny.gzip, tiny.gzip_etag) == (None, tiny.etag)


@pytest.mark.parametrize("harm", ["truncated page", "torn gzip", "no manifest", "garbage manifest", "other format"])
def test_a_torn_bundle_is_refused_and_the_one_before_it_served(tmp_path: Path, harm: str) -> None:
    good = build(tmp_path, make_snapshot(revision=1), NOW).name
    bad = build(tmp_path, make_snapshot(revision=2), NOW).name
    folder = tmp_path / bad
    match harm:
        case "truncated page":
            os.truncate(folder / "site" / "index.html", 100)
        case "torn gzip":
            os.truncate(folder / "site" / "index.html.gz", 100)
        case "no manifest":
            (folder / "manifest.json").unlink()
        case "garbage manifest":
            (folder / "manifest.json").write_bytes(b"\0\xff{")
        case _:
            manifest = json.loads((folder / "manifest.json").read_text())
            (folder / "manifest.json").write_text(json.dumps({**manifest, "format": 99}))
    with pytest.raises(BrokenBundle):
        load(tmp_path, bad)
    newest = load_newest(tmp_path)
    assert newest is not None
    assert newest.name == good


def test_an_empty_or_missing_folder_has_no_bundle(tmp_path: Path) -> None:
    assert load_newest(tmp_path) is None
    assert load_newest(tmp_path / "nowhere") is None
    assert current_name(tmp_path) is None


def test_drafts_of_dead_processes_are_swept(tmp_path: Path) -> None:
    (tmp_path / ".draft-99999" / "site").mkdir(parents=True)
    build(tmp_path, make_snapshot(), NOW)
    assert not (tmp_path / ".draft-99999").exists()


def test_a_snapshot_of_another_version_is_not_an_error(tmp_path: Path) -> None:
    name = build(tmp_path, make_snapshot(), NOW).name
    (tmp_path / name / "snapshot.json").write_text('{"site": 1}')
    assert load_snapshot(tmp_path, name) is None


def test_incidents_are_part_of_the_snapshot_beside_it(tmp_path: Path) -> None:
    snapshot = told_snapshot()
    name = build(tmp_path, snapshot, NOW).name
    assert load_snapshot(tmp_path, name) == snapshot
    assert stat.S_IMODE((tmp_path / name / "told.json").stat().st_mode) == 0o600


def inode(public: Path, name: str, path: str) -> int:
    return (public / name / "site" / file_name(path)).stat().st_ino


def test_an_old_page_is_written_once_and_the_front_page_with_every_bundle(tmp_path: Path) -> None:
    kept, incident = Kept(), past_incident()
    old = f"/incidents/{incident.id}"
    first = build(tmp_path, make_snapshot(incidents=[incident]), NOW, kept)
    second = build(tmp_path, make_snapshot(incidents=[incident], revision=8), NOW, kept, first)
    assert second.files[old] is first.files[old]
    assert inode(tmp_path, first.name, old) == inode(tmp_path, second.name, old)
    assert inode(tmp_path, first.name, "/") != inode(tmp_path, second.name, "/")
    assert load(tmp_path, second.name) == second
    changed = replace(incident, title="Another name", version=incident.version + 1)
    third = build(tmp_path, make_snapshot(incidents=[changed], revision=9), NOW, kept, second)
    assert b"Another name" in third.files[old].file.body
    assert b"Another name" not in (tmp_path / first.name / "site" / file_name(old)).read_bytes()
    assert load(tmp_path, second.name) == second


def test_what_was_kept_gives_the_same_bytes_as_a_first_rendering(tmp_path: Path) -> None:
    kept = Kept()
    build(tmp_path, told_snapshot(), NOW, kept)
    moved = replace(past_incident(), title="Renamed", version=9)
    for snapshot in (
        told_snapshot(),
        make_snapshot(incidents=[moved]),
        told_snapshot(site=make_site(time_zone="Asia/Tokyo")),
        replace(told_snapshot(), generation="another", incidents=(replace(moved, version=2),)),
    ):
        assert render(snapshot, NOW, kept) == render(snapshot, NOW)


def test_a_bundle_is_followed_without_reading_again_what_is_known(tmp_path: Path) -> None:
    first = build(tmp_path, told_snapshot(), NOW)
    for file in (tmp_path / first.name / "site").rglob("*.html*"):
        file.unlink()
    assert load(tmp_path, first.name, first) == first
    with pytest.raises(BrokenBundle):
        load(tmp_path, first.name)


def test_a_torn_page_of_an_old_incident_leaves_the_site_up_and_is_made_again(tmp_path: Path) -> None:
    incident = past_incident()
    old = f"/incidents/{incident.id}"
    kept, first = Kept(), build(tmp_path, make_snapshot(incidents=[incident]), NOW)
    second = build(tmp_path, make_snapshot(incidents=[incident], revision=8), NOW, kept, first)
    os.truncate(tmp_path / first.name / "site" / file_name(old), 10)
    found = load_newest(tmp_path)
    assert found is not None
    assert (found.name, old in found.files, "/" in found.files) == (second.name, False, True)
    mended = build(tmp_path, make_snapshot(incidents=[incident], revision=9), NOW, kept, found)
    assert load(tmp_path, mended.name).files[old] == first.files[old]


def test_a_file_that_the_disk_cut_off_is_not_taken_over(tmp_path: Path) -> None:
    incident = past_incident()
    old = f"/incidents/{incident.id}"
    first = build(tmp_path, make_snapshot(incidents=[incident]), NOW)
    os.truncate(tmp_path / first.name / "site" / file_name(old), 10)
    second = build(tmp_path, make_snapshot(incidents=[incident], revision=8), NOW, Kept(), first)
    assert load(tmp_path, second.name) == second


def test_no_two_paths_share_a_file(tmp_path: Path) -> None:
    paths = list(render(told_snapshot(), NOW))
    assert len({file_name(path) for path in paths}) == len(paths)
    assert file_name("/history?component=x&page=2") == "history-component-x-page-2.html"
