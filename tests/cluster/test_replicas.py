"""Replicas on logical devices of the CPU, beside one device."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from .conftest import IS_LONG, RANDOM, Bench, Run, assert_bits, assert_same

pytestmark = [pytest.mark.tf, pytest.mark.slow]
Once = Callable[..., Run]


@pytest.mark.parametrize("count", [2, 4])
def test_replicas_train_as_one_device(once: Once, count: int) -> None:
    one, several = once("training.device=cpu"), once(f"training.device=cpu:0-{count - 1}")
    assert_same(one, several)
    assert f"replicas: {count}, each gets {16 // count} of the 16 examples of a batch\n" in several.said
    assert several.record["plan"]["device"]["replicas"] == count
    throughput = several.record["throughput"]
    assert throughput["per_device"] == pytest.approx(throughput["examples_per_second"] / count, rel=1e-3)
    assert one.record["test"] == pytest.approx(several.record["test"], rel=1e-5)


def test_a_batch_that_cannot_be_dealt_evenly_is_filled_up(bench: Bench) -> None:
    words = ("data.batch_size=15", "training.accumulate=2", "model.1={LayerNormalization: {}}")
    several = bench.train("training.device=cpu:0-3", *words)
    assert_same(bench.train("training.device=cpu", *words), several)
    says = (
        "each gets at most 4 of the 15 examples of a batch; what is missing is filled up and counts nothing"
    )
    assert says in several.said
    assert "accumulate: 2 parts of at most 2 examples, one after the other" in several.said


def test_replicas_prune_as_one_device(bench: Bench) -> None:
    words = ("training.epochs=3", "compress.prune={sparsity: 0.5, from: epoch 1, to: epoch 3}")
    devices = ("cpu", "cpu:0-1")
    one, several = (bench.train(f"training.device={device}", *words, concludes=True) for device in devices)
    assert_same(one, several)
    assert several.record["compressed"]["prune"] == one.record["compressed"]["prune"]
    assert several.record["compressed"]["prune"]["sparsity"] == pytest.approx(0.5, abs=0.01)


def test_replicas_learn_from_a_teacher_as_one_device(bench: Bench, once: Once) -> None:
    teacher = once("training.device=cpu").folder
    words = ("training.epochs=2", f"compress.distill={{teacher: {teacher}}}")
    one, several = (bench.train(f"training.device={device}", *words) for device in ("cpu", "cpu:0-1"))
    assert_same(one, several)
    for row, other in zip(one.rows, several.rows, strict=True):
        assert other["distill_loss"] == pytest.approx(row["distill_loss"], rel=1e-4)


def test_replicas_round_by_ranges_of_their_own(bench: Bench) -> None:
    """Each sees the outputs of its part, so that ranges are means, and near those of one device."""
    words = ("training.epochs=2", "compress.quantize=int8")
    devices = ("cpu", "cpu:0-1")
    one, several = (bench.train(f"training.device={device}", *words, concludes=True) for device in devices)
    ranges, others = (json.loads((run.folder / "quantization.json").read_text()) for run in (one, several))
    assert ranges.keys() == others.keys()
    for name, (low, high) in ranges.items():
        assert others[name] == pytest.approx([low, high], rel=0.3, abs=0.1)
    assert several.rows[-1]["loss"] == pytest.approx(one.rows[-1]["loss"], rel=0.1)


def test_runs_with_random_layers_repeat(bench: Bench) -> None:
    one, again = (bench.train("training.device=cpu:0-1", "training.epochs=2", *RANDOM) for _ in range(2))
    assert_bits(one, again)
    assert [row["loss"] for row in one.rows] == [row["loss"] for row in again.rows]


@pytest.mark.parametrize("devices", ["cpu", "cpu:0-3"] if IS_LONG else ["cpu:0-3"])
def test_a_checkpoint_moves_between_numbers_of_devices(bench: Bench, once: Once, devices: str) -> None:
    before = bench.train("training.device=cpu:0-1", "training.epochs=1", concludes=True)
    after = bench.train("training.epochs=3", f"training.device={devices}", resume=before)
    assert_same(once("training.device=cpu"), after)


@pytest.mark.parametrize("devices", ["cpu", "cpu:0-1", "cpu:0-3"] if IS_LONG else ["cpu:0-3"])
def test_a_checkpoint_moves_between_precisions_and_numbers_of_devices(once: Once, devices: str) -> None:
    """Saved by two devices in float32, and by one in bfloat16: both evaluate elsewhere as there."""
    rounded = once("training.device=cpu", "training.precision=mixed_bfloat16", concludes=False)
    runs = [once("training.device=cpu:0-1"), rounded]
    folders = [str(run.folder) for run in runs]
    code = [sys.executable, "-c", _EVALUATE, devices, *folders]
    done = subprocess.run(code, capture_output=True, text=True, check=True)
    for run, losses in zip(runs, json.loads(done.stdout.splitlines()[-1]), strict=True):
        assert set(losses) == {"float32", "mixed_bfloat16"}
        for loss in losses.values():
            assert loss == pytest.approx(run.rows[-1]["val_loss"], abs=1e-3)
        assert losses["float32"] != losses["mixed_bfloat16"]


_EVALUATE = """
import json
import sys
from pathlib import Path
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Silent
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.pipeline.feed import in_order
from bigmodel_cli.run_files import checkpoint_entry
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.training.prepared import prepare
from bigmodel_cli.training.restorable import Restorable

def evaluate(run, precision):
    words = [f"training.device={sys.argv[1]}", f"training.precision={precision}"]
    experiment = read_config(run.config, words).experiment
    prepared = prepare(experiment, load_splits(experiment, Silent(), offline=True), Silent())
    Restorable(prepared).put_back(run.checkpoint("last"), checkpoint_entry(run, "last"))
    assert prepared.built.model.dtype_policy.name == precision
    validation = prepared.validation_steps()
    validation.measures.reset()
    for chunk in in_order(validation.feed):
        validation.run(chunk)
    prepared.close()
    return validation.measures.results()["loss"]

runs = [RunFolder(Path(folder)) for folder in sys.argv[2:]]
print(json.dumps([{name: evaluate(run, name) for name in ("float32", "mixed_bfloat16")} for run in runs]))
"""


def test_xla_and_several_devices_are_refused_together(bench: Bench) -> None:
    ended = bench.refused("training.device=cpu:0-1", "training.jit_compile=true")
    assert ended.code == 2
    assert "XLA compiles for one replica of the model, and there are 2" in ended.output


def test_the_masks_of_two_replicas_differ() -> None:
    """Of one step, seen in the graph itself; in a process of its own, since devices are chosen once."""
    done = subprocess.run([sys.executable, "-c", _MASKS], capture_output=True, text=True, check=True)
    first, second = json.loads(done.stdout.splitlines()[-1])
    assert first[0] != first[1]
    assert second[0] != second[1]
    assert first != second
    assert np.isin(np.unique(first), [0, 2]).all()


_MASKS = """
import json
import numpy as np
from bigmodel_cli.modeling.devices import choose_device
from bigmodel_cli.modeling.replicas.distribution import distribute
from bigmodel_cli.modeling.replicas.randomness import different_seeds
import tensorflow as tf
import keras

distribution = distribute(choose_device("cpu:0-1"))
keras.utils.set_random_seed(1)
with distribution.scope():
    dropout = keras.layers.Dropout(0.5)

@tf.function(autograph=False)
def step():
    with different_seeds():
        return distribution._strategy.run(lambda: dropout(tf.ones([4, 8]), training=True))

steps = [[value.numpy().tolist() for value in step().values] for _ in range(2)]
print(json.dumps(steps))
"""


def test_a_layer_learns_from_the_data_and_classes_are_weighted(bench: Bench) -> None:
    words = (
        "preprocessing=[{Rescaling: {scale: 1/255}}, Normalization]",
        "data.class_weights=balanced",
        "data.oversample=balanced",
        "training.epochs=1",
    )
    one = bench.train("training.device=cpu", *words)
    assert_same(one, bench.train("training.device=cpu:0-1", *words))


def test_what_does_not_learn_is_computed_once_for_all_of_them(bench: Bench) -> None:
    """Conv2D and the batch norm behind it are frozen; without keeping, each replica computes its part."""
    frozen = ("model.0.Conv2D.trainable=false", "model.1={BatchNormalization: {trainable: false}}")
    plain = bench.train("training.device=cpu", *frozen, "data.cache=none")
    kept = bench.train("training.device=cpu:0-1", *frozen)
    assert "what the frozen layers give for an example is computed once" in kept.said
    assert_same(plain, kept)


def test_every_token_of_a_text_counts_alike(bench: Bench, tmp_path: Path) -> None:
    """Parts of a batch, on replicas and one after the other, have texts of other lengths than the whole."""
    numbers = [f"{'1' * (1 + number % 9)}\t{'2' * (1 + number % 4)}" for number in range(60)]
    (tmp_path / "t.tsv").write_text("\n".join(["en\tde", *numbers]) + "\n")
    columns = (
        "{en: {subwords: {tokenizer: bytes, length: 12}}, de: {subwords: {tokenizer: bytes, length: 12}}}"
    )
    words = (
        f"data.source={{table: {{path: {tmp_path / 't.tsv'}, target: de, columns: {columns}}}}}",
        "data.batch_size=20",
        "preprocessing=[]",
        "model=[{token_and_position: {inputs: [en], width: 8, length: 12}}, "
        "{transformer: {name: encoded, layers: 1, heads: 2}}, "
        "{token_and_position: {inputs: [de.before], width: 8, length: 12}}, "
        "{transformer_decoder: {inputs: [previous, encoded], layers: 1, heads: 2}}, "
        "{Dense: {units: de.vocabulary_size, activation: softmax}}]",
        "metrics=[accuracy]",
        "training.epochs=2",
    )
    one = bench.train("training.device=cpu", *words)
    assert_same(one, bench.train("training.device=cpu", "training.accumulate=3", *words))
    assert_same(one, bench.train("training.device=cpu:0-1", "training.accumulate=2", *words))
