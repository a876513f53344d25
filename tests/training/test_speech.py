"""Speech from files beside each other: subwords, words that follow others, and the same from every engine."""

from __future__ import annotations

import csv
import json
import random

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.tf
RATE = 2000
TONES = {"hi": 250.0, "lo": 600.0, "mid": 420.0}
CONFIG = """\
name: speech
data:
  source:
    speech_folder: {path: clips, sample_rate: 2000, seconds: 0.6, TOLD}
  batch_size: 8
preprocessing:
  - mel_spectrogram: {bands: 16, window_seconds: 0.064, hop_seconds: 0.02, expand_dims: false}
model:
  - Conv1D: {filters: 32, kernel_size: 5, padding: same, use_bias: false}
  - BatchNormalization: {momentum: 0.9}
  - ReLU
  - Conv1D: {filters: 32, kernel_size: 5, padding: same, activation: relu}
  - Dense: {units: vocabulary_size}
loss: CTC
optimizer: {Adam: {learning_rate: 0.01}}
training: {epochs: EPOCHS, device: cpu, deterministic: true}
"""


def write_clips(folder):
    """Words are tones with silence between; what is said stands beside, and of the test split in a list."""
    drawn, noise = random.Random(0), np.random.default_rng(0)
    for split, count in (("train", 160), ("dev", 16), ("test", 16)):
        (folder / split).mkdir(parents=True)
        lines = []
        for number in range(count):
            words = [drawn.choice([*TONES]) for _ in range(2)]
            time = np.arange(round(0.2 * RATE)) / RATE
            silence = np.zeros(round(0.08 * RATE))
            parts = [part for word in words for part in (np.sin(2 * np.pi * TONES[word] * time) / 2, silence)]
            sound = np.concatenate(parts)
            path = folder / split / f"{split}-{number}.wav"
            soundfile.write(path, sound + noise.normal(0, 0.01, len(sound)), RATE)
            text = " ".join(words).upper()
            if split == "test":
                lines.append(f"{path.stem} {text}")
            else:
                path.with_suffix(".txt").write_text(text)
        if lines:
            (folder / split / "all.trans.txt").write_text("\n".join(lines))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("speech")
    write_clips(folder / "clips")
    (folder / "more.txt").write_text("hi hi\nmid lo\n")
    return folder


def trained_with(folder, name, told, epochs):
    from bigmodel_cli.cli.main import run

    config = folder / f"{name}.yaml"
    config.write_text(CONFIG.replace("TOLD", told).replace("EPOCHS", str(epochs)))
    assert run(["train", str(config), "--runs-dir", str(folder / name), "--plain"]) == 0
    (found,) = (folder / name / "speech").iterdir()
    return found


@pytest.fixture(scope="module")
def subwords(folder):
    return trained_with(
        folder, "subwords", "tokenizer: {bpe: {vocabulary_size: 264}}, lowercase: true", epochs=11
    )


def predictions(run):
    with (run / "evaluation" / "predictions_test.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_subwords_are_heard(subwords):
    rows = predictions(subwords)
    assert {word for row in rows for word in row["label"].split()} == set(TONES)
    assert np.mean([row["label"] == row["prediction"] for row in rows]) > 0.8
    assert "path: tokenizer_label.json" in (subwords / "config.yaml").read_text()


def test_a_run_of_subwords_is_evaluated_and_predicts(subwords, folder, bigmodel):
    again = bigmodel("evaluate", subwords, "--split", "validation", "--json")
    assert again.code == 0, again.err
    sounds = [folder / "clips" / "test" / f"test-{number}.wav" for number in range(4)]
    done = bigmodel("predict", "--run", subwords, *sounds, "--json")
    assert done.json["engine"] == "litert"
    expected = {row["example"]: row["prediction"] for row in predictions(subwords)}
    for one, sound in zip(done.json["predictions"], sounds, strict=True):
        assert one["prediction"] == next(text for name, text in expected.items() if name.endswith(sound.name))


def test_onnx_hears_the_same(subwords, bigmodel, tmp_path):
    pytest.importorskip("tf2onnx")
    done = bigmodel("export", subwords, "--format", "onnx", "--out", tmp_path, "--json")
    assert done.code == 0, done.err
    (found,) = done.json["exports"]
    assert found["comparison"]["equal_decisions"] == 1
    assert found["comparison"]["max_difference"] < 1e-3


def test_words_that_follow_others_are_counted_in_training_and_more_texts(folder, bigmodel):
    run = trained_with(folder, "words", "lowercase: true, word_ngram: 2, texts: more.txt, beams: 4", epochs=1)
    search = json.loads((run / "run.json").read_text())["signature"]["targets"]["label"]["search"]
    spoken = [path.read_text().lower() for path in (folder / "clips" / "train").glob("*.txt")]
    assert search["word_ngram"] == 2 and search["ngrams"] == {}
    assert search["word_ngrams"]["hi hi"] == spoken.count("hi hi") + 1
    again = bigmodel("evaluate", run, "--split", "test", "--json")
    assert again.code == 0, again.err
