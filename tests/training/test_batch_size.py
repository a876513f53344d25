"""`data.batch_size: auto`: a number that is found, told, written down, and leaves no trace."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from PIL import Image

from bigmodel_cli.errors import ConfigError, ResourceError
from bigmodel_cli.listener import Silent
from bigmodel_cli.training import batch_size as module
from bigmodel_cli.training.batch_size import (
    candidates,
    choose_batch_size,
    estimate_batch_size,
    find_batch_size,
)
from bigmodel_cli.training.gauges import HostGauge
from bigmodel_cli.training.memory import Fit

pytestmark = pytest.mark.tf

AUTO = "data.batch_size=auto"


@dataclass
class Told(Silent):
    """A listener that keeps what it is told."""

    said: list[str] = field(default_factory=list)

    def say(self, message):
        self.said.append(message)


@pytest.fixture
def parts(config):
    """What is trained, ready for the search, and its plan."""
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.training.plan import make_plan
    from bigmodel_cli.training.work import Work

    def make(*words):
        experiment = config(*words).experiment
        splits = load_splits(experiment, Silent(), offline=True)
        return Work(experiment, splits, 1), make_plan(experiment.training)

    return make


@pytest.mark.parametrize(
    ("examples", "largest"),
    [
        (1, 1),
        (9, 1),
        (19, 1),
        (20, 2),
        (80, 8),
        (159, 8),
        (160, 16),
        (40_959, 2048),
        (40_960, 4096),
        (10**7, 4096),
    ],
)
def test_sizes_leave_ten_steps_per_epoch(examples, largest):
    sizes = candidates(examples)
    assert sizes == [2**power for power in range(len(sizes))] and sizes[-1] == largest


def test_a_number_is_left_alone(config):
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.training.prepared import prepare

    experiment = config("data.batch_size=5").experiment
    told = Told()
    prepared = prepare(experiment, load_splits(experiment, Silent(), offline=True), told)
    prepared.close()
    assert prepared.training.feed.batch_size == 5
    assert "batch_size: 5\n" in prepared.settled.text
    assert not [line for line in told.said if line.startswith("batch size")]


def test_the_number_is_told_and_pinned(parts):
    told = Told()
    assert choose_batch_size(*parts(AUTO), told) == 8
    assert told.said == [
        "batch size: 8 (the largest power of two with 10 steps per epoch; data.batch_size=8 repeats it)"
    ]


@pytest.mark.parametrize(
    ("stopped_by", "reason"),
    [
        ("memory", "the largest power of two that fits in 17 GB"),
        ("time", "the largest power of two with steps of less than 5 seconds"),
    ],
)
def test_why_it_is_no_larger(parts, monkeypatch, stopped_by, reason):
    monkeypatch.setattr(module, "largest_that_fits", lambda *_, **__: Fit(4, stopped_by))
    gauge = HostGauge()
    gauge.limits = {"resident": 17 * 10**9}
    monkeypatch.setattr(module, "make_gauge", lambda: gauge)
    found = find_batch_size(*parts(AUTO))
    assert (found.size, found.reason) == (4, reason)


def test_where_memory_cannot_be_measured_little_is_taken(parts, monkeypatch):
    monkeypatch.setattr("bigmodel_cli.training.gauges.free_memory", dict)
    found = find_batch_size(*parts(AUTO, "data.source.synthetic.num_examples=5000"))
    assert (found.size, found.reason) == (32, "how much memory there is, this system does not tell")


def test_a_model_that_never_fits(parts, monkeypatch):
    def step(*_):
        raise MemoryError

    monkeypatch.setattr(module, "train_once", step)
    with pytest.raises(ResourceError) as caught:
        choose_batch_size(*parts(AUTO), Told())
    assert caught.value.message == ("data.batch_size: auto: not even a batch of one example fits into memory")
    assert caught.value.exit_code == 5


def test_a_wrong_model_is_told_as_ever(parts):
    with pytest.raises(ConfigError, match=r"model\.0"):
        choose_batch_size(*parts(AUTO, "model.0={Reshape: {target_shape: [7]}}"), Told())


def test_files_are_not_decoded_to_find_it(parts, tmp_path, monkeypatch):
    for number in range(200):
        path = tmp_path / "photos" / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((6, 6, 3), number, np.uint8)).save(path)
    source = f"data.source={{image_folder: {{path: {tmp_path / 'photos'}, image_size: 6}}}}"
    work, plan = parts(AUTO, source, "preprocessing=[Normalization]")
    read = []
    store = type(work.splits.train.store)
    original = store.read_into
    monkeypatch.setattr(
        store, "read_into", lambda self, index, out: read.append(index) or original(self, index, out)
    )
    assert find_batch_size(work, plan).size == 16
    # Only what layers learn from, twice: once for their shape.
    assert 0 < len(read) <= 2 * 32


def test_the_run_is_the_one_with_that_number(train, deterministic):
    """Weights, metrics and config are those of a run that was given the number."""
    words = (deterministic, "training.epochs=2", "model.0={GaussianNoise: {stddev: 0.1}}", "model.1=Flatten")
    found, given = train(AUTO, *words), train("data.batch_size=8", *words)
    assert found.run.config.read_text() == given.run.config.read_text()
    assert "\n  batch_size: 8\n" in found.run.config.read_text()
    for one, other in zip(found.model().weights, given.model().weights, strict=True):
        np.testing.assert_array_equal(one, other)
    for name in ("loss", "val_loss"):
        assert found.metrics[name] == given.metrics[name]


def test_the_estimate_for_a_preview(config, monkeypatch):
    monkeypatch.setattr("bigmodel_cli.training.gauges.free_memory", lambda: {"resident": 10**9})
    limit = HostGauge().limits["resident"]
    assert estimate_batch_size(100_000, lambda size: size * limit // 100) == 64
    assert estimate_batch_size(100, lambda size: size * limit // 100) == 8
    assert estimate_batch_size(100_000, lambda size: 2 * limit) == 1


def test_the_preview_tells_what_it_is_about(config):
    from bigmodel_cli.training.preview import preview

    shown = preview(config(AUTO), Silent())
    assert (shown.batch_size, shown.steps_per_epoch, shown.steps) == (8, 10, 30)
    assert shown.experiment.data.batch_size == "auto"
    assert preview(config(), Silent()).batch_size == 16
