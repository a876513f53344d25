"""A run on text, from training to its report, and on after a signal."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from bigmodel_cli.cli.main import run as run_command
from bigmodel_cli.cli.progress import Lines
from bigmodel_cli.metrics_file import TIME_COLUMNS, read_metrics
from bigmodel_cli.run_folder import RunFolder

pytestmark = pytest.mark.tf

TEXT = Path(__file__).resolve().parents[1] / "frozen" / "data" / "text.txt"
CONFIG = f"""\
name: words
data:
  source: {{text_files: {{path: {TEXT}, length: 8, windows_per_epoch: 64}}}}
  batch_size: 16
model:
  - token_and_position: {{width: 8}}
  - transformer: {{layers: 1, heads: 2, causal: true, dropout: 0.1}}
  - Dense: {{units: vocabulary_size}}
loss: {{SparseCategoricalCrossentropy: {{from_logits: true}}}}
optimizer: {{Adam: {{learning_rate: 0.01}}}}
metrics: []
training: {{epochs: 3, steps_per_execution: 2, device: cpu, deterministic: true}}
"""


def train(folder: Path, *words: str, code: int = 0) -> RunFolder:
    (folder / "words.yaml").write_text(CONFIG)
    assert run_command(["train", *(words or [str(folder / "words.yaml")]), "--runs-dir", str(folder)]) == code
    (path,) = (folder / "words").iterdir()
    return RunFolder(path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return train(tmp_path_factory.mktemp("whole"))


def numbers(run):
    return {name: values for name, values in read_metrics(run.metrics).items() if name not in TIME_COLUMNS}


def test_what_it_writes_is_kept_told_and_shown(whole):
    texts = whole.read_json(whole.texts)
    assert [one["epoch"] for one in texts] == [1, 2, 3]
    for one in texts:
        assert len(one["text"]) == 112 and set(one["text"]) <= set("\n abcde")
        assert one["longest_run"] in one["text"] and one["longest_run"] in TEXT.read_text()
    assert "epoch 3 writes: " in whole.log.read_text()
    page = whole.report.read_text()
    assert "What the model writes" in page and texts[-1]["text"].split("\n")[0] in page
    assert "bits per byte" in page


def test_what_to_type_next_writes(whole, capsys):
    assert run_command(["runs", "show", str(whole.path)]) == 0
    assert '  bigmodel generate "A beginning" --run ' in capsys.readouterr().err


def test_scores_are_of_every_token_that_is_held_out(whole):
    found = json.loads(whole.evaluation("test").read_text())
    assert found["tokens"] == found["examples"] * 8
    nats = found["metrics"]["loss"]
    assert found["scores"]["bits_per_token"] == pytest.approx(nats / 0.6931472, rel=1e-5)
    assert found["metrics"]["bits_per_byte"] == pytest.approx(found["scores"]["bits_per_token"])


def test_evaluated_again_it_is_as_good(whole, bigmodel):
    before = json.loads(whole.evaluation("test").read_text())
    again = bigmodel("evaluate", whole.path)
    assert again.code == 0, again.err
    after = json.loads(whole.evaluation("test").read_text())
    assert after["metrics"] == pytest.approx(before["metrics"], rel=1e-6)


def test_after_a_signal_it_goes_on_as_if_nothing_had_been(whole, tmp_path, monkeypatch):
    as_ever = Lines.progressed

    def told(self, progress, *_):
        if (progress.epoch, progress.step) == (2, 2):
            monkeypatch.setattr(Lines, "progressed", as_ever)
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(Lines, "progressed", told)
    cut = train(tmp_path, code=143)
    assert [one["epoch"] for one in cut.read_json(cut.texts)] == [1]
    resumed = train(tmp_path, "--resume", str(cut.path))
    assert numbers(resumed) == numbers(whole)
    assert resumed.read_json(resumed.texts) == whole.read_json(whole.texts)


@pytest.mark.parametrize("monitor", ["val_bits_per_byte", "val_perplexity", "accuracy"])
def test_what_auto_measures_can_be_watched(monitor, bigmodel, tmp_path):
    (tmp_path / "words.yaml").write_text(CONFIG)
    words = ("metrics=auto", f"training.checkpoint.monitor={monitor}")
    assert bigmodel("check", tmp_path / "words.yaml", *words).code == 0
