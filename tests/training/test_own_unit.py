"""Numbers that the loss sees on another scale: scores, predictions and the saved model are in their unit."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from bigmodel_cli.cli.main import run
from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.tasks.bound import Bound
from bigmodel_cli.tasks.regression.task import Regression

pytestmark = pytest.mark.tf

PRICES = np.array([0.0, 3.0, 120.0, 250_000.0, 1_900_000.0], np.float32)
SCALES = {"standardize": (False, True), "log": (True, False), "both": (True, True)}


@pytest.fixture(params=SCALES)
def bound(request):
    log, standardize = SCALES[request.param]
    task = Regression((), log, standardize).fitted(PRICES)
    return part_of(task, Bound)


def test_what_the_last_step_gives_is_what_the_loss_sees(bound):
    """The way there and the way back are inverse: errors of the loss are errors of the last step."""
    import keras

    inputs = keras.Input((1,))
    model = keras.Model(inputs, bound.in_own_unit(inputs))
    given = np.linspace(0.0 if bound.task.log else -2.0, 2.0, 9, dtype=np.float32)[:, None]
    own = model(given)
    np.testing.assert_allclose(bound.seen_by_loss(own), given, rtol=1e-3, atol=1e-3)


def test_what_the_loss_sees_is_scaled_by_the_training_split(bound):
    seen = np.asarray(bound.seen_by_loss(PRICES[:, None]), np.float64)
    if bound.task.spread is None:
        np.testing.assert_allclose(seen[:, 0], np.log1p(PRICES), rtol=1e-5)
    else:
        assert seen.mean() == pytest.approx(0, abs=1e-5)
        assert seen.std() == pytest.approx(1, rel=1e-5)


def test_predictions_below_what_has_a_logarithm_stay_finite():
    bound = part_of(Regression((), log=True), Bound)
    assert np.isfinite(np.asarray(bound.seen_by_loss(np.array([[-5.0], [-1.0]], np.float32)))).all()


CONFIG = """
data: {source: {table: {path: t.csv, target: {price: {log: true}}}}, batch_size: 32}
preprocessing: {number: [Normalization]}
model: [{Dense: {units: 8, activation: relu}}, {Dense: {units: 1}}]
loss: MeanSquaredError
optimizer: {Adam: {learning_rate: 0.02}}
metrics: [mae]
training: {epochs: 3, deterministic: true, device: cpu}
"""


@pytest.fixture(scope="module")
def priced(tmp_path_factory):
    """A run that learnt the logarithms of prices."""
    folder = tmp_path_factory.mktemp("priced")
    rng = np.random.default_rng(3)
    rooms, size = rng.integers(1, 6, 200), rng.normal(80, 20, 200).round(1)
    prices = np.exp(8 + 0.3 * rooms + 0.01 * size + 0.1 * rng.normal(size=200)).round(2)
    rows = zip(rooms, size, prices, strict=True)
    lines = ["rooms,size,price", *(f"{a},{b},{c}" for a, b, c in rows)]
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    (folder / "c.yaml").write_text(CONFIG)
    return train(folder, "straight")


def train(folder, name, *overrides):
    words = ["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain", f"name={name}"]
    assert run([*words, *overrides]) == 0
    (found,) = (folder / "runs" / name).iterdir()
    return RunFolder(found)


@pytest.mark.slow
def test_the_loss_is_of_the_scale_and_the_scores_are_of_the_unit(priced):
    (record,) = priced.read_record()["signature"]["targets"].values()
    with priced.predictions("test").open(newline="") as file:
        rows = list(csv.DictReader(file))
    labels, predicted = (np.array([float(row[key]) for row in rows]) for key in ("label", "prediction"))
    metrics = priced.read_json(priced.evaluation("test"))["metrics"]
    scaled = [(np.log1p(values) - record["center"]) / record["spread"] for values in (labels, predicted)]
    assert metrics["loss"] == pytest.approx(np.mean((scaled[0] - scaled[1]) ** 2), rel=1e-3)
    assert metrics["mae"] == pytest.approx(np.abs(labels - predicted).mean(), rel=1e-4)
    assert labels.min() > 1000
    # The advice for numbers far from their scale is for those that the loss sees as they are.
    assert "come near their scale" not in priced.report.read_text("utf-8")


@pytest.mark.slow
def test_the_saved_model_answers_in_the_unit_in_plain_keras(priced):
    import keras

    model = keras.models.load_model(priced.checkpoint("best"))
    with priced.predictions("test").open(newline="") as file:
        rows = list(csv.DictReader(file))
    places = [int(row["example"].partition("[")[2].rstrip("]")) for row in rows]
    table = list(csv.DictReader((priced.path.parents[2] / "t.csv").open(newline="")))
    given = {
        name: np.array([float(table[n][name]) for n in places], np.float32) for name in ("rooms", "size")
    }
    found = np.asarray(model(given))[:, 0]
    np.testing.assert_allclose(found, [json.loads(row["prediction"]) for row in rows], rtol=1e-3)


@pytest.mark.slow
def test_a_run_goes_on_on_the_same_scale(priced):
    folder = priced.path.parents[2]
    short = train(folder, "short", "training.epochs=1")
    assert run(["train", "--resume", str(short.path), "training.epochs=3", "--plain"]) == 0
    there, here = (read_metrics(found.metrics) for found in (priced, short))
    assert {name: values for name, values in here.items() if name not in TIME_COLUMNS} == {
        name: values for name, values in there.items() if name not in TIME_COLUMNS
    }
