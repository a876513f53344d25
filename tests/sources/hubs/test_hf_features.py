"""What the features of Hugging Face's datasets are here, and how rows are read."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_folders import needs_hf, png

from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.base import Source
from bigmodel_cli.sources.hubs import reading
from bigmodel_cli.sources.hubs.rows import RowStore
from bigmodel_cli.tasks.multilabel.task import Multilabel

pytestmark = needs_hf
COUNT = 30
WORDS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def rows() -> dict[str, list[Any]]:
    """What each column has."""
    rng = np.random.default_rng(0)
    days = [datetime.date(2020, 1, 1) + datetime.timedelta(days=17 * index) for index in range(COUNT)]
    images = [png(rng.integers(0, 256, (4, 5), np.uint8)) for _ in range(COUNT)]
    return {
        "image": [{"bytes": image, "path": None} for image in images],
        "class": [index % 3 for index in range(COUNT)],
        "number": [None if index == 4 else float(index % 7) for index in range(COUNT)],
        "key": list(range(COUNT)),
        "word": [None if index == 5 else WORDS[index % 3] for index in range(COUNT)],
        "story": [f"once upon a time there were {index} of them here" for index in range(COUNT)],
        "day": days,
        "vector": [[float(index), -1.0] for index in range(COUNT)],
        "even": [[index, 2, 3] for index in range(COUNT)],
        "uneven": [[1] * (index % 4) for index in range(COUNT)],
        "grid": [[[index, 1], [2, 3]] for index in range(COUNT)],
        "nested": [{"inner": index % 5} for index in range(COUNT)],
        "tags": [[each for each in range(3) if index >> each & 1] for index in range(COUNT)],
        "both": [{"de": "ja", "en": "yes"} for _ in range(COUNT)],
        "raw": [b"12" for _ in range(COUNT)],
    }


@pytest.fixture(scope="module")
def saved(rows: dict[str, list[Any]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    import datasets

    features = datasets.Features(
        {
            "image": datasets.Image(),
            "class": datasets.ClassLabel(names=["cat", "dog", "owl"]),
            "number": datasets.Value("float64"),
            "key": datasets.Value("int64"),
            "word": datasets.Value("string"),
            "story": datasets.Value("string"),
            "day": datasets.Value("date32"),
            "vector": datasets.Sequence(datasets.Value("float32"), length=2),
            "even": datasets.Sequence(datasets.Value("int64")),
            "uneven": datasets.Sequence(datasets.Value("int64")),
            "grid": datasets.Array2D((2, 2), "int32"),
            "nested": {"inner": datasets.Value("int8")},
            "tags": datasets.Sequence(datasets.ClassLabel(names=["old", "loud", "wet"])),
            "both": {"de": datasets.Value("string"), "en": datasets.Value("string")},
            "raw": datasets.Value("binary"),
        }
    )
    folder = tmp_path_factory.mktemp("hf") / "saved"
    datasets.Dataset.from_dict(rows, features=features).save_to_disk(folder)
    return folder


REFUSED = {
    "uneven": "a list of numbers: examples differ in their number, and a model takes arrays of one shape",
    "tags": "any of 3 classes is no input that a model can take yet",
    "raw": "a value of type binary: such values are not read",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_one_sentence(load: Callable[..., Source], saved: Path, name: str) -> None:
    with pytest.raises(DataError) as caught:
        load("hf", path=saved, input=name, target="class")
    assert caught.value.message == f"hf: {saved}: {name} cannot be the input: {REFUSED[name]}"


def test_sounds_are_refused_without_what_decodes_them() -> None:
    import datasets
    import pyarrow as pa

    from bigmodel_cli.sources.hubs.columns import Unread
    from bigmodel_cli.sources.hubs.hf_features import columns_of

    table = pa.table({"sound": [{"bytes": b"", "path": None}]})
    columns = columns_of({"sound": datasets.Audio()}, [table])
    texts = pa.table({"both": [{"de": "ja", "en": "yes"}]})
    assert list(columns_of({"both": datasets.Translation(languages=["de", "en"])}, [texts])) == [
        "both/de", "both/en",
    ]  # fmt: skip
    assert columns["sound"] == Unread("a sound", "sounds are not read yet")


@pytest.mark.parametrize("name", ["vector", "even", "grid"])
def test_lists_of_one_length_are_arrays(
    load: Callable[..., Source], saved: Path, rows: dict[str, list[Any]], name: str
) -> None:
    train = load("hf", path=saved, input=name, target="class").splits["train"]
    for index in range(COUNT):
        np.testing.assert_array_equal(train.read(index), np.array(rows[name][index]))


def test_columns_are_cells(
    load: Callable[..., Source], told: Any, saved: Path, rows: dict[str, list[Any]]
) -> None:
    inputs = ["number", "word", "story", "day", "nested/inner", "both/de"]
    source = load("hf", path=saved, input=inputs, target="class")
    kinds = {name: kind.name for name, kind in source.signature.inputs.items()}
    assert list(kinds.values()) == ["number", "category", "text", "date", "number", "category"]
    train = source.splits["train"]
    assert list(train.targets) == ["class"]
    for index in range(COUNT):
        found = train.read(index)
        expected = np.nan if index == 4 else rows["number"][index]
        np.testing.assert_array_equal(found["number"], np.float32(expected))
        assert found["word"] == (rows["word"][index] or "")
        assert found["story"] == rows["story"][index]
        day = rows["day"][index]
        assert found["day"][:4].tolist() == [day.year, day.month, day.day, day.weekday()]
        assert found["nested_inner"] == index % 5
    looked_at: Any = source.looked_at
    assert looked_at.columns["word"] == "category" and looked_at.input == inputs


def test_what_nobody_names_is_looked_at(load: Callable[..., Source], told: Any, saved: Path) -> None:
    """Where there are images they are the input; else everything that can be, without ids and constants."""
    assert list(load("hf", path=saved).signature.inputs) == ["input"]
    assert "columns that are no inputs: " in told.warnings[0] and "number" in told.warnings[0]
    told.warnings.clear()
    source = load("hf", path=saved, columns={"image": "ignore", "word": "text"})
    assert set(source.signature.inputs) == {
        "number", "word", "story", "day", "vector", "even", "grid", "nested/inner",
    }  # fmt: skip
    assert source.signature.inputs["word"].name == "text"
    assert any(
        "left out: key (whole numbers, one of its own for each row (0 to 29))" in w for w in told.warnings
    )
    assert any("both/de (every row has 'ja')" in warning for warning in told.warnings)


def test_lists_of_classes_are_sets_of_labels(
    load: Callable[..., Source], saved: Path, rows: dict[str, list[Any]]
) -> None:
    source = load("hf", path=saved, input="image", target="tags")
    assert source.signature.targets == {"tags": Multilabel(("old", "loud", "wet"))}
    labels = source.splits["train"].labels
    assert labels.dtype == np.int64
    assert [np.flatnonzero(row).tolist() for row in labels] == rows["tags"]
    named = load("hf", path=saved, input="image", target="tags", class_names=["a", "b", "c"])
    assert named.signature.targets["tags"].class_names == ("a", "b", "c")
    with pytest.raises(DataError, match="tags cannot be the target: any of 3 classes are sets, not classes"):
        load("hf", path=saved, input="image", target="tags", labels="classes")


def test_lists_of_classes_that_are_not_known_are_refused(load: Callable[..., Source], tmp_path: Path) -> None:
    import datasets

    def saved(name: str, tags: list[Any]) -> Path:
        names = datasets.Sequence(datasets.ClassLabel(names=["a", "b"]))
        features = datasets.Features({"x": datasets.Value("float32"), "tags": names})
        columns = {"x": [1.0, 2.0, 4.0], "tags": tags}
        datasets.Dataset.from_dict(columns, features=features).save_to_disk(tmp_path / name)
        return tmp_path / name

    # The only one of classes is what is predicted.
    source = load("hf", path=saved("good", [[], [0, 0], [1]]), input="x")
    assert source.splits["train"].labels.tolist() == [[0, 0], [1, 0], [0, 1]]
    with pytest.raises(DataError, match=r"tags of train: \[1\] has the class -1; there are 2, from 0 on"):
        load("hf", path=saved("bad", [[0], [-1], [1]]), input="x")
    with pytest.raises(DataError, match=r"tags of train: 1 of 3 examples have none, the first is \[2\]"):
        load("hf", path=saved("gap", [[0], [1], None]), input="x")


def test_several_targets_and_weights(load: Callable[..., Source], saved: Path) -> None:
    source = load("hf", path=saved, input="vector", target=["class", "nested/inner"], sample_weight="key")
    assert [task.name for task in source.signature.targets.values()] == ["classification"] * 2
    train = source.splits["train"]
    assert train.targets["class"].tolist() == [index % 3 for index in range(COUNT)]
    assert train.weights is not None and train.weights.tolist() == list(range(COUNT))


def test_texts_of_their_own_are_no_classes(load: Callable[..., Source], saved: Path) -> None:
    with pytest.raises(
        DataError, match=r"story of train: 30 different texts, .*: texts are not wr"
    ) as caught:
        load("hf", path=saved, target="story")
    assert caught.value.hint == "write labels: classes if they are names of classes"


def test_a_target_that_is_missing_is_told(load: Callable[..., Source], saved: Path) -> None:
    with pytest.raises(DataError) as caught:
        load("hf", path=saved, input="vector", target="word")
    assert caught.value.message == (
        f"hf: {saved}: word of train: 1 of 30 examples have none, the first is [5]"
    )


def test_rows_that_do_not_fit_the_memory_are_read_when_they_are_needed(
    load: Callable[..., Source], saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = load("hf", path=saved, input="image", target="class").splits["train"]
    monkeypatch.setattr(reading, "KEPT_SHARE", 0.0)
    read = load("hf", path=saved, input="image", target="class").splits["train"]
    assert isinstance(read.store, RowStore) and read.store.array is None
    order = np.random.default_rng(0).permutation(COUNT)
    for place, index in enumerate(order):
        np.testing.assert_array_equal(read.take(order).read(place), kept.read(index))
    assert read.take(order).fingerprint() != read.fingerprint() == read.take(np.arange(COUNT)).fingerprint()


def test_chosen_rows_are_read_in_their_order(
    load: Callable[..., Source], saved: Path, rows: dict[str, list[Any]], tmp_path: Path
) -> None:
    """A data set that was shuffled has places beside its rows."""
    import datasets

    chosen = datasets.load_from_disk(saved).select([7, 3, 21, 4, 11])
    from bigmodel_cli.sources.hubs.hf_features import columns_of
    from bigmodel_cli.sources.hubs.hf_rows import HfRows

    columns = columns_of(chosen.features, [chosen.data.table])
    found = HfRows(chosen, "train", columns, "hf").read(range(5), ["class", "grid"])
    assert [row["class"] for row in found] == [rows["class"][place] for place in (7, 3, 21, 4, 11)]
    assert [row["grid"][0][0] for row in found] == [7, 3, 21, 4, 11]


def test_damaged_images_are_named_or_left_out(load: Callable[..., Source], told: Any, tmp_path: Path) -> None:
    import datasets

    images = [png(np.full((4, 5), index, np.uint8)) for index in range(8)]
    images[3] = b"no image"
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(num_classes=2)})
    columns = {
        "image": [{"bytes": image, "path": None} for image in images],
        "label": [index % 2 for index in range(8)],
    }
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(tmp_path / "d")
    with pytest.raises(DataError, match=r"train\[3\]: image: expected a JPEG, PNG") as caught:
        load("hf", path=tmp_path / "d")
    assert caught.value.hint == "data.on_bad_file=skip leaves such files out"
    source = load("hf", path=tmp_path / "d", skip_bad_files=True)
    assert (len(source.splits["train"]), source.num_skipped) == (7, 1)
    assert source.splits["train"].name(3) == "train[4]"
    assert any("skipped 1 of 8 examples of train that cannot be read" in warning for warning in told.warnings)
