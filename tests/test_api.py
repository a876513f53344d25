"""From Python: the same as the commands, with nothing heavy before it is needed."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bigmodel_cli
from bigmodel_cli import Run, load, train
from bigmodel_cli.errors import ConfigError, DataError, UsageError

NOTEBOOK = Path(__file__).resolve().parents[1] / "docs" / "notebook.ipynb"
GUIDE = Path(__file__).resolve().parents[1] / "docs" / "python.md"
CONFIG = """\
name: shades
data: {source: {npz: {path: shades.npz, class_names: [dark, bright]}}, batch_size: 8, test: 0.3}
preprocessing: [{Rescaling: {scale: 1/255}}]
model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.1}}
training: {epochs: 9, device: cpu}
"""
ROWS = """\
name: rows
data: {source: {table: {path: rows.csv, target: price}}, batch_size: 8, test: 0.3}
preprocessing: {number: [Normalization], category: [{StringLookup: {output_mode: one_hot}}]}
model: [{Dense: {units: 1}}]
loss: MeanSquaredError
optimizer: {Adam: {learning_rate: 0.3}}
training: {epochs: 30, device: cpu}
"""


def test_what_there_is_is_what_is_documented() -> None:
    assert bigmodel_cli.__all__ == ["Run", "load", "train"]
    public = [name for name in vars(Run) if not name.startswith("_")]
    text = GUIDE.read_text("utf-8")
    assert not [
        name for name in [*bigmodel_cli.__all__, *public] if f"`{name}" not in text and f".{name}" not in text
    ]
    with pytest.raises(AttributeError, match="no attribute 'fit'"):
        bigmodel_cli.fit  # noqa: B018


def test_nothing_heavy_is_loaded_with_it() -> None:
    code = """\
import sys
from bigmodel_cli import load, train
print(sorted({"tensorflow", "keras", "numpy", "matplotlib", "click"} & set(sys.modules)))
"""
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("api")
    rng = np.random.default_rng(0)
    labels = np.arange(80) % 2
    shades = (50 + 150 * labels[:, None, None] + rng.integers(-30, 31, (80, 4, 4))).astype(np.uint8)
    np.savez(folder / "shades.npz", x=shades, y=labels)
    (folder / "c.yaml").write_text(CONFIG)
    return train(folder / "c.yaml", {"training.epochs": 8}, runs_dir=folder / "runs", progress="none")


@pytest.mark.tf
def test_a_run_is_trained_looked_at_and_used(trained: Run, capfd: pytest.CaptureFixture[str]) -> None:
    assert trained.path.parent.name == "shades" and trained.config["training"]["epochs"] == 8
    assert len(trained.metrics["val_accuracy"]) == 8
    assert trained.evaluation["split"] == "test" and trained.evaluation["metrics"]["accuracy"] == 1
    assert trained.evaluate()["metrics"] == trained.evaluation["metrics"]
    assert trained.evaluate(split="validation")["split"] == "validation"
    assert trained.model.input_shape == (None, 4, 4)
    assert {"curves", "confusion_matrix"} <= set(trained.plots())
    assert trained.report.read_text().startswith("<!doctype html>")
    assert "<td>accuracy</td><td>1.0000</td>" in trained._repr_html_()
    assert repr(load("shades", runs_dir=trained.path.parents[1])) == repr(trained)
    assert capfd.readouterr().out == ""


@pytest.mark.tf
def test_arrays_and_files_are_predicted(trained: Run, tmp_path: Path) -> None:
    bright = np.full((4, 4), 210, np.uint8)
    (one,) = trained.predict(bright)
    assert one["prediction"] == "bright"
    two = trained.predict(np.stack([bright, bright // 4]), top=1)
    assert [answer["prediction"] for answer in two] == ["bright", "dark"]
    np.save(tmp_path / "many.npy", np.stack([bright] * 3))
    for what in (tmp_path / "many.npy", [str(tmp_path / "many.npy")]):
        assert len(trained.predict(what)) == 3
    with pytest.raises(DataError, match="array: expected one example of shape 4 × 4"):
        trained.predict(np.zeros((5, 5)))


@pytest.mark.tf
def test_rows_are_mappings(tmp_path: Path) -> None:
    lines = [f"{size},{town},{size + 10 * (town == 'Ulm')}" for size in range(40) for town in ("Ulm", "Bonn")]
    (tmp_path / "rows.csv").write_text("\n".join(["size,town,price", *lines]))
    (tmp_path / "c.yaml").write_text(ROWS)
    run = train(tmp_path / "c.yaml", runs_dir=tmp_path / "runs", progress="none")
    rows = [{"size": 20, "town": "Ulm"}, {"size": np.float32(20), "town": "Bonn"}]
    ulm, bonn = (answer["prediction"] for answer in run.predict(rows))
    assert ulm - bonn == pytest.approx(10, abs=4)
    assert run.predict(rows[0])[0]["prediction"] == ulm
    pandas: Any = pytest.importorskip("pandas")
    assert [answer["prediction"] for answer in run.predict(pandas.DataFrame(rows))] == [ulm, bonn]
    with pytest.raises(UsageError, match="expected rows as mappings from columns to values, found int"):
        run.predict(3)


@pytest.mark.tf
@pytest.mark.plots
def test_the_notebook_of_the_docs_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cell after cell, the last line of each being what a notebook shows."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BIGMODEL_RUNS", raising=False)
    names: dict[str, Any] = {}
    shown = []
    for cell in json.loads(NOTEBOOK.read_text("utf-8"))["cells"]:
        first, _, rest = "".join(cell["source"]).partition("\n")
        if cell["cell_type"] != "code":
            continue
        if first.startswith("%%writefile "):
            Path(first.split()[1]).write_text(f"{rest}\n")
            continue
        *lines, last = ast.parse(f"{first}\n{rest}").body
        exec(compile(ast.Module(lines, []), "cell", "exec"), names)
        if isinstance(last, ast.Expr):
            shown.append(eval(compile(ast.Expression(last.value), "cell", "eval"), names))
        else:
            exec(compile(ast.Module([last], []), "cell", "exec"), names)
    run, accuracy, answers, right, figure, evaluation = shown
    assert run._repr_html_().startswith("<b>runs/digits/")
    assert accuracy == run.metrics["val_accuracy"][-1] > 0.8
    assert len(answers) == 5 and right > 0.8
    assert len(figure.axes) >= 1 and evaluation["split"] == "validation"


def test_mistakes_are_those_of_the_commands(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG.replace("Flatten", "Flaten"))
    with pytest.raises(ConfigError, match=r"c\.yaml:4:9: model\.0"):
        train(tmp_path / "c.yaml")
    with pytest.raises(UsageError, match="nothing: no such run"):
        load("nothing", runs_dir=tmp_path)
