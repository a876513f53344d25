"""Evaluation on data that the run was not trained with: which is read, and under which names."""

from __future__ import annotations

import csv
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.evaluate import Request, evaluate_run
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.inference.other_data import in_dtype, load_other_data, parse_map
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.scores import OtherData

pytestmark = pytest.mark.tf


class Noting(Silent):
    """Keeps what it is warned of."""

    def __init__(self):
        self.warnings = []

    def warn(self, message):
        self.warnings.append(message)


@pytest.fixture
def other(tmp_path):
    """Writes examples as the run has them under other names: `other(labels, names)`."""

    def write(labels, names, name="new.npz", shape=(4,)):
        rng = np.random.default_rng(5)
        points = (rng.standard_normal((len(labels), *shape)) + np.mod(labels, 3)[:, None]).astype(np.float32)
        np.savez(tmp_path / name, x=points, y=np.array(names)[labels])
        return tmp_path / name

    return write


def evaluate(run, where, renamed=None, split=None, listener=None):
    request = Request(split, other=OtherData(where, renamed or {}), offline=True)
    return evaluate_run(open_folder(run), request, listener or Silent())


def load(run, where, listener=None):
    """The examples alone, which needs no model."""
    opened = open_folder(run)
    other = OtherData(where, {})
    return load_other_data(opened, read_experiment(run), other, None, listener or Silent(), offline=True)


def test_new_examples_are_evaluated_as_the_model_sees_them(copied, other):
    labels = np.arange(30) % 3
    path = other(labels, ["ape", "bee", "cat"])
    result = evaluate(copied, path)
    with np.load(path) as arrays:
        probabilities = load_checkpoint(copied, "best").predict(arrays["x"], verbose=0)
    assert result.evaluation.metrics["accuracy"] == np.mean(probabilities.argmax(axis=1) == labels)
    assert result.evaluation.num_examples == 30 and result.gates == {}
    document = json.loads(copied.evaluation("new").read_text())
    assert document["split"] == "new" and document == result.document
    with copied.predictions("new").open() as file:
        assert [row["label"] for row in csv.DictReader(file)][:3] == ["ape", "bee", "cat"]


def test_classes_are_known_by_their_names_not_by_their_order(copied, other, noting):
    labels = np.arange(30) % 3
    straight = evaluate(copied, other(labels, ["ape", "bee", "cat"])).evaluation
    # In this file `cat` has the smallest index and `ape` is not there.
    some = labels[labels > 0]
    path = other(some, ["", "bee", "cat"], "some.npz")
    found = evaluate(copied, path, listener=noting).evaluation
    assert found.num_examples == 20
    assert noting.warnings == [f"{path}: has no examples of ape"]
    assert found.scored.scores.details["per_class"][0]["support"] == 0
    assert [row["support"] for row in straight.scored.scores.details["per_class"]] == [10, 10, 10]


def test_names_are_mapped(copied, other):
    labels = np.arange(40) % 4
    path = other(labels, ["ape", "wasp", "cat", "dog"])
    with pytest.raises(DataError, match="the model does not know the classes dog, wasp") as caught:
        evaluate(copied, path)
    assert caught.value.hint == "say what each is: --map dog=NAME, or --map dog= to leave it out"
    found = evaluate(copied, path, {"wasp": "bee", "dog": ""}).evaluation
    assert found.num_examples == 30
    assert [row["support"] for row in found.scored.scores.details["per_class"]] == [10, 10, 10]
    twice = evaluate(copied, path, {"wasp": "bee", "dog": "cat"}).evaluation
    assert [row["support"] for row in twice.scored.scores.details["per_class"]] == [10, 10, 20]


@pytest.mark.parametrize(
    ("renamed", "says", "hint"),
    [
        ({"waspp": "bee"}, "the data has no class 'waspp'", "did you mean wasp?"),
        ({"wasp": "bea"}, "the model has no class 'bea'", "did you mean bee?"),
        ({"wasp": "zebra"}, "the model has no class 'zebra'", "its classes: ape, bee, cat"),
    ],
)
def test_a_map_that_names_no_class(copied, other, renamed, says, hint):
    path = other(np.arange(6) % 3, ["ape", "wasp", "cat"])
    with pytest.raises(UsageError, match=says) as caught:
        evaluate(copied, path, renamed)
    assert caught.value.hint == hint


def test_a_map_that_leaves_nothing(copied, other):
    path = other(np.arange(6) % 2, ["ape", "bee"])
    with pytest.raises(DataError, match="no example is left"):
        evaluate(copied, path, {"ape": "", "bee": ""})


@pytest.mark.parametrize("word", ["a", "=b", "a:b"])
def test_a_word_that_is_no_map(word):
    with pytest.raises(UsageError, match=r"expected OLD=NEW"):
        parse_map([word])


def test_words_of_a_map():
    assert parse_map(["a=b", "c=", "d=e=f"]) == {"a": "b", "c": "", "d": "e=f"}


def test_examples_of_another_shape(copied, other):
    path = other(np.arange(6) % 3, ["ape", "bee", "cat"], shape=(1,))
    with pytest.raises(DataError, match=r"the examples have shape \(1,\); the model takes \(4,\)"):
        evaluate(copied, path)


def test_numbers_where_classes_are_meant(copied, tmp_path):
    np.savez(tmp_path / "n.npz", x=np.zeros((4, 4), np.float32), y=np.linspace(0, 1, 4))
    with pytest.raises(DataError, match="is no class index"):
        evaluate(copied, tmp_path / "n.npz")


def test_another_config_and_its_split(copied, other, tmp_path):
    other(np.arange(60) % 3, ["ape", "bee", "cat"])
    config = copied.config.read_text().replace("data.npz", "new.npz").replace("name: classes", "name: later")
    (tmp_path / "later.yaml").write_text(config.replace("validation: 0.1", "validation: 0.5"))
    assert evaluate(copied, tmp_path / "later.yaml").document["split"] == "later_test"
    found = evaluate(copied, tmp_path / "later.yaml", split="validation").document
    assert (found["split"], found["examples"]) == ("later_validation", 30)
    assert copied.evaluation("later_validation").exists()


def test_a_file_that_is_called_test_does_not_pass_for_the_test_split(copied, other):
    before = copied.evaluation("test").read_bytes()
    result = evaluate(copied, other(np.arange(30) % 3, ["ape", "bee", "cat"], "test.npz"))
    assert result.document["split"] == "data_test"
    assert copied.evaluation("test").read_bytes() == before


def test_one_class_is_evaluated(copied, other, noting):
    path = other(np.ones(8, int), ["ape", "bee", "cat"]).rename(copied.path / "ONE.NPZ")
    found = evaluate(copied, path, listener=noting).evaluation
    assert [row["support"] for row in found.scored.scores.details["per_class"]] == [0, 8, 0]
    assert noting.warnings == [f"{path}: has no examples of ape, cat"]


@pytest.mark.parametrize(
    ("labels", "indices"),
    [
        ([1.0] * 6, [1] * 6),
        ([0.0, 1, 2] * 2, [0, 1, 2] * 2),
        ([2] * 6, [2] * 6),
        ([[0, 0, 1]] * 6, [2] * 6),
        (["ape"] * 6, [0] * 6),
    ],
)
def test_labels_are_what_the_model_was_trained_with(copied, tmp_path, labels, indices):
    np.savez(tmp_path / "n.npz", x_test=np.zeros((6, 4), np.float32), y_test=np.array(labels))
    name, examples = load(copied, tmp_path / "n.npz")
    assert (name, examples.labels.tolist()) == ("n", indices)


def test_splits_of_other_data_may_have_other_classes(copied, tmp_path):
    x = np.zeros((4, 4), np.float32)
    arrays = {
        "x_train": x,
        "y_train": np.array(["ape"] * 4),
        "x_test": x,
        "y_test": np.array(["bee", "cat"] * 2),
    }
    np.savez(tmp_path / "n.npz", **arrays)
    assert load(copied, tmp_path / "n.npz")[1].labels.tolist() == [1, 2, 1, 2]


def test_whole_numbers_are_quantities_to_a_model_of_quantities(numbers, tmp_path):
    np.savez(tmp_path / "n.npz", x=np.ones((6, 4), np.float32), y=np.arange(12).reshape(6, 2))
    shutil.copytree(numbers.run.path, tmp_path / "run")
    found = evaluate(RunFolder(tmp_path / "run"), tmp_path / "n.npz").evaluation
    assert found.num_examples == 6 and found.metrics["mean_absolute_error"] > 1


@pytest.mark.parametrize(("kept", "says"), [(150, "120 of 150"), (1, "all 1"), (0, None)])
def test_examples_that_were_trained_on_are_counted(copied, tmp_path, noting, kept, says):
    with np.load(tmp_path / "data.npz") as arrays:
        x, y = arrays["x"], arrays["y"]
    if kept == 1:
        x, y = _first_of_training(copied)
    rng = np.random.default_rng(7)
    if kept == 0:
        x = rng.standard_normal(x.shape)
    np.savez(tmp_path / "new.npz", x=x.astype(np.float64), y=y)
    load(copied, tmp_path / "new.npz", noting)
    told = [warning for warning in noting.warnings if "trained on" in warning]
    assert told == [] if says is None else f"{says} examples were trained on" in told[0]


def _first_of_training(run):
    train = load_splits(read_experiment(run), Silent(), offline=True).train
    return train.read(0)[None], train.labels[:1]


def test_data_that_changed_since(copied, tmp_path, noting):
    """What the run has noted tells all the same; where it has noted nothing, that is said."""
    with np.load(tmp_path / "data.npz") as arrays:
        x, y = arrays["x"], arrays["y"]
    np.savez(tmp_path / "new.npz", x=x, y=y)
    np.savez(tmp_path / "data.npz", x=x + 1, y=y)
    load(copied, tmp_path / "new.npz", noting)
    assert ["120 of 150 examples were trained on" in told for told in noting.warnings] == [True]
    noting.warnings.clear()
    copied.trained_on.unlink()
    load(copied, tmp_path / "new.npz", noting)
    (told,) = noting.warnings
    assert "whether examples of it were trained on cannot be told" in told
    (tmp_path / "data.npz").unlink()
    noting.warnings.clear()
    load(copied, tmp_path / "new.npz", noting)
    assert noting.warnings == [], "data that are gone are not asked for"


def test_a_damaged_note_is_no_note(copied, tmp_path, noting):
    copied.trained_on.write_bytes(copied.trained_on.read_bytes()[:-8])
    with np.load(tmp_path / "data.npz") as arrays:
        np.savez(tmp_path / "new.npz", x=arrays["x"], y=arrays["y"])
    load(copied, tmp_path / "new.npz", noting)
    assert ["120 of 150 examples were trained on" in told for told in noting.warnings] == [True]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("missing", "--data .*missing: no such file or folder"),
        ("odd.txt", "expected a folder of images, texts or sounds, an .npz or .csv file, a config, or "),
        ("folder", "the model of this run takes .*, not images"),
    ],
)
def test_what_cannot_be_data(copied, tmp_path, name, says):
    (tmp_path / "odd.txt").touch()
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match=says):
        evaluate(copied, tmp_path / name)


IMAGES = """\
data: {source: {image_folder: {path: photos, image_size: 8, color_mode: grayscale}}, batch_size: 8}
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: Adam
training: {epochs: 1, device: cpu}
"""


def write_photos(folder, classes, count=12):
    rng = np.random.default_rng(0)
    for index, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            pixels = rng.integers(0, 100, (20, 30), dtype=np.uint8) + 70 * index
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{number}.png")


def test_a_folder_of_images_is_read_as_the_runs_own(tmp_path):
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.train import train

    write_photos(tmp_path / "photos", ["ape", "bee", "cat"])
    (tmp_path / "c.yaml").write_text(IMAGES)
    config = read_config(tmp_path / "c.yaml")
    run = train(config, NewRun(tmp_path / "runs", config.experiment.name), [Silent()]).run
    write_photos(tmp_path / "new photos!", ["bee", "wasp"], 4)
    found = evaluate(run, tmp_path / "new photos!", {"wasp": "cat"})
    assert (found.document["split"], found.document["examples"]) == ("new_photos", 8)
    assert [row["support"] for row in found.document["per_class"]] == [0, 4, 4]
    samples = json.loads(run.samples("new_photos").read_text())
    assert all(sample["name"].endswith(".png") for sample in samples["least_certain"])
    _photos_that_were_trained_on(run, tmp_path)
    shutil.rmtree(tmp_path / "photos")
    assert evaluate(run, tmp_path / "new photos!", {"wasp": "cat"}).document == found.document


def _photos_that_were_trained_on(run, folder):
    """The folder itself, copies of its files under other names, and one class of it."""
    shutil.copytree(folder / "photos", folder / "copies")
    for path in list((folder / "copies").rglob("*.png")):
        path.rename(path.with_name(f"copy of {path.name}"))
    (folder / "some" / "Testing").mkdir(parents=True)
    (folder / "some" / "Testing" / "bee").symlink_to(folder / "photos" / "bee")
    for name, counts in (("photos", "28 of 36"), ("copies", "28 of 36"), ("some", " of 12")):
        listener = Noting()
        load(run, folder / name, listener)
        (told,) = [warning for warning in listener.warnings if "trained on" in warning]
        assert f"{counts} examples were trained on" in told


@pytest.mark.parametrize(
    ("features", "dtype", "fits"),
    [
        (np.array([[0.0, 255.0]]), "uint8", True),
        (np.array([[0, 300]]), "uint8", False),
        (np.array([[-1, 3]]), "uint8", False),
        (np.array([[0.0, 0.5]], np.float32), "uint8", False),
        (np.array([[np.nan, 1]]), "int64", False),
        (np.array([[1, 2]], np.uint8), "float32", True),
        (np.array([[1, 2]], np.int16), "int64", True),
    ],
)
def test_examples_in_another_dtype(features, dtype, fits):
    examples = Examples.of_arrays(features, np.zeros(1, np.int64), "test")
    if not fits:
        with pytest.raises(DataError, match=f"x.npz: the examples are .*; the model was trained on {dtype}"):
            in_dtype(examples, dtype, "x.npz")
        return
    found = in_dtype(examples, dtype, "x.npz")
    assert found.store.array.dtype == dtype
    np.testing.assert_array_equal(found.store.array, features)


PEOPLE = """\
name: people
data: {source: {table: {path: people.csv, target: glad}}, batch_size: 8}
preprocessing: {number: [Normalization], category: [{StringLookup: {output_mode: one_hot}}]}
model: [{Dense: {units: 1, activation: sigmoid}}]
loss: BinaryCrossentropy
optimizer: Adam
training: {epochs: 1, device: cpu, jit_compile: false}
"""


@pytest.fixture(scope="module")
def people(tmp_path_factory):
    """A run of a table with a number and a town, and the folder of its file; tests must not change it."""
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.train import train

    folder = tmp_path_factory.mktemp("people")
    rows = [f"{n}.5,{'Rome' if n % 3 else 'Oslo'},{'yes' if n % 2 else 'no'}" for n in range(60)]
    (folder / "people.csv").write_text("\n".join(["size,town,glad", *rows]))
    (folder / "people.yaml").write_text(PEOPLE)
    train(read_config(folder / "people.yaml"), NewRun(folder / "runs", "people"), [Silent()])
    (run,) = (folder / "runs/people").iterdir()
    return RunFolder(run)


def of_people(people, path, text, renamed=None):
    path.write_text(text)
    other = OtherData(path, renamed or {})
    return load_other_data(open_folder(people), read_experiment(people), other, None, Silent(), offline=True)


def test_another_table_is_read_as_the_runs_own(people, tmp_path):
    """Whatever order its columns have, others stand beside them, or its values look like."""
    text = "more,glad,town,size\na,yes,Bern,7\nb,no,,8\n"
    name, examples = of_people(people, tmp_path / "new.csv", text)
    assert (name, list(examples.inputs), len(examples)) == ("new", ["size", "town"], 2)
    assert examples.inputs["size"].array.tolist() == [7.0, 8.0]
    assert [str(examples.inputs["town"].read(row)) for row in (0, 1)] == ["Bern", ""]
    assert examples.targets["glad"].tolist() == [1, 0]


def test_a_config_of_another_table(people, tmp_path):
    config = PEOPLE.replace("people.csv", "new.csv").replace("batch_size: 8", "test: 0.5, validation: 0")
    (tmp_path / "new.csv").write_text("town,size,glad\n" + "Rome,1.5,yes\nOslo,2.5,no\n" * 9)
    name, examples = of_people(people, tmp_path / "other.yaml", config)
    assert (name, list(examples.inputs), len(examples)) == ("people_test", ["size", "town"], 9)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("town,glad\nRome,yes\n", "new.csv: no column size"),
        ("size,town\n1,Rome\n", "new.csv: no column glad"),
        ("size,town,glad\nbig,Rome,yes\n", "new.csv:2, size: expected a number, found 'big'"),
        ("size,town,glad\n1,Rome,maybe\n", "new.csv: the model does not know the classes maybe"),
    ],
)
def test_a_table_that_does_not_fit(people, tmp_path, text, says):
    with pytest.raises(DataError, match=f"^{re.escape(str(tmp_path))}/{says}"):
        of_people(people, tmp_path / "new.csv", text)


def test_a_column_of_another_kind_is_named(people, tmp_path):
    (tmp_path / "new.csv").write_text("town,size,glad\n" + "Rome,small,yes\nOslo,large,no\n" * 9)
    config = PEOPLE.replace("people.csv", "new.csv")
    with pytest.raises(DataError, match=r"size: category .* the model was trained on number") as error:
        of_people(people, tmp_path / "other.yaml", config)
    assert "columns: {size: number}" in error.value.hint
