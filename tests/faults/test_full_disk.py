"""A disk that fills, or a file that may not grow, at any byte: exit code 5, and the last good state stays."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tf, pytest.mark.slow]


@pytest.fixture(scope="session")
def half(warm, reference, tmp_path_factory):
    """A folder with a run that was stopped about in its middle: it has checkpoints to write yet."""
    words = ("train", "survivor.yaml", "--plain")
    moment, late = 0.6 * reference.seconds, True
    while late:
        folder = tmp_path_factory.mktemp("half")
        (folder / "survivor.yaml").write_text(reference.config)
        ended = warm.run(*words, folder=folder, signals=[(moment, signal.SIGTERM)])
        assert ended.code in (143, 0), ended.output
        # Where the machine has more to itself than it had for the reference.
        late = "evaluating the best checkpoint" in ended.output
        moment *= 0.8
    return folder


@pytest.fixture
def go_on(begin, reference, half):
    """The half run, in a folder of its own or in one that is given."""

    def make(folder: Path | None = None):
        survivor = begin(reference, folder)
        shutil.copytree(half / "runs", survivor.folder / "runs")
        return survivor

    return make


def check(survivor, reference, ended):
    """The disk was full, or there was just enough; afterwards the run comes to its end as ever."""
    assert ended.code in (5, 0), ended.output
    if ended.code == 5:
        assert "cannot be written: " in ended.output or "no space left" in ended.output
        assert "free some space" in ended.output
        verified = survivor.warm.run("runs", "ls", folder=survivor.folder)
        # Where not even run.json could be written the run is what it was before.
        statuses = ("failed", "crashed", "interrupted")
        assert verified.code == 0 and any(status in verified.output for status in statuses)
        ended = survivor.go_on()
    assert (ended.code, survivor.result) == (0, reference.result), ended.output


def test_a_file_that_may_not_grow(go_on, reference, chance, how_many):
    codes = []
    for _ in range(how_many(short=1, long=8)):
        survivor = go_on()
        # Checkpoints have 57 kB or more, rendered plots may have more still, the output has less than 8.
        most = how_many(short=50_000, long=60_000)
        ended = survivor.go_on(max_file_bytes=chance.randrange(8_000, most))
        codes.append(ended.code)
        check(survivor, reference, ended)
    assert 5 in codes


@pytest.fixture
def disk(tmp_path):
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a tmpfs cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_fills(go_on, disk, reference, chance, how_many):
    codes = []
    for number in range(how_many(short=2, long=8)):
        survivor = go_on(disk / str(number))
        filler = disk / "filler"
        with filler.open("wb") as file:
            free = shutil.disk_usage(disk).free - chance.randrange(0, 160_000)
            file.write(bytes(max(0, free)))
        ended = survivor.go_on()
        codes.append(ended.code)
        filler.unlink()
        check(survivor, reference, ended)
        shutil.rmtree(survivor.folder)
    assert 5 in codes
