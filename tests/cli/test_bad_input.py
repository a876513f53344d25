"""A wrong config or command line: one message with its place, exit code 2, and nothing left behind."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

FILES = {
    "empty": ("", "c.yaml: the file is empty; expected a config", "bigmodel init > config.yaml"),
    "comment": ("# later\n", "c.yaml: the file is empty; expected a config"),
    "list": ("- a\n- b\n", "c.yaml:1:1: expected a mapping of sections", "found a list"),
    "text": ("hello\n", "c.yaml:1:1: expected a mapping of sections"),
    "tabs": ("name: a\ndata:\n\tsource: digits\n", "c.yaml:3:1: a tab stands where YAML wants spaces"),
    "bracket": ("metrics: [accuracy\n", "c.yaml:1:10: a bracket or brace is not closed"),
    "twice": ("seed: 1\nname: a\nseed: 2\n", "c.yaml:3:1: ", "'seed'"),
    "binary": (bytes(range(256)), "c.yaml: not a text file in UTF-8"),
    "nothing but a name": ("name: a\n", "c.yaml:1:1: ", "data", "model", "loss", "optimizer"),
}

# What stands in the tiny config, what a user wrote instead, and what is said of it.
CHECKED = {
    "section": (
        "training:",
        "trainig:",
        "c.yaml:13:1: trainig: a config has no key",
        "did you mean training?",
    ),
    "list for mapping": (
        "  epochs: 2",
        "  - epochs: 2",
        "c.yaml:14:3: training: expected a mapping",
        "a list",
    ),
    "mapping for list": ("  - Flatten", "  Flatten:", "c.yaml:7:1: model: expected a list"),
    "layer": (
        "Flatten",
        "Flaten",
        "c.yaml:8:5: model.0: there is no layer 'Flaten'",
        "did you mean Flatten?",
    ),
    "argument": ("units: 16", "unit: 16", "c.yaml:9:13: model.1.Dense.unit: Dense has no argument", "units?"),
    "argument's kind": ("units: 16", "units: many", "c.yaml:9:20: model.1.Dense.units: expected an integer"),
    "argument's range": (
        "units: 16",
        "units: -3",
        "c.yaml:9:20: model.1.Dense.units: expected at least 1, found -3",
    ),
    "a unit too many": (
        "units: num_classes",
        "units: 4",
        "c.yaml:10:20: model.2.Dense.units: the model gives 4 numbers, and the data has 3 classes",
        "write units: num_classes",
    ),
    "activation": ("relu", "rellu", "c.yaml:9:36: model.1.Dense.activation: ", "relu"),
    "loss": ("loss: Cat", "loss: Kat", "c.yaml:11:7: loss: there is no loss", "CategoricalCrossentropy?"),
    "optimizer": (
        "Adam",
        "Adan",
        "c.yaml:12:13: optimizer.Adan: there is no optimizer",
        "did you mean Adam?",
    ),
    "source": ("synthetic", "synthetik", "c.yaml:3:12: data.source.synthetik: ", "did you mean synthetic?"),
    "source's option": ("num_examples", "examples", "c.yaml:3:58: data.source.synthetic.examples: "),
    "metric": (
        "loss:",
        "metrics: [acuracy]\nloss:",
        "c.yaml:11:11: metrics.0: there is no metric",
        "accuracy?",
    ),
    "monitor": (
        "epochs: 2",
        "checkpoint: {monitor: val_acc}",
        "c.yaml:14:25: training.checkpoint.monitor: nothing produces 'val_acc'",
        "did you mean val_accuracy?",
    ),
    "callback's monitor": (
        "epochs: 2",
        "callbacks: [{EarlyStopping: {monitor: val_los}}]",
        "c.yaml:14:41: training.callbacks.0.EarlyStopping.monitor: nothing produces 'val_los'",
    ),
    "epochs": ("epochs: 2", "epochs: 0", "c.yaml:14:11: training.epochs: expected at least 1, found 0"),
    "epochs' kind": (
        "epochs: 2",
        "epochs: two",
        "c.yaml:14:11: training.epochs: expected an integer",
        "'two'",
    ),
    "batch size": (
        "size: 16",
        "size: -1",
        "c.yaml:4:15: data.batch_size: expected at least 1 or 'auto', found -1",
        "did you mean auto?",
    ),
    "share": ("batch_size: 16", "validation: 1.5", "c.yaml:4:15: data.validation: expected less than 1"),
    "seed": ("name: tiny", "seed: x", "c.yaml:1:7: seed: expected an integer, found the text 'x'"),
    "device": (
        "epochs: 2",
        "device: gpus",
        "c.yaml:14:11: training.device: expected auto, all, cpu, gpu, or numbers such as gpu:1 or gpu:0,2",
    ),
    "a device that is not supported": (
        "epochs: 2",
        "device: tpu9",
        "c.yaml:14:11: training.device: a TPU is not supported; expected auto, all, cpu, gpu, or numbers",
    ),
    "precision": ("epochs: 2", "precision: float8", "c.yaml:14:14: training.precision: ", "mixed_bfloat16"),
    "folder's name": ("name: tiny", "name: ../up", "c.yaml:1:7: name: expected a name for a folder"),
    "every": (
        "epochs: 2",
        "checkpoint: {every: 10 mintues}",
        "c.yaml:14:23: training.checkpoint.every: expected `epoch`, `N epochs`, `N steps` or `N minutes`",
        "write 10 minutes",
    ),
    "step's input": ("- Flatten", "- Add: {inputs: [stem, previous]}", "no step above is named 'stem'"),
    "gate": ("epochs: 2", "epochs: 2\nexpect: {test_accuracy: high}", 'comparison such as ">= 0.99"'),
}

WORDS = {
    "no value": (["training.epochs"], "expected KEY=VALUE or ~KEY", "write training.epochs=VALUE"),
    "no key": (["=3"], "command line: =3: an empty key"),
    "unknown key": (["training.epoch=3"], "training has no key 'epoch'", "did you mean epochs?"),
    "unknown layer": (["model.7.Dense.units=3"], "expected the number of an item, 0 to 2, found '7'"),
    "broken value": (["training.epochs=["], "command line: training.epochs=[: a bracket"),
    "nothing to remove": (["~augmentations"], "there is no such key to remove"),
    "removed with a value": (["~training=3"], "~KEY removes a key and takes no value"),
    "unknown option": (["--eposch"], "No such option '--eposch'"),
}


@pytest.mark.parametrize("command", ["train", "show"])
@pytest.mark.parametrize(("content", "says"), [(c, s) for c, *s in FILES.values()], ids=list(FILES))
def test_a_file_that_is_no_config(refuses, write, command, content, says):
    refuses(2, command, write(content), says=tuple(says))


@pytest.mark.parametrize(
    ("old", "new", "says"), [(o, n, s) for o, n, *s in CHECKED.values()], ids=list(CHECKED)
)
def test_a_mistake_is_placed_before_any_data_is_read(refuses, changed, old, new, says):
    outcome = refuses(2, "train", changed(old, new), says=tuple(says))
    assert "data:" not in outcome.err.splitlines()[0]
    assert not Path("runs").exists()


@pytest.mark.parametrize(("words", "says"), [(w, s) for w, *s in WORDS.values()], ids=list(WORDS))
def test_wrong_words_on_the_command_line(refuses, tiny, words, says):
    refuses(2, "train", tiny, *words, says=tuple(says))


def test_two_mistakes_are_two_lines_of_one_message(refuses, changed):
    path = changed("Flatten\n  - Dense: {units: 16", "Flaten\n  - Dense: {unit: 16")
    refuses(2, "train", path, says=("c.yaml:8:5: model.0", "c.yaml:9:13: model.1.Dense.unit", "2 problems"))


def test_no_such_config_names_the_nearest(refuses, tiny):
    refuses(2, "train", "tiny.yml", says=("tiny.yml: no such file", "did you mean tiny.yaml?"))


def test_a_folder_is_no_config(refuses, tmp_path):
    refuses(2, "train", tmp_path, says=(f"{tmp_path}: expected a config file, found a folder",))


@pytest.mark.parametrize(
    "words",
    [
        ["train", "tiny.yaml", f"data.source={{npz: {{path: {'n' * 300}.npz}}}}"],
        ["train", "tiny.yaml", f"data.source={{image_folder: {{path: {'n' * 300}, image_size: 8}}}}"],
        ["train", "tiny.yaml", "--runs-dir", "n" * 300],
        ["train", "tiny.yaml", "--from", "n" * 300],
        ["train", "--resume", "n" * 300],
        ["evaluate", "n" * 300],
        ["init", "n" * 300],
    ],
    ids=lambda words: " ".join(words)[:40],
)
def test_a_name_that_no_file_can_have(bigmodel, tiny, words):
    outcome = bigmodel(*words)
    assert (outcome.code, outcome.out) == (2, "")
    assert re.fullmatch(r"error: \S*n{300}\S*: File name too long\n", outcome.err)


def test_an_unknown_command(refuses):
    refuses(2, "trian", "c.yaml", says=("there is no command 'trian'; did you mean train?",))
    refuses(2, "fit", "c.yaml", says=("there is no command 'fit'; commands: adopt, baseline, bench",))


@pytest.mark.parametrize("command", ["show", "check", "predict"])
def test_a_command_without_its_argument(refuses, command):
    refuses(2, command, says=("Missing argument",))


def test_training_of_nothing(refuses):
    refuses(2, "train", says=("expected a CONFIG, or --resume",))


@pytest.mark.parametrize("words", [["nonsense"], ["layers", "Flaten"], ["layers", "Adam"]])
def test_a_name_that_is_not_listed(refuses, words):
    refuses(2, "list", *words, says=("there is no",))


@pytest.mark.tf
class TestWhatOnlyKerasOrTheDataCanTell:
    """These need TensorFlow: the place is that of the step, with the shape that arrives there."""

    CONV = "  - Conv2D: {filters: 2, kernel_size: 3}\n"

    @pytest.mark.parametrize(
        ("old", "new", "says"),
        [
            (
                "Dense: {units: 16, activation: relu}",
                "Discretization: {bin_boundaries: [1.0], num_bins: 3}",
                (
                    "c.yaml:9:5: model.1.Discretization: Keras cannot build Discretization",
                    "Both `num_bins` and `bin_boundaries` should not be set",
                ),
            ),
            (
                "  - Dense: {units: 16, activation: relu}\n",
                CONV,
                (
                    "c.yaml:9:5: model.1.Conv2D: Keras cannot build Conv2D (it receives shape (None, 36))",
                    "expected min_ndim=4, found ndim=2",
                ),
            ),
            (
                "{units: num_classes, activation: softmax}\n",
                "{units: 4}\n  - Softmax\n",
                ("c.yaml:11:5: model.3: the model's output has shape (None, 4)", "units: num_classes"),
            ),
            (
                "  - Flatten\n",
                "",
                ("c.yaml:9:5: model.1.Dense: the model's output has shape (None, 6, 6, 3)",),
            ),
            (
                "batch_size: 16",
                "batch_size: 16\naugmentation: [{Reshape: {target_shape: [36, 1]}}]",
                ("c.yaml:5:17: augmentation.0.Reshape: ", "augmentation keeps the shape", "preprocessing"),
            ),
            ("epochs: 2", "device: gpu:7", ("training.device: gpu:7: TensorFlow sees",)),
        ],
    )
    def test_is_a_config_error_at_the_step(self, refuses, changed, tmp_path, old, new, says):
        refuses(2, "train", changed(old, new), says=says)
        assert not (tmp_path / "refused").exists()

    def test_float16_is_for_gpus(self, refuses, tiny):
        words = ["training.device=cpu", "training.precision=mixed_float16"]
        refuses(2, "train", tiny, *words, says=("training.precision: mixed_float16 is for GPUs",))

    @pytest.mark.parametrize("command", ["train", "show"])
    def test_classes_that_are_counted_in_the_data(self, refuses, changed, command):
        np.savez("data.npz", x=np.zeros((120, 6, 6, 1), np.uint8), y=np.arange(120) % 3)
        config = Path(changed("units: num_classes", "units: 4"))
        source = "{synthetic: {shape: [6, 6, 1], num_classes: 3, num_examples: 120}}"
        assert source in config.read_text()
        config.write_text(config.read_text().replace(source, "{npz: {path: data.npz}}"))
        says = (
            "c.yaml:10:20: model.2.Dense.units: the model gives 4 numbers, and the data has 3 classes",
            "write units: num_classes",
        )
        refuses(2, command, config, says=says)
        assert not Path("runs").exists()

    def test_show_says_it_too(self, refuses, changed):
        old, new = "{units: num_classes, activation: softmax}\n", "{units: 4}\n  - Softmax\n"
        says = ("c.yaml:11:5: model.3: the model's output has shape (None, 4)",)
        refuses(2, "show", changed(old, new), says=says)


@pytest.mark.parametrize("runs_dir", ["file", "file/deeper", "/dev/null"])
def test_a_file_where_the_runs_should_be(refuses, tiny, write, runs_dir):
    write("", "file")
    says = ("expected a folder for runs, found a file", "--runs-dir DIR")
    refuses(5, "train", tiny, "--runs-dir", runs_dir, says=says)


@pytest.mark.tf
def test_a_file_where_the_runs_of_this_name_should_be(refuses, tiny, write):
    write("", "runs/tiny")
    outcome = refuses(5, "train", tiny, "--runs-dir", "runs", says=("runs/tiny/", "cannot be written"))
    assert "--runs-dir DIR" in outcome.err
    assert Path("runs/tiny").read_text() == ""


@pytest.mark.tf
@pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc, which even root cannot write")
def test_a_folder_that_nobody_can_write(refuses, tiny):
    refuses(5, "train", tiny, "--runs-dir", "/proc/runs", says=("/proc/runs/tiny/", "cannot be written"))
