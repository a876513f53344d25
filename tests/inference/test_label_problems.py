"""Labels that may be wrong, as a run's folder and a CSV file have them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.evaluation import Evaluation
from bigmodel_cli.inference.label_problems import (
    in_words,
    label_problems_of,
    listed,
    read_label_problems,
    say_label_problems,
    write_label_problems,
    write_suspects,
)
from bigmodel_cli.kinds.image.kind import ImageFormat, ImageKind
from bigmodel_cli.listener import Silent
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder, update_record
from bigmodel_cli.scoring.rule import AS_IT_IS
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples, LoadContext
from bigmodel_cli.sources.stores import ArrayStore
from bigmodel_cli.sources.table import TableOptions
from bigmodel_cli.sources.tables.table import Table
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.multilabel.task import Multilabel
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.scores import Scoring

# More numbers than a tenth would be their spread.
COUNT, WRONG, FAR_OFF = 400, 40, 20
ANIMALS, COLORS, AGE = Classification(("cat", "dog")), Multilabel(("red", "green")), Regression()
IMAGES = ImageKind(ImageFormat((8, 8), "grayscale"))


def of_animals(wrong: int = WRONG) -> tuple[np.ndarray, np.ndarray]:
    """Labels of which the first cats are called dogs, and probabilities of a model that knows better."""
    right = np.arange(COUNT) % 2
    values = np.full((COUNT, 2), 0.02) + 0.96 * np.eye(2)[right]
    labels = right.copy()
    labels[np.flatnonzero(right == 0)[:wrong]] = 1
    return labels, values


def of_colors() -> tuple[np.ndarray, np.ndarray]:
    right = np.stack([np.arange(COUNT) % 2, np.arange(COUNT) % 4 == 0], axis=1).astype(np.int64)
    labels = right.copy()
    labels[:WRONG, 0] ^= 1
    return labels, np.where(right == 1, 0.97, 0.04)


def of_ages() -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    right = random.normal(40, 5, size=(COUNT, 1))
    labels = right + random.normal(size=right.shape)
    labels[:FAR_OFF] += 300
    return labels, right


def evaluated(targets, found, split="validation"):
    """An evaluation of targets with its examples; `found` has labels and values of each."""
    signature = Signature.of(IMAGES, next(iter(targets.values())))
    signature = Signature(signature.inputs, targets)
    by_target = {
        name: part_of(task, Scoring).scored(*found[name], AS_IT_IS, seed=0) for name, task in targets.items()
    }
    (column,) = signature.inputs
    pixels = np.random.default_rng(0).integers(0, 255, (COUNT, 8, 8, 1), dtype=np.uint8)
    labels = {name: of_one[0] for name, of_one in found.items()}
    examples = Examples({column: ArrayStore(pixels, "train", np.arange(COUNT) * 2)}, labels)
    return Evaluation(split, COUNT, {}, by_target, {}), examples, signature


def test_of_classes():
    document = label_problems_of(*evaluated({"label": ANIMALS}, {"label": of_animals()}))
    suspects = document.pop("suspects")
    assert document == {
        "split": "validation",
        "checkpoint": "best",
        "method": "confident_learning",
        "examples": COUNT,
        "estimated": 40.0,
        "share": 0.1,
        "stands_out": True,
        "surest": {"contradicted": 40, "examples": 100},
        "pairs": [{"label": "dog", "right": "cat", "estimated": 40.0, "noise_rate": 0.2}],
    }
    assert len(suspects) == WRONG
    first = suspects[0]
    assert first.pop("png").startswith("iVBOR")
    assert first == {
        "words": None,
        "name": "train[0]",
        "place": "train[0]",
        "label": "dog",
        "suggested": "cat",
        "probability": 0.98,
        "of_label": 0.02,
    }
    # As many thumbnails as a look takes in.
    assert [one["png"] is None for one in suspects[1:]] == [False] * 23 + [True] * 16
    assert list(in_words(document)) == ["about 40 of 400 labels of the validation split may be wrong"]


def test_of_clean_labels_there_is_a_list_but_no_word():
    document = label_problems_of(*evaluated({"label": ANIMALS}, {"label": of_animals(wrong=1)}))
    assert len(document["suspects"]) == 1
    assert not document["stands_out"]
    assert list(in_words(document)) == []


def test_of_what_was_learned_from_nothing_is_known():
    document = label_problems_of(*evaluated({"label": ANIMALS}, {"label": of_animals()}, split="train"))
    assert document == {"split": "train", "checkpoint": "best"}
    assert list(in_words(document)) == []
    assert listed([document]) == []


def test_of_sets_the_whole_set_is_suggested():
    document = label_problems_of(*evaluated({"tags": COLORS}, {"tags": of_colors()}))
    assert document["stands_out"]
    found = {one["name"]: (one["label"], one["suggested"]) for one in document["suspects"]}
    assert len(found) == WRONG
    # Example 4 is red, by its label, and green; it is not.
    assert found["train[8]"] == ("red|green", "green")
    assert found["train[2]"] == ("", "red")


def test_of_numbers():
    document = label_problems_of(*evaluated({"age": AGE}, {"age": of_ages()}))
    assert document["method"] == "residuals"
    assert document["stands_out"]
    assert "pairs" not in document
    assert len(document["suspects"]) == document["estimated"] == FAR_OFF
    worst = document["suspects"][0]
    assert worst["label"] - worst["suggested"] == pytest.approx(300, abs=5)
    assert worst["probability"] is None


def of_table(path):
    """An evaluation of rows of a table, of which each third goes over two lines."""
    labels, values = of_animals()
    rows = [
        f'{place},"a\nb",{("cat", "dog")[label]}\n'
        if place % 3 == 0
        else f"{place},a,{('cat', 'dog')[label]}\n"
        for place, label in enumerate(labels.tolist())
    ]
    path.write_text("".join(["size,note,animal\n", *rows]))
    columns = {"size": "number", "note": "ignore"}
    options = TableOptions(path=path, target="animal", columns=columns)
    source = options.load(LoadContext())
    examples = source.splits["train"].take(np.arange(COUNT)[::-1])
    scored = part_of(source.signature.targets["animal"], Scoring).scored(
        labels[::-1], values[::-1], AS_IT_IS, seed=0
    )
    return Evaluation("test", COUNT, {}, {"animal": scored}, {}), examples, source.signature


def test_of_a_table_file_and_line_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    evaluation, examples, signature = of_table(Path("people.csv"))
    document = label_problems_of(evaluation, examples, signature)
    lines = Path("people.csv").read_text().split("\n")
    assert len(document["suspects"]) == WRONG
    for one in document["suspects"]:
        file, _, line = one["place"].partition(":")
        row = int(one["name"].removeprefix("people.csv[").removesuffix("]"))
        assert file == "people.csv"
        assert lines[int(line) - 1].startswith(f"{row},")
    # What was found is kept where the table is gone.
    Path("people.csv").unlink()
    again = label_problems_of(evaluation, examples, signature)
    assert [one["place"] for one in again["suspects"]] == [one["name"] for one in document["suspects"]]


def test_a_place_is_looked_up_once_for_all(tmp_path, monkeypatch):
    _, examples, _ = of_table(tmp_path / "people.csv")
    reads = []
    monkeypatch.setattr(Table, "blocks", counted(Table.blocks, reads))
    assert len(examples.places_of(range(COUNT))) == COUNT
    assert len(reads) == 1
    assert examples.places_of([]) == []
    (tmp_path / "people.csv").write_text("size,note,animal\n1,a,cat\n")
    with pytest.raises(DataError, match="has no row 399 any more"):
        examples.places_of([1])


def counted(function, calls):
    def call(*args, **options):
        calls.append(args)
        return function(*args, **options)

    return call


def test_said_with_the_file_that_lists_them(tmp_path):
    run = RunFolder(tmp_path / "runs/animals/20260101-000000")
    run.path.mkdir(parents=True)
    update_record(run, {"status": "completed"})
    heard = Heard()
    say_label_problems(run, *evaluated({"label": ANIMALS}, {"label": of_animals()}), heard)
    say_label_problems(run, *several(), heard)
    of_one, of_two = heard.said
    assert of_one == (
        "about 40 of 400 labels of the validation split may be wrong: see "
        f"{run.title}/evaluation/label_problems_validation.json"
    )
    assert "; tags: about 40 of 400 labels of the test split may be wrong; age: " in of_two
    assert of_two.endswith("/evaluation/label_problems_test.json")
    say_label_problems(run, *evaluated({"label": ANIMALS}, {"label": of_animals(wrong=1)}), heard)
    assert len(heard.said) == 2


class Heard(Silent):
    def __init__(self):
        self.said = []

    def say(self, message):
        self.said.append(message)


def several():
    targets = {"animal": ANIMALS, "tags": COLORS, "age": AGE}
    return evaluated(targets, {"animal": of_animals(), "tags": of_colors(), "age": of_ages()}, "test")


def test_of_several_targets_each_has_a_part():
    document = label_problems_of(*several())
    assert list(document["targets"]) == ["animal", "tags", "age"]
    assert list(in_words(document))[1] == "tags: about 40 of 400 labels of the test split may be wrong"
    assert {one["target"] for one in listed([document])} == {"animal", "tags", "age"}


def test_kept_in_the_runs_folder_and_written_as_csv(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.path.mkdir()
    update_record(run, {"status": "completed"})
    assert read_label_problems(run) == []
    for parts in (evaluated({"label": ANIMALS}, {"label": of_animals()}), several()):
        write_label_problems(run, *parts)
    documents = read_label_problems(run)
    assert [document["split"] for document in documents] == ["validation", "test"]
    path = Path(tmp_path / "suspects.csv")
    write_suspects(path, listed(documents))
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0] == {
        "split": "validation",
        "example": "train[0]",
        "target": "",
        "label": "dog",
        "suggested": "cat",
        "confidence": "0.98",
        "of_label": "0.02",
    }
    assert len(rows) == 3 * WRONG + FAR_OFF
    assert rows[-1]["target"] == "age"
    assert rows[-1]["confidence"] == ""
