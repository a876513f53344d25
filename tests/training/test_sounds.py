"""A small model of sounds, trained once from files: waves of which parts are drawn, augmented as waves and as
spectrograms, kept, resumed, predicted and shown."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile
from broken_off import goes_on_to_the_same

pytestmark = pytest.mark.tf
RATE = 4000
CONFIG = """\
name: sounds
data:
  source:
    audio_folder:
      {path: sounds, sample_rate: 4000, seconds: 0.5, longer: random, name_pattern: "{label}_{take}",
       label: label, test: {take: [0, 1, 2, 3]}}
  validation: 0.2
  batch_size: 8
  cache: CACHE
augmentation:
  - time_shift: {factor: 0.05}
  - gain
  - add_noise: {snr_db: [20, 40], noises: noises}
model:
  - mel_spectrogram: {bands: 16, window_seconds: 0.064, hop_seconds: 0.032}
  - spec_augment: {frequency_masks: 1, frequency_width: 1, time_masks: 1, time_width: 1}
  - Conv2D: {filters: 8, kernel_size: [3, 16], activation: relu}
  - GlobalMaxPooling2D
  - Dense: {units: num_classes, activation: softmax}
loss: CategoricalCrossentropy
optimizer: {Adam: {learning_rate: 0.03}}
metrics: [accuracy]
training: {epochs: 4, deterministic: true, steps_per_execution: 2, checkpoint: {monitor: null}}
"""


def tone(frequency: float, seconds: float = 0.5) -> np.ndarray:
    return 0.4 * np.sin(2 * np.pi * frequency * np.arange(round(RATE * seconds)) / RATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with sounds and the run that came of them; the folder of caches is its own, too."""
    from bigmodel_cli.cli.main import run

    folder = tmp_path_factory.mktemp("sounds")
    (folder / "sounds").mkdir()
    (folder / "noises").mkdir()
    random = np.random.default_rng(0)
    for take in range(20):
        for name, low in (("low", 200), ("high", 1200)):
            sound = tone(random.uniform(low, 1.5 * low), 0.5 if take % 2 else 0.8)
            sound += random.normal(0, 0.01, len(sound))
            soundfile.write(folder / "sounds" / f"{name}_{take}.wav", sound, RATE)
    soundfile.write(folder / "noises" / "hum.flac", random.normal(0, 0.2, RATE * 3), RATE)
    (folder / "c.yaml").write_text(CONFIG.replace("CACHE", "memory"))
    assert run(["train", str(folder / "c.yaml"), "--runs-dir", str(folder / "runs"), "--plain"]) == 0
    return folder


@pytest.fixture(scope="module")
def trained(folder):
    (run,) = (folder / "runs" / "sounds").iterdir()
    return run


def test_it_learns_and_decoded_sounds_are_kept(trained):
    assert json.loads((trained / "evaluation" / "test.json").read_text())["metrics"]["accuracy"] == 1
    assert "decoded sounds: kept in memory" in (trained / "train.log").read_text()


def test_what_is_augmented_among_the_steps_is_not_saved(trained):
    import keras

    saved = keras.models.load_model(trained / "checkpoints" / "best.keras")
    assert [type(layer).__name__ for layer in saved.layers] == [
        "InputLayer", "Functional", "Conv2D", "GlobalMaxPooling2D", "Dense"
    ]  # fmt: skip
    assert (
        "of which training draws a part, and the middle is taken elsewhere"
        in (trained / "train.log").read_text()
    )


def test_any_form_of_a_sound_gives_the_same(trained, bigmodel, tmp_path):
    wave = tone(1300)
    soundfile.write(tmp_path / "a.wav", wave, RATE)
    fine = np.interp(np.arange(0, len(wave), RATE / 44100), np.arange(len(wave)), wave)
    soundfile.write(tmp_path / "b.flac", np.stack([fine, fine], 1), 44100)
    soundfile.write(tmp_path / "c.ogg", fine, 44100)
    soundfile.write(tmp_path / "d.mp3", fine, 44100)
    done = bigmodel("predict", "--run", trained, tmp_path, "--json")
    assert done.json["engine"] == "litert"
    found = [one["probability"] for one in done.json["predictions"]]
    assert {one["prediction"] for one in done.json["predictions"]} == {"high"}
    assert found[0] > 0.9
    assert np.abs(np.array(found) - found[0]).max() < 0.05


def test_along_a_recording(trained, bigmodel, tmp_path):
    soundfile.write(tmp_path / "long.wav", np.concatenate([tone(250, 2), tone(1400, 1.5)]), RATE)
    done = bigmodel("predict", "--run", trained, tmp_path / "long.wav", "--every", "500ms", "--top", "1")
    lines = done.out.replace(str(tmp_path), "").splitlines()
    assert [line.partition(":")[0] for line in lines[:2]] == ["/long.wav 0", "/long.wav 0"]
    assert lines[-3:] == ["timeline of /long.wav:", "  0:00.0 to 0:02.0  low", "  0:02.0 to 0:03.5  high"]
    assert len(lines) == 7 + 3
    told = bigmodel("predict", "--run", trained, tmp_path / "long.wav", "--every", "1", "--json").json
    assert [(one["start"], one["end"]) for one in told["predictions"]] == [
        (0, 0.5),
        (1, 1.5),
        (2, 2.5),
        (3, 3.5),
    ]


def test_the_end_of_a_recording_is_heard(trained, bigmodel, tmp_path):
    """Though it is shorter than a step."""
    soundfile.write(tmp_path / "long.wav", np.concatenate([tone(250, 2), tone(1400, 0.4)]), RATE)
    told = bigmodel("predict", "--run", trained, tmp_path / "long.wav", "--every", "1", "--json").json
    found = [(one["start"], one["end"], one["prediction"]) for one in told["predictions"]]
    assert found == [(0, 0.5, "low"), (1, 1.5, "low"), (pytest.approx(1.9), pytest.approx(2.4), "high")]


def test_parts_are_refused_of_what_has_none(bigmodel, tmp_path, trained):
    refused = bigmodel("predict", "--run", trained, tmp_path, "--every", "0")
    assert refused.code == 2 and "--every" in refused.err


def test_the_report_has_a_player(trained):
    (sample, *_) = json.loads((trained / "evaluation" / "samples_test.json").read_text()).popitem()[1]
    with wave.open(io.BytesIO(base64.b64decode(sample["sound"]))) as file:
        assert (file.getframerate(), file.getnframes(), file.getsampwidth()) == (RATE, RATE // 2, 2)
    page = (trained / "report.html").read_text("utf-8")
    assert '<audio controls preload="none" src="data:audio/wav;base64,' in page
    assert "media-src data:" in page


def test_it_is_explained_over_the_spectrogram(trained, bigmodel, tmp_path):
    soundfile.write(tmp_path / "a.wav", tone(1400), RATE)
    done = bigmodel(
        "explain", tmp_path / "a.wav", "--run", trained, "--out", tmp_path / "out", "--json", "--top", "1"
    )
    assert done.code == 0, done.err
    methods = done.json["images"][0]["classes"][0]["methods"]
    assert [one["method"] for one in methods] == ["grad-cam", "integrated-gradients", "occlusion"]
    for one in methods:
        assert one["shape"] == [16, 14]
    # High tones are above.
    assert methods[2]["maximum"]["y"] < 8
    assert list((tmp_path / "out").glob("*.png"))


@pytest.mark.slow
def test_going_on_after_a_kill_with_sounds_on_disk_is_the_same_run(folder, trained, monkeypatch):
    monkeypatch.setenv("BIGMODEL_CACHE", str(folder / "caches"))
    (folder / "disk.yaml").write_text(CONFIG.replace("CACHE", "disk"))
    goes_on_to_the_same(folder / "disk.yaml", trained, call=4)


def test_a_table_with_a_column_of_sounds(folder, bigmodel, tmp_path):
    rows = ["clip,loud,label"]
    for take in range(12):
        for name in ("low", "high"):
            rows.append(f"{folder / 'sounds' / f'{name}_{take}.wav'},{take},{name}")
    (tmp_path / "t.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "c.yaml").write_text(
        "name: rows\ndata:\n  source:\n    table:\n      path: t.csv\n      target: label\n"
        "      columns: {clip: {audio: {sample_rate: 4000, seconds: 0.5}}, loud: number}\n  batch_size: 8\n"
        "preprocessing:\n  clip: [{mel_spectrogram: {bands: 8}}]\n  number: [Normalization]\n"
        "model:\n  - GlobalMaxPooling2D: {name: tones, inputs: [clip]}\n"
        "  - Concatenate: {inputs: [tones, loud]}\n  - Dense: {units: num_classes, activation: softmax}\n"
        "loss: CategoricalCrossentropy\noptimizer: Adam\ntraining: {epochs: 1}\n"
    )
    done = bigmodel("train", tmp_path / "c.yaml", "--runs-dir", tmp_path / "runs", "--plain")
    assert done.code == 0, done.err
    shutil.copy(tmp_path / "t.csv", tmp_path / "new.csv")
    found = bigmodel("predict", tmp_path / "new.csv", "--runs-dir", tmp_path / "runs", "--json")
    assert len(found.json["predictions"]) == 24
    refused = bigmodel("predict", tmp_path / "new.csv", "--runs-dir", tmp_path / "runs", "--every", "1")
    assert refused.code == 2 and "--every is for sounds; this model takes " in refused.err


def test_the_config_of_the_page_is_right(tmp_path):
    from bigmodel_cli.modeling.language import read_config

    page = (Path(__file__).resolve().parents[2] / "docs" / "sound.md").read_text("utf-8")
    (text,) = (one for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if one.startswith("name:"))
    (tmp_path / "c.yaml").write_text(text)
    assert len(read_config(tmp_path / "c.yaml").experiment.model) == 5
