"""Splits by groups and by time are the same cuts, whatever source the examples come from."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_folders import needs_hf, needs_tfds, write_tfds
from PIL import Image
from pydantic import ValidationError

from bigmodel_cli.config.schema import SplitBy
from bigmodel_cli.errors import DataError
from bigmodel_cli.pipeline.packing import pack
from bigmodel_cli.pipeline.split_by import Column
from bigmodel_cli.pipeline.splits import Splits, make_splits
from bigmodel_cli.sources import source_options
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.name_pattern import NamePattern

# Their libraries take longer to import than all other sources take.
HF, TFDS = (needs_hf, pytest.mark.slow), (needs_tfds, pytest.mark.slow)
COUNT = 120
PATIENTS = [f"p{number % 12:02}" for number in range(COUNT)]
DAYS = [f"2024-{1 + number % 7:02}-{1 + number * 5 % 23:02}" for number in range(COUNT)]
LABELS = [number // 12 % 2 for number in range(COUNT)]
X = np.arange(COUNT * 3, dtype=np.float32).reshape(COUNT, 3)
NAMES = [f"{'ab'[LABELS[n]]}/{PATIENTS[n]}_{DAYS[n]}_{n}.png" for n in range(COUNT)]


@dataclass(frozen=True)
class Told:
    """A source whose examples have a patient and a day."""

    name: str
    options: dict[str, Any]

    def load(self, by: SplitBy | None = None, **asked: Any) -> Source:
        by = by or SplitBy(group="patient")
        context = LoadContext(group_by=by.group, order_by=by.time, warn=lambda _: None, **asked)
        return source_options()[self.name](**self.options).load(context)

    def splits(self, by: SplitBy, seed: int = 0) -> Splits:
        return make_splits(self.load(by), validation=0.2, test=0.2, seed=seed, by=Column(by))


def photos(folder: Path) -> Path:
    for number, name in enumerate(NAMES):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((2, 2, 3), number, np.uint8)).save(path)
    return folder


def as_table(folder: Path) -> Told:
    rows = [f"{p},{d},{x[0]},{label}" for p, d, x, label in zip(PATIENTS, DAYS, X, LABELS, strict=True)]
    (folder / "t.csv").write_text("\n".join(["patient,day,x,y", *rows]) + "\n")
    return Told(
        "table", {"path": folder / "t.csv", "target": "y", "columns": {"y": "category", "x": "number"}}
    )


def as_image_csv(folder: Path) -> Told:
    rows = [f"{n},{label},{p},{d}" for n, label, p, d in zip(NAMES, LABELS, PATIENTS, DAYS, strict=True)]
    path = photos(folder / "photos") / "labels.csv"
    path.write_text("\n".join(["image,label,patient,day", *rows]) + "\n")
    return Told("image_csv", {"path": path, "image_size": 2, "labels": "classes"})


def as_image_folder(folder: Path) -> Told:
    options = {"path": photos(folder / "photos"), "image_size": 2, "name_pattern": "{patient}_{day}_*"}
    return Told("image_folder", options)


def as_npz(folder: Path) -> Told:
    arrays = {"x": X, "y": LABELS, "patient": PATIENTS, "day": np.array(DAYS, "datetime64[D]")}
    np.savez(folder / "d.npz", **arrays)
    return Told("npz", {"path": folder / "d.npz"})


def packed(told: Told, folder: Path) -> Told:
    by = LoadContext(group_by="patient", order_by="day", warn=lambda _: None)
    source = source_options()[told.name](**told.options).load(by)
    pack(source, folder / "packed", 2, skips=False, progress=lambda *_: None)
    return Told("tfrecord", {"path": folder / "packed"})


def as_packed_arrays(folder: Path) -> Told:
    return packed(as_npz(folder), folder)


def as_packed_rows(folder: Path) -> Told:
    return packed(as_table(folder), folder)


def as_hf(folder: Path) -> Told:
    import datasets

    features = datasets.Features(
        {
            "x": datasets.Sequence(datasets.Value("float32"), 3),
            "y": datasets.ClassLabel(names=["a", "b"]),
            "patient": datasets.Value("string"),
            "day": datasets.Value("string"),
        }
    )
    columns = {"x": X.tolist(), "y": LABELS, "patient": PATIENTS, "day": DAYS}
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(folder / "hf")
    return Told("hf", {"path": folder / "hf", "input": "x", "target": "y"})


def as_tfds(folder: Path) -> Told:
    import tensorflow_datasets as tfds

    features = {
        "x": tfds.features.Tensor(shape=(3,), dtype=np.float32),
        "y": tfds.features.ClassLabel(names=["a", "b"]),
        "patient": tfds.features.Text(),
        "day": tfds.features.Text(),
    }
    rows = [
        {"x": X[n].tolist(), "y": [LABELS[n]], "patient": [PATIENTS[n].encode()], "day": [DAYS[n].encode()]}
        for n in range(COUNT)
    ]
    write_tfds(folder / "seen" / "1.0.0", features, {"train": rows}, ("x", "y"))
    return Told("tfds", {"name": "seen", "data_dir": folder})


SOURCES = [
    as_table, as_image_csv, as_image_folder, as_npz, as_packed_arrays, as_packed_rows,
    pytest.param(as_hf, marks=HF), pytest.param(as_tfds, marks=TFDS),
]  # fmt: skip


@pytest.fixture(scope="module", params=SOURCES, ids=lambda make: make.__name__)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return request.param(tmp_path_factory.mktemp("data"))


def values(part: Any, name: str) -> list[str]:
    """What the examples of a split have in a column, as text."""
    store = part.beside[name]
    return [str(value) for value in store.values_of(store.gather(np.arange(len(store))))]


def test_no_group_is_in_two_splits_and_classes_are_even(told: Told) -> None:
    splits = told.splits(SplitBy(group="patient"))
    groups = {name: {*values(part, "patient")} for name, part in splits.parts.items()}
    assert sum(map(len, groups.values())) == len(set.union(*groups.values())) == 12
    assert splits.sizes == {"train": 80, "validation": 20, "test": 20}
    for part in splits.parts.values():
        assert np.bincount(part.labels.reshape(-1)).tolist() == [len(part) // 2] * 2
    assert "patient" not in splits.signature.inputs


def test_what_comes_later_is_held_out(told: Told) -> None:
    splits = told.splits(SplitBy(time="day"))
    days = {name: values(part, "day") for name, part in splits.parts.items()}
    assert max(days["train"]) < min(days["validation"]) <= max(days["validation"]) < min(days["test"])
    assert 15 <= splits.sizes["test"] <= 30


def test_the_same_seed_cuts_the_same_examples_again(told: Told) -> None:
    by = SplitBy(group="patient")
    one, again, other = (told.splits(by, seed).fingerprints() for seed in (3, 3, 4))
    assert one == again != other


@pytest.mark.slow
def test_sources_with_the_same_order_cut_the_same_examples(tmp_path: Path) -> None:
    found = {
        make.__name__: values(make(tmp_path).splits(SplitBy(group="patient"), 1).test, "patient")
        for make in (as_table, as_image_csv, as_npz, as_packed_rows)
    }
    first, *others = found.values()
    assert all(other == first for other in others), found


@pytest.mark.parametrize("make", [as_image_csv, as_npz, as_image_folder, as_packed_arrays])
def test_what_is_not_asked_for_is_not_there(make: Callable[[Path], Told], tmp_path: Path) -> None:
    told = make(tmp_path)
    plain = source_options()[told.name](**told.options).load(LoadContext(warn=lambda _: None))
    part, by = plain.splits["train"], told.load().splits["train"]
    assert told.name == "tfrecord" or not part.beside
    assert part.fingerprint() == by.fingerprint()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (as_image_csv, "labels.csv: no column patent; its columns: image, label, patient, day"),
        (as_image_folder, "photos: names of files tell no patent"),
        (as_npz, "d.npz: no array patent; it has day, patient, x, y"),
        (as_packed_arrays, "packed: no column patent was packed beside the examples; columns beside them: "),
        pytest.param(as_hf, "hf: no column patent; its columns: x (", marks=HF),
    ],
)
def test_what_is_not_there_is_refused(make: Callable[[Path], Told], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape(message)) as caught:
        make(tmp_path).load(SplitBy(group="patent"))
    assert "patient" in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (as_image_csv, "labels.csv:2, patient"),
        (as_image_folder, f"photos/{NAMES[0]}, patient"),
        pytest.param(as_hf, "hf[0], patient", marks=HF),
    ],
)
def test_texts_without_an_order_are_refused_by_their_place(
    make: Callable[[Path], Told], place: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=re.escape(f"{place}: 'p00' is not earlier or later than another")):
        make(tmp_path).load(SplitBy(time="patient"))


def test_a_missing_group_of_an_image_is_refused_by_its_file(tmp_path: Path) -> None:
    told = as_image_csv(tmp_path)
    path = told.options["path"]
    path.write_text(path.read_text().replace(f"{NAMES[7]},{LABELS[7]},{PATIENTS[7]}", f"{NAMES[7]},0,NA"))
    with pytest.raises(DataError, match=re.escape(f"{NAMES[7]}: no patient, by which data.split_by cuts")):
        told.splits(SplitBy(group="patient"))


def test_a_file_left_out_takes_its_group_with_it(tmp_path: Path) -> None:
    told = as_image_csv(tmp_path)
    (tmp_path / "photos" / NAMES[3]).write_bytes(b"no image")
    part = told.load(skip_bad_files=True).splits["train"]
    assert len(part) == COUNT - 1
    assert values(part, "patient") == PATIENTS[:3] + PATIENTS[4:]


def test_numbers_are_ordered_as_numbers_and_arrays_have_their_split(tmp_path: Path) -> None:
    stream = io.BytesIO()
    hours = np.array([9, 10, 100, 2])
    np.savez(stream, train_x=np.zeros((4, 2)), train_y=[0, 1, 0, 1], train_hour=hours,
             test_x=np.zeros((2, 2)), test_y=[0, 1], test_hour=["7", "300"])  # fmt: skip
    (tmp_path / "d.npz").write_bytes(stream.getvalue())
    source = Told("npz", {"path": tmp_path / "d.npz"}).load(SplitBy(time="hour"))
    assert source.splits["train"].beside["hour"].array.tolist() == hours.tolist()
    assert source.splits["test"].beside["hour"].array.tolist() == [7.0, 300.0]
    said = Column(SplitBy(time="hour")).shared(source.splits)
    assert said == "the test split begins at 7.0, and the train split goes on until 100.0"


@pytest.mark.parametrize("array", [np.zeros((COUNT, 2)), np.zeros(COUNT - 1), np.zeros(COUNT, complex)])
def test_an_array_of_other_shape_makes_no_groups(tmp_path: Path, array: np.ndarray) -> None:
    np.savez(tmp_path / "d.npz", x=X, y=LABELS, patient=array)
    with pytest.raises(DataError, match=r"expected a number or a text for each of 120 examples in patient"):
        Told("npz", {"path": tmp_path / "d.npz"}).load()


@pytest.mark.slow
@needs_hf
def test_a_group_of_a_hub_is_an_input_where_columns_says_so(tmp_path: Path) -> None:
    told = as_hf(tmp_path)
    options = {**told.options, "input": None, "target": "y"}
    assert set(replace(told, options=options).load().signature.inputs) == {"x"}
    said = replace(told, options={**options, "columns": {"patient": "category"}})
    assert set(said.load().signature.inputs) == {"x", "patient"}
    with pytest.raises(DataError, match="x cannot be the column that examples are grouped by"):
        replace(told, options={**options, "input": "day"}).load(SplitBy(group="x"))


@pytest.mark.parametrize(
    ("pattern", "path", "parts"),
    [
        ("{patient}_*", "cat/p07_2.png", {"patient": "p07"}),
        ("{patient}_*.png", "cat/p07_2_3.PNG", {"patient": "p07"}),
        ("{patient}/*", "train/cat/p07/scan.1.jpg", {"patient": "p07"}),
        ("{class}/{patient}/*", "train/cat/p07/1.jpg", {"class": "cat", "patient": "p07"}),
        ("scan ({day}) of {who}", "a/scan (3) of me.png", {"day": "3", "who": "me"}),
        ("*-{take}", "a/7-x-2.png", {"take": "2"}),
        ("{patient}_*", "cat/p07.png", None),
        ("{a}/{b}/{c}/*", "b/c.png", None),
    ],
)
def test_names_of_files_are_taken_apart(pattern: str, path: str, parts: dict[str, str] | None) -> None:
    assert NamePattern(pattern).parts(path) == parts


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("*_*", "expected a part in braces, such as"),
        ("{a}_{a}", "expected names that differ"),
        ("{a}{b}", "nothing stands between two parts"),
        ("{a}*", "nothing stands between two parts"),
        ("{a}_{b", "a brace is not closed"),
        ("{}_{b}", "expected a name in braces"),
    ],
)
def test_patterns_that_cannot_be_meant(pattern: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        source_options()["image_folder"](path="p", image_size=2, name_pattern=pattern)


def test_a_file_of_another_name_is_refused(tmp_path: Path) -> None:
    told = as_image_folder(tmp_path)
    (tmp_path / "photos" / "b" / "other.png").write_bytes((tmp_path / "photos" / NAMES[0]).read_bytes())
    with pytest.raises(DataError, match=r"photos/b/other.png: not named as name_pattern says: .*1 of 121"):
        told.load()
