"""Decoded examples that are kept: each file decoded once, torn and foreign pixels never used."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files import decoding
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.pipeline import decoded_disk
from bigmodel_cli.pipeline.decoded import DecodedStore, MemoryDecoded
from bigmodel_cli.pipeline.decoded_disk import DiskDecoded, bytes_of, path_of
from bigmodel_cli.sources.decoded_folder import HEADER_BYTES

from .conftest import listed

SIZE = 23
SLOT = 4 * 5 * 3 + 8


@pytest.fixture
def told():
    return []


@pytest.fixture
def keeping(told):
    """Makes examples that are kept in memory or on disk."""
    made = []

    def make(examples, where):
        store = examples.store
        decoded = MemoryDecoded([store]) if where == "memory" else DiskDecoded(store.files, told.append)
        made.append(decoded)
        return examples.with_inputs(lambda store: DecodedStore(store, decoded))

    yield make
    for each in made:
        each.close()


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_each_file_is_decoded_once_and_stays_what_it_was(photographs, keeping, where):
    examples = photographs(SIZE)
    wanted = np.stack([examples.read(index) for index in range(SIZE)])
    examples.store.counts.clear()
    kept = keeping(examples.take(np.arange(SIZE)[::-1]), where)
    for _ in range(3):
        found = np.stack([kept.read(index) for index in range(SIZE)])
        np.testing.assert_array_equal(found, wanted[::-1])
        assert found.dtype == np.uint8
    part = kept.take(np.array([4, 2]))
    np.testing.assert_array_equal(part.read(1), wanted[::-1][2])
    assert dict(examples.store.counts) == dict.fromkeys(range(SIZE), 1)
    assert part.name(1) == examples.name(SIZE - 3)
    assert part.labels.tolist() == examples.labels[::-1][[4, 2]].tolist()
    assert part.fingerprint() == examples.take(np.array([SIZE - 5, SIZE - 3])).fingerprint()


def test_only_what_memory_was_made_for_is_kept_there(photographs, keeping):
    examples = photographs(SIZE)
    kept = keeping(examples.take(np.arange(1, 9)), "memory")
    others = examples.with_inputs(lambda store: DecodedStore(store, kept.store.decoded))
    wanted = [examples.read(index) for index in range(SIZE)]
    examples.store.counts.clear()
    for _ in range(2):
        for index in range(SIZE):
            np.testing.assert_array_equal(others.read(index), wanted[index])
    assert [examples.store.counts[index] for index in range(SIZE)] == [2, *[1] * 8, *[2] * 14]


@pytest.mark.parametrize("where", ["memory", "disk"])
def test_a_bad_file_is_not_kept_and_found_each_time(photographs, keeping, where):
    kept = keeping(photographs(SIZE, bad=(3,)), where)
    for _ in range(2):
        with pytest.raises(DataError, match=r"3\.png: damaged image"):
            kept.read(3)
    assert kept.store.store.counts[3] == 2


def test_a_later_run_decodes_nothing(photographs, keeping):
    examples = photographs(SIZE)
    first = keeping(examples, "disk")
    pixels = [first.read(index) for index in range(10)]
    # Another seed: other examples, in another order, of the same files.
    later = keeping(examples.take(np.arange(10)[::-1]), "disk")
    examples.store.counts.clear()
    for index in range(10):
        np.testing.assert_array_equal(later.read(index), pixels[9 - index])
    assert not examples.store.counts


def test_the_file_has_a_slot_for_each_file_and_belongs_to_its_user(photographs, keeping):
    examples = photographs(SIZE)
    keeping(examples.take(np.array([1])), "disk")
    status = path_of(examples.store.files).stat()
    assert status.st_size == bytes_of(examples.store.files) == HEADER_BYTES + SIZE * SLOT
    assert status.st_mode & 0o777 == 0o600


DAMAGES = {
    "a pixel": lambda slots: slots.__setitem__(3 * SLOT + 17, slots[3 * SLOT + 17] ^ 1),
    "the last pixel": lambda slots: slots.__setitem__(4 * SLOT - 9, slots[4 * SLOT - 9] ^ 128),
    "the checksum": lambda slots: slots.__setitem__(4 * SLOT - 1, slots[4 * SLOT - 1] ^ 1),
    "half written": lambda slots: slots.__setitem__(slice(3 * SLOT + 30, 4 * SLOT), bytes(SLOT - 30)),
    "another slot": lambda slots: slots.__setitem__(slice(3 * SLOT, 4 * SLOT), slots[5 * SLOT : 6 * SLOT]),
    "nothing": lambda slots: slots.__setitem__(slice(3 * SLOT, 4 * SLOT), bytes(SLOT)),
    "cut off": lambda slots: slots.__delitem__(slice(4 * SLOT - 3, None)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_does_not_verify_is_decoded_again(photographs, keeping, damage):
    examples = photographs(SIZE)
    kept = keeping(examples, "disk")
    wanted = [kept.read(index) for index in range(SIZE)]
    path = path_of(examples.store.files)
    content = path.read_bytes()
    slots = bytearray(content[HEADER_BYTES:])
    DAMAGES[damage](slots)
    path.write_bytes(content[:HEADER_BYTES] + slots)
    examples.store.counts.clear()
    again = keeping(examples, "disk")
    for _ in range(2):
        for index in range(SIZE):
            np.testing.assert_array_equal(again.read(index), wanted[index])
    lost = range(3, SIZE) if damage == "cut off" else [3]
    assert dict(examples.store.counts) == dict.fromkeys(lost, 1)


def test_whatever_decides_the_pixels_leads_to_another_file(photographs, monkeypatch, tmp_path):
    examples = photographs(SIZE)
    folder, before = examples.store.files.root, path_of(examples.store.files)
    assert path_of(listed(folder, SIZE)) == before
    paths = [before]
    paths.append(path_of(listed(folder, SIZE, ImageFormat((4, 5), "rgb", interpolation="bicubic"))))
    paths.append(path_of(listed(folder, SIZE - 1)))
    other = tmp_path / "other"
    folder.rename(other)
    paths.append(path_of(listed(other, SIZE)))
    other.rename(folder)
    status = (folder / "7.png").stat()
    os.utime(folder / "7.png", ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    paths.append(path_of(listed(folder, SIZE)))
    (folder / "7.png").write_bytes((folder / "7.png").read_bytes() + b"\0")
    os.utime(folder / "7.png", ns=(status.st_atime_ns, status.st_mtime_ns))
    paths.append(path_of(listed(folder, SIZE)))
    monkeypatch.setattr(decoding, "DECODING_VERSION", decoding.DECODING_VERSION + 1)
    paths.append(path_of(listed(folder, SIZE)))
    monkeypatch.setattr("PIL.__version__", "999")
    paths.append(path_of(listed(folder, SIZE)))
    assert len(set(paths)) == 8


def test_links_to_one_folder_share_a_file(photographs, tmp_path):
    files = photographs(SIZE).store.files
    (tmp_path / "link").symlink_to(files.root)
    assert path_of(replace(files, root=tmp_path / "link")) == path_of(files)


TWO_PROCESSES = """
import sys
from pathlib import Path
import numpy as np
from bigmodel_cli.pipeline.decoded import DecodedStore
from bigmodel_cli.pipeline.decoded_disk import DiskDecoded
from bigmodel_cli.sources.files import FileStore
sys.path.insert(0, sys.argv[1])
from conftest import listed
files = listed(Path(sys.argv[2]), 23)
store = FileStore(files, np.arange(23))
wanted = [store.read(index) for index in range(23)]
rng = np.random.default_rng(int(sys.argv[3]))
for _ in range(20):
    kept = DecodedStore(store, DiskDecoded(files, print))
    for index in rng.permutation(23):
        if rng.random() < 0.3:
            kept.decoded.keep(int(index), wanted[index])
        assert (kept.read(int(index)) == wanted[index]).all(), index
    kept.decoded.close()
"""


@pytest.mark.slow
def test_two_processes_use_one_file_at_once(photographs):
    examples = photographs(SIZE)
    folder = Path(__file__).parent
    words = [sys.executable, "-c", TWO_PROCESSES, str(folder), str(examples.store.files.root)]
    running = [
        subprocess.Popen([*words, str(seed)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for seed in (1, 2)
    ]
    assert [(process.communicate()[0], process.returncode) for process in running] == [("", 0), ("", 0)]


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A file system of one megabyte, on which decoded examples are kept."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    monkeypatch.setenv("BIGMODEL_CACHE", str(folder))
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reserve", "reason"), [(0.0, "No space left on device"), (0.05, "the disk is nearly full")]
)
def test_a_full_disk_ends_the_keeping_with_one_warning(
    photographs, keeping, told, disk, monkeypatch, reserve, reason
):
    monkeypatch.setattr(decoded_disk, "FREE_SHARE", reserve)
    examples = photographs(SIZE)
    large = replace(examples.store.files, kind=ImageKind(ImageFormat((200, 200))))
    kept = keeping(examples.with_inputs(lambda store: replace(store, files=large)), "disk")
    wanted = [kept.read(index) for index in range(SIZE)]
    assert told == [
        f"no more decoded images are kept ({reason}): the others are decoded in each epoch; "
        "bigmodel doctor --clear-cache makes room"
    ]
    examples.store.counts.clear()
    for index in range(SIZE):
        np.testing.assert_array_equal(kept.read(index), wanted[index])
    # Eight slots of 120,008 bytes and no more are in a megabyte; they are read from there.
    assert set(examples.store.counts) == set(range(len(wanted) - len(examples.store.counts), SIZE))
    assert 14 <= len(examples.store.counts) <= 17
    assert len(told) == 1


def test_a_file_that_can_be_read_no_more_is_no_error(photographs, keeping, monkeypatch):
    examples = photographs(SIZE)
    kept = keeping(examples, "disk")
    wanted = kept.read(0)

    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.preadv", fail)
    np.testing.assert_array_equal(kept.read(0), wanted)
    assert examples.store.counts[0] == 2
