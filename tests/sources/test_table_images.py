"""Columns of paths: images beside numbers, in training data and in rows to predict."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.inputs import find_rows
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.predict import predict
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.kinds.inputs import Asked
from bigmodel_cli.pipeline.cache_choice import choose_cache
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import OUTPUTS, RunFolder
from bigmodel_cli.sources.base import LoadContext
from bigmodel_cli.sources.table import TableOptions


@pytest.fixture(autouse=True)
def _photos(tmp_path, monkeypatch):
    """Twelve photos, each of one grey, and a table that names them."""
    monkeypatch.chdir(tmp_path)
    write("t", range(12))


def write(folder, greys):
    Path(folder, "photos").mkdir(parents=True)
    lines = ["photo,age,label"]
    for grey in greys:
        path = f"photos/{grey:02d}.png"
        Image.new("RGB", (9, 7), (grey, grey, grey)).save(Path(folder, path))
        lines.append(f"{path},{grey}.5,{'yn'[grey % 2]}")
    Path(folder, "t.csv").write_text("\n".join([*lines, ""]))


def loaded(*, skip=False, left_out=None, **options):
    columns = options.pop("columns", {"photo": {"image": {"image_size": [4, 6]}}})
    warnings: list[str] = []
    context = LoadContext(warn=warnings.append, skip_bad_files=skip, left_out=left_out)
    return TableOptions(path="t/t.csv", target="label", columns=columns, **options).load(context), warnings


def greys(examples, name="photo"):
    return [int(examples.inputs[name].read(index).mean()) for index in range(len(examples))]


def test_paths_are_relative_to_the_table():
    source, warnings = loaded()
    assert source.signature.inputs["photo"] == ImageKind(ImageFormat((4, 6)))
    train = source.splits["train"]
    assert greys(train) == list(range(12)) and warnings == []
    assert train.inputs["photo"].read(0).shape == (4, 6, 3)
    np.testing.assert_array_equal(train.inputs["age"].array, np.arange(12) + 0.5)
    assert greys(train.take(np.array([3, 1]))) == [3, 1]


def test_tables_of_several_folders_have_one_list_of_files():
    write("other", range(20, 24))
    source, _ = loaded(test="other/t.csv")
    assert greys(source.splits["test"]) == [20, 21, 22, 23]
    train, test = (source.splits[split].inputs["photo"] for split in ("train", "test"))
    assert train.files is test.files and train.name(0).endswith("t/photos/00.png")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "expected [height, width] in pixels, or one number for a square; found none"),
        ({"image_size": 0}, "expected [height, width] in pixels"),
        ({"image_size": [3, 4, 5]}, "found [3, 4, 5]"),
        (
            {"image_size": 8, "color_mode": "grey"},
            "expected one of grayscale, rgb, rgba; found 'grey'",
        ),
        ({"image_size": 8, "size": 3}, "no option 'size'"),
    ],
)
def test_options_that_are_none(options, problem):
    with pytest.raises(DataError) as refused:
        loaded(columns={"photo": {"image": options}})
    assert refused.value.message.startswith("t/t.csv, photo: ") and problem in refused.value.message


def test_paths_that_nobody_calls_images_are_left_out():
    source, warnings = loaded(columns={})
    assert list(source.signature.inputs) == ["age"]
    assert "left out: photo (paths of images)" in warnings[0]


def spoil():
    """A damaged photo, one that is not there, and a row without a path."""
    Path("t/photos/03.png").write_bytes(b"no image")
    Path("t/photos/05.png").unlink()
    table = Path("t/t.csv")
    table.write_text(table.read_text().replace("photos/08.png,", ","))


@pytest.mark.slow
def test_bad_files_are_named_or_left_out():
    spoil()
    with pytest.raises(DataError, match=r"t/t\.csv:10, photo: no path of a file"):
        loaded()
    source, warnings = loaded(skip=True)
    assert greys(source.splits["train"]) == [0, 1, 2, 4, 6, 7, 9, 10, 11]
    np.testing.assert_array_equal(
        source.splits["train"].inputs["age"].array, np.array([0, 1, 2, 4, 6, 7, 9, 10, 11]) + 0.5
    )
    assert len(warnings) == 1 and warnings[0].startswith("skipped 3 of 12 rows of train that cannot be read")
    told = []
    loaded(skip=True, left_out=lambda *one: told.append(one[:2]))
    assert len(told) == 3


def test_rows_without_a_target_and_bad_files_together():
    spoil()
    table = Path("t/t.csv")
    table.write_text(table.read_text().replace("02.png,2.5,y", "02.png,2.5,"))
    source, _ = loaded(skip=True, missing_target="drop")
    assert greys(source.splits["train"]) == [0, 1, 4, 6, 7, 9, 10, 11]


def test_two_columns_of_images_are_kept_apart():
    lines = ["photo,second,age,label"]
    lines += [f"photos/{n:02d}.png,photos/{11 - n:02d}.png,{n},{'yn'[n % 2]}" for n in range(12)]
    Path("t/t.csv").write_text("\n".join([*lines, ""]))
    for sizes, kept in (((8, 8), "memory"), ((8, 4), "none")):
        columns = {
            name: {"image": {"image_size": size}}
            for name, size in zip(("photo", "second"), sizes, strict=True)
        }
        source, _ = loaded(columns=columns)
        splits = Splits(source.splits, source.signature, {"train": "train"}, {})
        choice = choose_cache("memory", splits, epochs=2, free_memory=10**9, warn=print)
        assert choice.cache == kept
        train = choice.kept(source.splits["train"])
        for _ in range(2):
            assert greys(train) == list(range(12))
            assert greys(train, "second") == list(range(11, -1, -1))


class Means:
    """An engine that needs no model: how bright a photo is, with its age."""

    needed = ()

    def predict(self, features):
        photos = features["photo"].values()
        assert photos.shape[1:] == (4, 6, 3) and photos.dtype == np.uint8
        return np.stack([photos.mean(axis=(1, 2, 3)), features["age"].values()], axis=1).astype(np.float32)


def test_rows_to_predict_name_photos():
    spoil()
    source, _ = loaded(skip=True)
    opened = OpenRun(RunFolder(Path("run")), {OUTPUTS: Reading().as_json()}, source.signature)

    def predicted(asked):
        return list(predict(opened, Means(), find_rows(asked, source.signature, print)))

    found = predicted(Asked(["t/t.csv"]))
    assert [None if item.error else item.answer.values.tolist() for item in found] == [
        None if grey in (3, 5, 8) else [grey, grey + 0.5] for grey in range(12)
    ]
    assert [item.error.partition(": ")[2][:20] for item in found if item.error] == [
        "t/photos/03.png: exp",
        "t/photos/05.png: no ",
        "no path of a file",
    ]
    assert found[3].error.startswith("t/t.csv:5, photo: ")
    # What is set is relative to the current folder.
    (found,) = predicted(Asked([], ["photo=t/photos/07.png", "age=1"]))
    assert found.answer.values.tolist() == [7.0, 1.0]
    (found,) = predicted(Asked([], ["photo=photos/07.png", "age=1"]))
    assert found.error == "--set photo: photos/07.png: no such file"
