"""The folder of decoded examples: where it is, what is in it, and what goes when room is needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bigmodel_cli.errors import ResourceError
from bigmodel_cli.sources import decoded_folder
from bigmodel_cli.sources.decoded_folder import (
    clear_decoded,
    free_bytes,
    header,
    list_decoded,
    make_room,
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("BIGMODEL_CACHE", str(tmp_path))
    return tmp_path / "decoded"


@pytest.fixture
def put(folder):
    """Writes a file of decoded examples that was last used at some time."""

    def write(letter, num_bytes, used, source="photos"):
        folder.mkdir(exist_ok=True)
        path = folder / f"{letter * 64}.decoded"
        path.write_bytes(header({"source": source}) + b"x" * (num_bytes - decoded_folder.HEADER_BYTES))
        os.utime(path, (used, used))
        return path

    return write


def test_where_it_is(monkeypatch):
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert decoded_folder.decoded_folder() == Path("/home/somebody/.cache/bigmodel/decoded")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert decoded_folder.decoded_folder() == Path("/caches/bigmodel/decoded")
    monkeypatch.setenv("BIGMODEL_CACHE", "~/fast")
    assert decoded_folder.decoded_folder() == Path("/home/somebody/fast/decoded")


def test_what_is_there_by_last_use(put, folder):
    new = put("a", 8192, 200, "photos/é")
    old = put("b", 40960, 100)
    (folder / "notes.txt").write_text("mine")
    (folder / ("c" * 64 + ".decoded")).write_bytes(b"damaged")
    found = {file.path: (file.source, file.num_bytes, file.used) for file in list_decoded()}
    assert list(found)[:2] == [old, new]
    assert found[old] == ("photos", 40960, 100)
    assert found[new] == ("photos/é", 8192, 200)
    assert [file.source for file in list_decoded()] == ["photos", "photos/é", "?"]


def test_the_holes_of_a_file_are_no_bytes(put):
    path = put("a", 8192, 100)
    with path.open("r+b") as file:
        file.truncate(10**9)
    assert list_decoded()[0].num_bytes < 10**6


def test_the_least_recently_used_make_room(put, monkeypatch):
    monkeypatch.setattr(decoded_folder, "MAX_TOTAL_BYTES", 100_000)
    oldest, old, new, own = (
        put(letter, 24576, used) for letter, used in zip("abcd", (1, 2, 3, 0), strict=True)
    )
    make_room(24576, own)
    assert all(path.exists() for path in (oldest, old, new, own))
    make_room(26500, own)
    assert [path.exists() for path in (oldest, old, new, own)] == [False, True, True, True]
    make_room(200_000, own)
    assert [path.exists() for path in (old, new, own)] == [False, False, True]


def test_clearing_removes_these_files_alone(put, folder):
    put("a", 8192, 100)
    put("b", 8192, 200)
    (folder / "notes.txt").write_text("mine")
    assert clear_decoded() == 16384
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    assert clear_decoded() == 0


def test_what_cannot_be_removed_is_named(put, monkeypatch):
    path = put("a", 8192, 100)

    def refuse(self, missing_ok=False):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", refuse)
    with pytest.raises(ResourceError) as caught:
        clear_decoded()
    assert caught.value.message == f"{path}: cannot be removed: Operation not permitted"


def test_free_bytes_are_those_of_the_nearest_folder(folder):
    assert not folder.exists()
    disk = os.statvfs(folder.parent)
    assert free_bytes() == pytest.approx(disk.f_bavail * disk.f_frsize, rel=0.1)
