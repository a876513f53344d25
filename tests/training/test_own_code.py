"""A run with code of its user's own: it has a copy, which runs while it is the user's file, or with trust."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bigmodel_cli.errors import ConfigError, DataError
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.modeling import own_code
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.training.callback_state import callback_counters, restore_counters

pytestmark = pytest.mark.tf
SOURCE = Path(__file__).resolve().parents[2] / "docs" / "own-code" / "my_layers.py"
CONFIG = """\
name: own
code: my_layers.py
data:
  source: {synthetic: {shape: [6, 6, 1], num_classes: 3, num_examples: 120}}
  batch_size: 16
preprocessing: [{Rescaling: {scale: 1/255}}]
model:
  - Flatten
  - Scale: {start: 0.9, scale_regularizer: {L2: {l2: 1e-4}}}
  - Dense: {units: 8, activation: wavy}
  - Dense: {units: num_classes, activation: softmax}
loss: {focal: {gamma: 1.5}}
optimizer: {Adam: {learning_rate: {Halving: {start: 0.05, every: 50}}}}
metrics: [accuracy, Surest]
training:
  epochs: 3
  device: cpu
  callbacks: [{StopWhenFlat: {patience: 5}}]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the config and its code are."""
    folder = tmp_path_factory.mktemp("own")
    shutil.copy(SOURCE, folder)
    (folder / "own.yaml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def trained(folder: Path) -> RunFolder:
    from bigmodel_cli.training.train import How, train

    result = train(read_config(folder / "own.yaml"), NewRun(folder / "runs", "own"), how=How(exports=True))
    assert result is not None
    return result.run


@pytest.fixture
def begun_anew(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """As in a process that has run no such code."""

    def begin() -> None:
        import keras

        monkeypatch.setattr(own_code, "_loaded", {})
        monkeypatch.setattr(own_code, "_allowed", {})
        keras.saving.get_custom_objects().clear()

    return begin


@pytest.fixture
def edited(folder: Path) -> Any:
    """The user's file has changed since."""
    path = folder / "my_layers.py"
    path.write_text(f"{SOURCE.read_text()}\n# Changed.\n")
    yield path
    path.write_text(SOURCE.read_text())


def test_the_run_has_a_copy_and_its_hash(trained: RunFolder) -> None:
    copy = trained.code / "my_layers.py"
    assert copy.read_text() == SOURCE.read_text()
    record = trained.read_record()
    assert record["files"]["code/my_layers.py"]["bytes"] == copy.stat().st_size
    assert record["status"] == "completed" and record["better"]["surest"] == "max"
    assert record["litert"]["same_classes"] is True
    metrics = trained.metrics.read_text().splitlines()[0].split(",")
    assert {"surest", "val_surest", "learning_rate"} <= set(metrics)


def test_its_model_loads_while_the_copy_is_the_users_file(trained: RunFolder, begun_anew: Any) -> None:
    begun_anew()
    model = load_checkpoint(trained, "best")
    assert [type(layer).__name__ for layer in model.layers].count("Scale") == 1


def test_a_changed_file_needs_trust(trained: RunFolder, edited: Path, begun_anew: Any) -> None:
    begun_anew()
    with pytest.raises(DataError, match=r"my_layers\.py is another one now") as caught:
        load_checkpoint(trained, "best")
    assert "--trust" in (caught.value.hint or "")
    assert load_checkpoint(trained, "best", trust=True) is not None


def test_a_file_that_is_gone_needs_trust(trained: RunFolder, edited: Path, begun_anew: Any) -> None:
    begun_anew()
    edited.unlink()
    with pytest.raises(DataError, match="from which it was copied, is not there"):
        load_checkpoint(trained, "best")


def test_a_file_inside_the_run_is_nobodys_word(trained: RunFolder, tmp_path: Path, begun_anew: Any) -> None:
    """A run from elsewhere cannot vouch for itself."""
    run = RunFolder(tmp_path / "stolen")
    shutil.copytree(trained.path, run.path)
    config = read_config(run.config, was_trained=True)
    (file,) = config.code.files
    text = run.config.read_text().replace(str(file.named), str(run.code / "my_layers.py"))
    run.config.write_text(text)
    begun_anew()
    with pytest.raises(DataError, match="lies in the run itself"):
        own_code.allow(read_config(run.config, was_trained=True).code, trust=False)


@pytest.mark.parametrize("named", ["../my_layers.py", "~/my_layers.py"])
def test_a_file_that_came_with_the_run_is_nobodys_word(
    trained: RunFolder, tmp_path: Path, begun_anew: Any, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive may have a file beside the run as well."""
    run = RunFolder(tmp_path / "unpacked" / "stolen")
    shutil.copytree(trained.path, run.path)
    shutil.copy(run.code / "my_layers.py", run.path.parent / "my_layers.py")
    monkeypatch.setenv("HOME", str(run.path.parent))
    (file,) = read_config(run.config, was_trained=True).code.files
    run.config.write_text(run.config.read_text().replace(str(file.named), named))
    begun_anew()
    with pytest.raises(DataError, match="does not run by itself"):
        own_code.allow(read_config(run.config, was_trained=True).code, trust=False)


def test_a_damaged_copy_is_not_run(trained: RunFolder, tmp_path: Path, begun_anew: Any) -> None:
    run = RunFolder(tmp_path / "damaged")
    shutil.copytree(trained.path, run.path)
    with (run.code / "my_layers.py").open("a") as file:
        file.write("# ?\n")
    begun_anew()
    with pytest.raises(DataError, match="damaged or changed"):
        load_checkpoint(run, "best", trust=True)


def test_resume_asks_too_and_goes_on(
    trained: RunFolder, tmp_path: Path, edited: Path, begun_anew: Any
) -> None:
    from bigmodel_cli.training.train import How, resume

    run = RunFolder(tmp_path / "longer")
    shutil.copytree(trained.path, run.path)
    begun_anew()
    with pytest.raises(DataError, match="is another one now"):
        resume(run, ["training.epochs=4"])
    result = resume(run, ["training.epochs=4"], how=How(trust=True))
    assert result is not None and len(run.metrics.read_text().splitlines()) == 5
    assert (run.code / "my_layers.py").read_text() == SOURCE.read_text()


def test_a_teacher_with_it(trained: RunFolder, folder: Path, edited: Path, begun_anew: Any) -> None:
    """A model without such code learns from one that has it, by the same rule."""
    from bigmodel_cli.inference.run_data import load_splits
    from bigmodel_cli.listener import Silent
    from bigmodel_cli.training.prepared import Beginning, prepare

    lines = ["model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]", "optimizer: Adam"]
    data = CONFIG[CONFIG.index("data:") : CONFIG.index("model:")]
    (folder / "pupil.yaml").write_text(
        data + "\n".join([*lines, "loss: CategoricalCrossentropy", "compress: {distill: {teacher: own}}", ""])
    )
    experiment = read_config(folder / "pupil.yaml", runs_dir=folder / "runs").experiment

    def learn(*, trust: bool = False) -> None:
        begun_anew()
        splits = load_splits(experiment, Silent(), offline=True)
        made = prepare(experiment, splits, Silent(), beginning=Beginning(trust=trust))
        feed = made.feeds["train"]
        steps, loss = made.training.run(feed.chunk(feed.rows(np.arange(32), 0, 2)))
        assert steps == 2 and np.isfinite(loss)
        made.close()

    with pytest.raises(DataError, match=r"my_layers\.py is another one now") as caught:
        learn()
    assert "--trust" in (caught.value.hint or "")
    learn(trust=True)
    edited.write_text(SOURCE.read_text())
    learn()


def test_another_run_may_have_other_classes_of_the_same_names(trained: RunFolder, tmp_path: Path) -> None:
    other = _trained_with(tmp_path, SOURCE.read_text().replace("return inputs * self.scale", "return inputs"))
    assert other is not None
    examples = np.full((1, 6, 6, 1), 100, "uint8")
    before, after = (np.asarray(load_checkpoint(trained, "best")(examples)) for _ in range(2))
    theirs = load_checkpoint(other.run, "best").get_layer("scale")
    ours = load_checkpoint(trained, "best").get_layer("scale")
    assert type(theirs) is not type(ours) and theirs(np.ones((1, 36))).numpy().tolist() == [[1.0] * 36]
    assert ours(np.ones((1, 36))).numpy().tolist() != [[1.0] * 36] and before.tolist() == after.tolist()


def test_plain_keras_loads_it_with_custom_objects(trained: RunFolder, begun_anew: Any) -> None:
    import importlib.util

    import keras

    spec = importlib.util.spec_from_file_location("theirs", SOURCE)
    assert spec is not None and spec.loader is not None
    theirs = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(theirs)
    begun_anew()
    known = {"Scale": theirs.Scale, "wavy": theirs.wavy}
    model = keras.models.load_model(trained.checkpoint("best"), custom_objects=known, compile=False)
    assert np.asarray(model(np.zeros((2, 6, 6, 1), "uint8"))).shape == (2, 3)


def test_evaluate_and_predict_and_export(trained: RunFolder, folder: Path) -> None:
    from bigmodel_cli.exporting.export import Request, export_run
    from bigmodel_cli.exporting.wanted import wanted_of
    from bigmodel_cli.inference.engines import open_engine
    from bigmodel_cli.inference.evaluate import Request as Evaluate
    from bigmodel_cli.inference.evaluate import evaluate_run
    from bigmodel_cli.inference.opened import open_folder
    from bigmodel_cli.listener import Silent

    opened = open_folder(trained)
    evaluated = evaluate_run(opened, Evaluate(), Silent()).document
    recorded = json.loads(trained.evaluation("test").read_text())
    assert evaluated["metrics"] == recorded["metrics"] and "surest" in evaluated["metrics"]
    assert open_engine(trained, "auto", warn=print).engine.__class__.__name__ != "KerasEngine"
    found = export_run(opened, Request(wanted_of(["keras,litert"], [])), Silent())
    assert [one.reason for one in found] == [None, None]
    place = trained.exports / "keras"
    assert (place / "my_layers.py").read_text() == SOURCE.read_text()
    assert "CUSTOM_OBJECTS" in (place / "example.py").read_text()


def _trained_with(tmp_path: Path, code: str, config: str = CONFIG) -> Any:
    from bigmodel_cli.training.train import train

    (tmp_path / "my_layers.py").write_text(code)
    (tmp_path / "own.yaml").write_text(config)
    return train(read_config(tmp_path / "own.yaml"), NewRun(tmp_path / "runs", "own"))


def test_what_fails_when_the_file_runs_has_its_line(tmp_path: Path) -> None:
    code = SOURCE.read_text() + "\nnumbers = {}\nnumbers['a']\n"
    with pytest.raises(ConfigError, match=rf"my_layers.py:{len(code.splitlines())}: KeyError: 'a'"):
        _trained_with(tmp_path, code)
    assert not (tmp_path / "runs").exists()


def test_what_fails_in_a_layer_points_at_both(tmp_path: Path) -> None:
    code = SOURCE.read_text().replace("return inputs * self.scale", "raise ValueError('no')")
    with pytest.raises(
        ConfigError, match=r"own.yaml:9:5: model.1.Scale: Keras cannot build Scale .*my_layers.py:\d+: .*no"
    ):
        _trained_with(tmp_path, code)


def test_what_fails_in_a_callback_has_its_line(tmp_path: Path) -> None:
    code = SOURCE.read_text().replace('logs["val_loss"]', 'logs["lost"]')
    line = code[: code.index('logs["lost"]')].count("\n") + 1
    with pytest.raises(ConfigError, match=rf"my_layers.py:{line}: KeyError: 'lost'"):
        _trained_with(tmp_path, code)


def test_what_a_loss_was_given_is_told_where_it_fails(tmp_path: Path) -> None:
    code = SOURCE.read_text() + "\ndef second(y_true, y_pred):\n    return y_true[:, 1] - y_pred\n"
    config = CONFIG.replace("{focal: {gamma: 1.5}}", "second")
    with pytest.raises(ConfigError, match=rf"my_layers.py:{len(code.splitlines())}: ") as raised:
        _trained_with(tmp_path, code, config)
    assert raised.value.hint == "y_true has shape (16,), y_pred has shape (16, 3)"


class Counting:
    def get_state(self) -> dict[str, Any]:
        return {"seen": (1, 2), "mean": np.float32(0.5), "array": np.arange(3.0)}

    def set_state(self, state: dict[str, Any]) -> None:
        self.state = state


def test_the_state_of_a_callback_comes_back() -> None:
    counters, arrays = callback_counters([Counting()])
    again = Counting()
    restore_counters([again], json.loads(json.dumps(counters)), arrays)
    assert again.state["seen"] == [1, 2] and again.state["mean"] == 0.5
    assert again.state["array"].tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(("state", "says"), [([1], "expected a mapping"), ({"a": {1}}, "cannot keep 'a'")])
def test_a_state_that_cannot_be_kept_is_told(state: Any, says: str) -> None:
    counting = Counting()
    counting.get_state = lambda: state  # type: ignore[method-assign]
    with pytest.raises(ConfigError, match=says):
        callback_counters([counting])
