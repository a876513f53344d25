"""Thousands of broken image files: each is decoded or named with a reason, at once and with no traceback.

The files come from a seed; `BIGMODEL_FAULTS=long` makes more of them.
"""

from __future__ import annotations

import io
import json
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from mutations import MUTATIONS, is_named
from PIL import Image

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.image.files.decoding import decode_image
from bigmodel_cli.kinds.image.files.opening import image_size_and_mode
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.file_checks import check_files
from bigmodel_cli.sources.image_folder import ImageFolder

SHORT, LONG = 300, 2000
# Far more than any file of a few kilobytes takes.
SECONDS_A_FILE = 5
FORMAT = ImageFormat((24, 24), "rgb")
InTime = Callable[[float], AbstractContextManager[None]]
SUFFIXES = (".jpg", ".png", ".bmp", ".gif", ".webp")


def made() -> list[bytes]:
    """Small images of every format in several of its kinds."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 4), np.uint8)
    pixels[:10] //= 16
    color, alpha = Image.fromarray(pixels[..., :3]), Image.fromarray(pixels)
    palette, frames = color.quantize(16), [color.rotate(angle) for angle in range(0, 90, 30)]
    exif = Image.Exif()
    exif[0x0112] = 6
    kinds: list[tuple[Image.Image, str, dict[str, object]]] = [
        (color, "JPEG", {"exif": exif}),
        (color, "JPEG", {"progressive": True}),
        (color.convert("CMYK"), "JPEG", {}),
        (color, "PNG", {"exif": exif}),
        (alpha, "PNG", {}),
        (palette, "PNG", {"transparency": 3}),
        (Image.fromarray(pixels[..., 0].astype(np.uint16) * 257), "PNG", {}),
        (color, "BMP", {}),
        (palette, "BMP", {}),
        (palette, "GIF", {"transparency": 3}),
        (color, "GIF", {"save_all": True, "append_images": frames}),
        (color, "WEBP", {}),
        (alpha, "WEBP", {"lossless": True, "exif": exif}),
        (color, "WEBP", {"save_all": True, "append_images": frames}),
    ]
    contents = []
    for image, kind, options in kinds:
        file = io.BytesIO()
        image.save(file, kind, **options)
        contents.append(file.getvalue())
    return contents


@pytest.fixture
def mutants(tmp_path: Path, how_many: Callable[..., int]) -> list[Path]:
    """Mutated files in two folders like classes, some with the ending of another format."""
    chance = random.Random(4)
    seeds = made()
    # Where the real data is, photographs are mutated too: whole files of cameras, with all their notes.
    real = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "imagenette_mini"
    seeds += [path.read_bytes() for path in sorted(real.rglob("*.[jJ][pP]*"))[::97][:6]]
    paths = []
    for number in range(how_many(short=SHORT, long=LONG)):
        mutation = MUTATIONS[number % len(MUTATIONS)]
        content = mutation(chance.choice(seeds), chance.choice(seeds), chance)
        suffix = chance.choice(SUFFIXES)
        path = (
            tmp_path
            / "photos"
            / ("cat" if number % 2 else "dog")
            / f"{number:04}-{mutation.__name__}{suffix}"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        paths.append(path)
    return sorted(paths)


@pytest.mark.slow
def test_each_is_decoded_or_named(mutants: list[Path], in_time: InTime) -> None:
    decoded, slowest = 0, 0.0
    for path in mutants:
        started = time.monotonic()
        with in_time(SECONDS_A_FILE):
            try:
                pixels = decode_image(path, FORMAT)
            except DataError as error:
                assert is_named(error.message, path), error.message
            else:
                decoded += 1
                assert (pixels.shape, pixels.dtype) == ((24, 24, 3), np.uint8)
            try:
                (width, height), _mode = image_size_and_mode(path)
                assert 0 < width * height < 2 * 10**8
            except DataError as error:
                assert is_named(error.message, path), error.message
        slowest = max(slowest, time.monotonic() - started)
    # Both happen: a flipped bit seldom matters, a spliced file often does.
    assert len(mutants) / 10 < decoded < len(mutants) * 0.9
    assert slowest < SECONDS_A_FILE


@pytest.mark.slow
def test_a_folder_of_them_is_loaded_without_the_bad(
    mutants: list[Path], tmp_path: Path, in_time: InTime
) -> None:
    """The headers are checked; a good header with broken pixels is found when it is read."""
    with in_time(60):
        with pytest.raises(DataError, match=r"more of [\d,]+ files are no good either"):
            ImageFolder(path=tmp_path / "photos", image_size=(24, 24)).load(LoadContext())
        bad = [path for path in mutants if not _has_header(path)]
        for path in bad:
            path.unlink()
        source = ImageFolder(path=tmp_path / "photos", image_size=(24, 24)).load(LoadContext())
    examples = source.splits["train"]
    assert len(examples) == len(mutants) - len(bad) > len(mutants) / 4
    broken = 0
    for index in range(len(examples)):
        with in_time(SECONDS_A_FILE):
            try:
                assert examples.read(index).shape == (24, 24, 3)
            except DataError as error:
                broken += 1
                assert is_named(error.message, Path(examples.name(index)))
    assert 0 < broken < len(examples)


def _has_header(path: Path) -> bool:
    try:
        check_files([path], ImageKind(ImageFormat((8, 8))), LoadContext())
    except DataError:
        return False
    return True


@pytest.mark.tf
@pytest.mark.slow
def test_predict_answers_for_each(
    bigmodel, trained: Path, mutants: list[Path], tmp_path: Path, in_time: InTime
) -> None:
    with in_time(30 + len(mutants) / 20):
        outcome = bigmodel(
            "predict", tmp_path / "photos", "--runs-dir", trained, "--json", "--csv", tmp_path / "p.csv"
        )
    assert outcome.code == 3
    predictions = json.loads(outcome.out)["predictions"]
    assert [item["input"] for item in predictions] == [str(path) for path in mutants]
    errors = [item for item in predictions if "error" in item]
    assert 0 < len(errors) < len(mutants)
    assert all(is_named(item["error"], Path(item["input"])) for item in errors)
    assert f"{len(errors) - 20:,} more could not be read: --json names each" in outcome.err
    # What is unlike the training examples is named as well.
    unlike = [f"{item['input']}: " for item in predictions if item.get("unlike")]
    assert f"{len(unlike):,} of {len(mutants):,} inputs were unlike the training examples" in outcome.err
    known = ("run: ", "error: ", "hint: ", "written: ", f"{len(unlike)} of ", *unlike)
    assert [line for line in outcome.err.splitlines() if not line.startswith(known)] == []


def test_the_watchdog_bites(in_time: InTime) -> None:
    with pytest.raises(BaseException, match=r"not done after 0.05 s"), in_time(0.05):
        time.sleep(5)
    with in_time(0.05):
        pass
    time.sleep(0.1)
