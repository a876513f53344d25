"""`learning_rate: auto`: the range test, and what a run keeps of it."""

from __future__ import annotations

import json
import math
import re
import zipfile
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from bigmodel_cli.listener import Silent
from bigmodel_cli.metrics_file import read_metrics
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import STATE_ARRAYS_MEMBER, STATE_MEMBER
from bigmodel_cli.training import learning_rate_test
from bigmodel_cli.training.rate_rule import as_multiple
from bigmodel_cli.training.steps import TrainingSteps
from bigmodel_cli.training.train import How, train

pytestmark = pytest.mark.tf

AUTO = "optimizer={Adam: {learning_rate: auto}}"
SCHEDULE = "optimizer={Adam: {learning_rate: {CosineDecay: {initial_learning_rate: auto}}}}"
SAME = "training.deterministic=true"
TRACE = TrainingSteps.trace


class Told(Silent):
    def __init__(self):
        self.lines = []

    def say(self, message):
        self.lines.append(message)


@pytest.fixture
def prepared(config):
    """A config with words of a command line, made ready to train; what was said is in `told`."""
    made = []

    def make(*words, begin=None):
        from bigmodel_cli.inference.run_data import load_splits
        from bigmodel_cli.training.prepared import Beginning, prepare

        experiment, told = config(*words).experiment, Told()
        found = prepare(
            experiment,
            load_splits(experiment, Silent(), offline=True),
            told,
            beginning=Beginning(weights=begin),
        )
        found.told = told.lines
        made.append(found)
        return found

    yield make
    for item in made:
        item.close()


def weights(prepared):
    return [np.asarray(weight) for weight in prepared.built.model.weights]


def test_it_is_found_pinned_and_leaves_no_trace(prepared):
    found = prepared(AUTO, SAME)
    test = found.rate_test
    assert test.edge is not None and test.steady is not None
    assert test.rate == float(f"{test.edge ** (2 / 3) * test.steady ** (1 / 3) / 3:.1e}")
    assert f"optimizer: {{Adam: {{learning_rate: {test.rate:g}}}}}".split("learning_rate: ")[1][:-2] in (
        found.settled.text
    )
    assert "auto" not in found.settled.text.split("optimizer:")[1].split("metrics:")[0]
    (line,) = [line for line in found.told if line.startswith("learning rate: ")]
    assert f"optimizer.Adam.learning_rate={test.rate:g} repeats it" in line
    # The run itself begins as one that was given this rate.
    given = prepared(f"optimizer.Adam.learning_rate={test.rate:g}", SAME)
    assert all(np.array_equal(a, b) for a, b in zip(weights(found), weights(given), strict=True))
    assert float(given.built.model.optimizer.learning_rate) == float(
        found.built.model.optimizer.learning_rate
    )
    assert given.settled.text == found.settled.text
    # The same again, to the last digit.
    assert prepared(AUTO, SAME).rate_test.as_json() == test.as_json()


def test_of_a_schedule_it_is_the_highest_rate(prepared):
    found = prepared(SCHEDULE, "training.epochs=300")
    test = found.rate_test
    schedule = found.built.model.optimizer.get_config()["learning_rate"]["config"]
    # What is compiled already follows rates that are doubled or halved.
    times = {math.log2(test.rate / base) % 1 for base in (1e-3, 1.5e-3)}
    assert schedule["initial_learning_rate"] == test.rate and 0.0 in times
    assert abs(math.log2(test.edge ** (2 / 3) * test.steady ** (1 / 3) / 3 / test.rate)) <= 0.31
    # Three hundredths of 1,800 steps have room for several sweeps.
    assert 2 <= len(test.sweeps) <= 5 and test.steps <= 0.03 * 1800 + 1


def test_parts_of_a_batch_and_half_precision(prepared):
    rates = [
        prepared(AUTO, SAME).rate_test.rate,
        prepared(AUTO, SAME, "training.accumulate=3").rate_test.rate,
        prepared(AUTO, SAME, "training.precision=mixed_bfloat16").rate_test.rate,
    ]
    assert max(rates) <= 2 * min(rates)


def test_it_begins_with_the_weights_of_the_run(prepared):
    begun = []

    def begin(model):
        begun.append(model)
        for weight in model.trainable_weights:
            weight.assign(np.zeros(weight.shape))

    found, given = prepared(AUTO, begin=begin), prepared()
    # Who begins does so again; until then the model is as it was built.
    assert begun == [found.built.model]
    assert all(np.array_equal(a, b) for a, b in zip(weights(found), weights(given), strict=True))
    # All outputs are alike: the loss of ln 3 is known.
    assert found.rate_test.sweeps[0].start == pytest.approx(np.log(3), rel=1e-5)


FALLING = "{learning_rate: {CosineDecay: {initial_learning_rate: auto, alpha: 0.1}}, weight_decay: 0.01}"
WARMED_UP = (
    "{learning_rate: {CosineDecay: {initial_learning_rate: 0.0, warmup_target: auto, warmup_steps: 3}}}"
)
ROOTED = "{learning_rate: {PolynomialDecay: {initial_learning_rate: auto, power: 0.7}}, momentum: 0.9}"
DECAYING = (
    "{learning_rate: {ExponentialDecay: {initial_learning_rate: auto, decay_rate: 0.3}}, clipnorm: 0.5}"
)


@pytest.mark.parametrize(
    ("optimizer", "rate", "is_traced_again"),
    [
        (f"{{AdamW: {FALLING}}}", 6e-3, False),
        (f"{{LossScaleOptimizer: {{inner_optimizer: {{Adam: {WARMED_UP}}}}}}}", 8e-3, False),
        (f"{{RMSprop: {DECAYING}}}", 7.5e-4, False),
        # Its lowest rate, 1e-4, stays where the highest one grows.
        (f"{{SGD: {ROOTED}}}", 3e-2, True),
        ("{Adam: {learning_rate: auto, use_ema: true, gradient_accumulation_steps: 2}}", None, False),
    ],
)
def test_steps_compute_what_they_would_with_the_number(
    prepared, monkeypatch, optimizer, rate, is_traced_again
):
    # Those of a schedule are among the rates that it can be.
    assert rate is None or rate in (as_multiple(rate, 1e-3), as_multiple(rate, 1e-2))
    monkeypatch.setattr(learning_rate_test, "as_multiple", lambda *_: rate)
    traced = []
    monkeypatch.setattr(TrainingSteps, "trace", lambda self: (traced.append(self), TRACE(self)))
    words = (
        "model=[Flatten, {Dense: {units: 6, activation: relu}}, BatchNormalization, {Dropout: {rate: 0.3}}, "
        "{Dense: {units: num_classes, activation: softmax}}]",
        "augmentation=[{RandomTranslation: {height_factor: 0.1, width_factor: 0.1}}]",
        "training.epochs=3",
        "training.steps_per_execution=2",
        SAME,
    )
    found = prepared(f"optimizer={optimizer}", *words)
    assert len(traced) == 1 + is_traced_again
    # Not the rate that the model was built with.
    assert found.rate_test.rate == rate or (rate is None and found.rate_test.rate != 1e-3)
    given = prepared(f"optimizer={optimizer}", found.rate_test.word, *words)
    assert given.rate_test is None and given.settled.text == found.settled.text
    of_found, of_given = (made.training.variables() for made in (found, given))
    assert list(of_found) == list(of_given)
    for step in range(6):
        losses = [made.training.run(batch(made, step))[1] for made in (found, given)]
        assert losses[0] == losses[1]
    for name, variable in of_found.items():
        assert np.array_equal(variable, of_given[name]), name
    configs = [made.built.model.optimizer.get_config() for made in (found, given)]
    assert configs[0] == configs[1]


def batch(prepared, step):
    feed = prepared.feeds["train"]
    return feed.chunk(feed.rows(feed.epoch_order(seed=0, epoch=1), step % 3, 1))


def test_what_is_computed_once_is_there_in_time(prepared, monkeypatch):
    traced, trace = [], TrainingSteps._train_many
    monkeypatch.setattr(
        TrainingSteps, "_train_many", lambda self, chunk: traced.append(1) or trace(self, chunk)
    )
    model = (
        "model=[{Conv2D: {filters: 4, kernel_size: 3, trainable: false}}, Flatten, {Dropout: {rate: 0.3}}, "
        "{Dense: {units: num_classes, activation: softmax}}]"
    )
    sweeps = {}
    for cache in ("none", "memory", "disk"):
        found = prepared(AUTO, model, f"data.cache={cache}", SAME)
        assert (found.fed.features is None) == (cache == "none")
        (sweep,) = found.rate_test.sweeps
        sweeps[cache] = [sweep.start, *sweep.losses]
    # The run's own steps took all of them: none were compiled for another form of the examples.
    assert len(traced) == 3
    assert sweeps["memory"] == sweeps["disk"] == pytest.approx(sweeps["none"], rel=1e-3)


def test_checkpoints_are_those_of_a_run_that_was_given_the_rate(tiny):
    whole = "model=[Flatten, {Dropout: {rate: 0.2}}, {Dense: {units: num_classes, activation: softmax}}]"

    def trained(runs, *words):
        """Digests of what its last checkpoint consists of, its curves, and the word that repeats it."""
        config = read_config(Path(tiny), [SCHEDULE, *words, whole, SAME])
        train(config, NewRun(Path(runs), "run"), how=How(judge=lambda row: None))
        (run,) = Path(runs).glob("run/*/")
        with zipfile.ZipFile(run / "checkpoints" / "last.keras") as archive:
            read = {name: archive.read(name) for name in archive.namelist()}
        # Keras puts there where an object is in memory.
        read["config.json"] = re.sub(rb'"shared_object_id": \d+', b"", read["config.json"])
        digests = {name: sha256(content).hexdigest() for name, content in read.items()}
        # These have the time of day, and how long it took.
        del digests["metadata.json"], digests[STATE_MEMBER]
        columns = read_metrics(run / "metrics.csv")
        test = json.loads((run / "run.json").read_text()).get("learning_rate_test")
        return digests, [columns[name] for name in ("loss", "val_loss", "learning_rate")], test

    digests, curves, test = trained("found")
    assert sorted(digests) == [STATE_ARRAYS_MEMBER, "config.json", "model.weights.h5"]
    assert trained("given", test["word"]) == (digests, curves, None)


def test_a_loss_that_nothing_moves(prepared):
    found = prepared(
        AUTO,
        "loss={CategoricalCrossentropy: {label_smoothing: 1.0}}",
        "model=[Flatten, {Dense: {units: num_classes, activation: softmax, kernel_initializer: Zeros}}]",
    )
    assert found.rate_test.edge is None and found.rate_test.rate == 1e-3
    assert "learning rate: 1.00e-03, Keras's default: the loss fell at no rate" in found.told


def test_rates_that_are_all_too_large(prepared):
    # Pixels up to 76 make a steep loss.
    found = prepared(
        "optimizer={SGD: {learning_rate: auto}}",
        "preprocessing=[{Rescaling: {scale: 0.3}}]",
        "metrics=[]",
        "loss=MeanSquaredError",
        "model=[Flatten, {Dense: {units: num_classes, activation: linear}}]",
    )
    test = found.rate_test
    assert test.edge is not None and test.edge < 2e-3
    assert not found.rate_test.sweeps[0].is_too_high


def test_what_a_run_keeps_and_a_resume_goes_on_with(bigmodel, tiny):
    outcome = bigmodel("train", tiny, AUTO, SAME, "--plain", "--runs-dir", "runs")
    assert outcome.code == 0 and "learning rate: " in outcome.err
    (run,) = Path("runs").glob("*/*")
    record = json.loads((run / "run.json").read_text())
    test = record["learning_rate_test"]
    assert "optimizer.Adam.learning_rate" in record["auto"]
    assert f"learning_rate: {test['rate']}" in (run / "config.yaml").read_text()
    assert len(test["sweeps"][0]["losses"]) == len(test["sweeps"][0]["rates"]) == test["steps"] - 1
    assert (run / "plots" / "learning_rate_test.png").is_file()
    assert "How the learning rate was found" in (run / "report.html").read_text()
    again = bigmodel("train", "--resume", run, "training.epochs=3", "--plain")
    assert again.code == 0 and "range test" not in again.err
    assert json.loads((run / "run.json").read_text())["learning_rate_test"] == test


def test_looked_at_alone(bigmodel, tiny):
    outcome = bigmodel("tune", tiny, SAME, "--learning-rate", "--plot", "test.svg", "--plain")
    assert outcome.code == 0 and not Path("tunes").exists() and not Path("runs").exists()
    lines = outcome.out.splitlines()
    assert lines[0].split() == ["rate", "loss"] and lines[1].startswith("start ")
    assert lines[2].startswith("2.00e-04 ") and sum("falls up to here" in line for line in lines) == 1
    assert lines[-1].startswith("learning rate: ") and lines[-1].endswith(" repeats it)")
    assert "range test of the learning rate" in Path("test.svg").read_text()
    test = bigmodel("tune", tiny, SAME, "--learning-rate", "--json").json
    assert f"learning rate: {test['rate']:.2e} " in outcome.out
    assert outcome.err.endswith(f"next:\n  bigmodel train {tiny} {SAME} {test['word']}\n")


def test_what_belongs_to_it_alone(refuses, tiny):
    refuses(2, "tune", tiny, "--plot", "a.png", says=("--plot draws the test of --learning-rate",))
    refuses(2, "tune", tiny, "--learning-rate", "--plot", "a.txt", says=(".png, .pdf or .svg",))
