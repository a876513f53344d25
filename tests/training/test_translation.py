"""A text from another, from its table to its scores: one run, and one that was interrupted and goes on."""

from __future__ import annotations

import csv
import random
from pathlib import Path

import numpy as np
import pytest
from broken_off import ended_by_a_signal, same_run

from bigmodel_cli.errors import ConfigError, Interrupted
from bigmodel_cli.listener import Silent
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.run_folder import RunFolder

pytestmark = pytest.mark.tf
WORDS = {"one": "eins", "two": "zwei", "dogs": "Hunde", "cats": "Katzen", "run": "laufen", "sing": "singen"}
LENGTH = 12
# The tokenizer of the second column is that of the first, and the decoder has no mask of its own.
CONFIG = f"""\
name: pairs
data:
  source:
    table:
      path: train.tsv
      test: test.tsv
      target: {{de: {{beams: 3, length_penalty: 0.8}}}}
      columns:
        en: {{subwords: {{tokenizer: {{bpe: {{vocabulary_size: 300}}}}, length: {LENGTH}}}}}
        de: {{subwords: {{tokenizer: {{same_as: en}}, length: {LENGTH}}}}}
  validation: 0.2
  batch_size: 16
model:
  - token_and_position: {{inputs: [en], width: 24, length: {LENGTH}}}
  - transformer: {{name: encoded, layers: 1, heads: 2}}
  - token_and_position: {{inputs: [de.before], width: 24, length: {LENGTH}, mask_zero: false}}
  - transformer_decoder: {{inputs: [previous, encoded], layers: 1, heads: 2}}
  - Dense: {{units: de.vocabulary_size}}
loss: {{CategoricalCrossentropy: {{from_logits: true, label_smoothing: 0.1}}}}
optimizer: {{Adam: {{learning_rate: 0.01}}}}
training: {{epochs: 8, deterministic: true, device: cpu}}
"""


def write_tables(folder: Path) -> None:
    drawn = random.Random(0)

    def pair() -> str:
        chosen = [drawn.choice(["one", "two"]), drawn.choice(["dogs", "cats"]), drawn.choice(["run", "sing"])]
        return f"{' '.join(chosen)}\t{' '.join(WORDS[word] for word in reversed(chosen))}\n"

    rows = [pair() for _ in range(150)]
    # One that is longer than the model takes.
    long = f"{'one dogs run ' * 6}\t{'laufen Hunde eins ' * 6}\n"
    (folder / "train.tsv").write_text("".join(["en\tde\n", *rows, long]))
    (folder / "test.tsv").write_text("".join(["en\tde\n", *(pair() for _ in range(30)), long]))
    (folder / "pairs.yaml").write_text(CONFIG)


def train_in(folder: Path) -> RunFolder:
    from bigmodel_cli.modeling.language import read_config
    from bigmodel_cli.training.train import train

    loaded = read_config(folder / "pairs.yaml")
    return train(loaded, NewRun(folder / "runs", "pairs"), [Silent()]).run


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pairs")
    write_tables(folder)
    return train_in(folder)


@pytest.fixture
def rows(run):
    with run.predictions("test", "best").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def scores(run):
    document = run.read_json(run.evaluation("test", "best"))
    return {**document["metrics"], **document["scores"]}


def test_it_learns(scores):
    assert scores["exact_match"] > 0.9
    assert scores["token_accuracy"] > 0.9


def test_scores_are_those_of_what_is_written_beside_the_texts_of_the_table(run, rows, scores):
    sacrebleu = pytest.importorskip("sacrebleu")
    found, right = ([row[name] for row in rows] for name in ("prediction", "label"))
    table = (run.path.parents[2] / "test.tsv").read_text().splitlines()[1:]
    assert right == [line.split("\t")[1].strip() for line in table], "what was cut is compared whole"
    assert scores["bleu"] == pytest.approx(sacrebleu.corpus_bleu(found, [right]).score, abs=1e-6)
    assert scores["chrf"] == pytest.approx(sacrebleu.corpus_chrf(found, [right]).score, abs=1e-6)
    same = [one == other for one, other in zip(found, right, strict=True)]
    assert scores["exact_match"] == pytest.approx(np.mean(same))


def test_padding_counts_in_no_metric(rows, scores):
    """Though the decoder has no mask; and a token counts the same in batches of long and of short texts."""
    tokens, foreseen = (sum(int(row[name]) for row in rows) for name in ("tokens", "foreseen"))
    assert tokens < len(rows) * LENGTH
    assert scores["accuracy"] == pytest.approx(foreseen / tokens, abs=1e-5)
    surprise = sum(float(row["surprise"]) for row in rows)
    assert scores["perplexity"] == pytest.approx(np.exp(surprise / tokens), rel=1e-4)


def test_predictions_of_texts_lines_and_tables_are_the_same(run, rows, bigmodel, tmp_path):
    table = (run.path.parents[2] / "test.tsv").read_text().splitlines()[1:4]
    texts, expected = [line.split("\t")[0] for line in table], [row["prediction"] for row in rows[:3]]
    (tmp_path / "x.txt").write_text("\n".join(texts) + "\n")
    (tmp_path / "x.tsv").write_text("\n".join(["en", *texts]) + "\n")
    in_command = [word for text in texts for word in ("--text", text)]
    for words in ([tmp_path / "x.txt"], [tmp_path / "x.tsv"], in_command):
        said = bigmodel("predict", *words, "--run", run.path, "--json")
        assert said.code == 0, said.err
        assert [one["prediction"] for one in said.json["predictions"]] == expected
    lines = bigmodel("predict", tmp_path / "x.txt", "--run", run.path).out.splitlines()
    assert lines == [f"{tmp_path}/x.txt:{number}: {text}" for number, text in enumerate(expected, 1)]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (
            ("export", "RUN", "--format", "keras"),
            "its texts are searched for, token by token, which no exported file does",
        ),
        (
            ("explain", "--run", "RUN"),
            "no text to explain\nhint: give a table, a file of lines, or --set en=",
        ),
        (("generate", "one", "--run", "RUN"), "its model does not go on with a text"),
    ],
)
def test_what_such_a_run_has_not_is_said(run, bigmodel, words, says):
    ended = bigmodel(*(run.path if word == "RUN" else word for word in words))
    assert ended.code == 2
    assert says in ended.err


def test_going_on_leads_to_what_an_unbroken_run_led_to(run, tmp_path):
    from bigmodel_cli.training.train import resume

    write_tables(tmp_path)
    with ended_by_a_signal(call=9), pytest.raises(Interrupted):
        train_in(tmp_path)
    (folder,) = (tmp_path / "runs" / "pairs").iterdir()
    again = resume(RunFolder(folder), listeners=[Silent()]).run
    same_run(run.path, again.path)
    assert again.predictions("test", "best").read_text() == run.predictions("test", "best").read_text()


def test_a_tokenizer_of_a_column_that_has_none_is_an_error(tmp_path):
    write_tables(tmp_path)
    config = tmp_path / "pairs.yaml"
    config.write_text(CONFIG.replace("same_as: en", "same_as: em"))
    with pytest.raises(
        ConfigError, match="de: same_as: em is no column with a tokenizer of its own"
    ) as caught:
        train_in(tmp_path)
    assert "there are: en" in str(caught.value)
