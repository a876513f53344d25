"""What `bigmodel data` says of sounds: rates, channels, lengths, and what is wrong with recordings."""

from __future__ import annotations

import json

import numpy as np
import soundfile


def test_recordings_with_faults_are_named(tmp_path, bigmodel):
    random, rate = np.random.default_rng(0), 4000
    wave = np.sin(np.arange(2000) * 0.5)
    for label in ("cat", "dog"):
        (tmp_path / "sounds" / label).mkdir(parents=True)
        for number in range(5):
            noise = random.normal(0, 0.05, 2000)
            soundfile.write(tmp_path / "sounds" / label / f"{number}.wav", noise, rate)
    folder = tmp_path / "sounds" / "cat"
    soundfile.write(folder / "loud.wav", np.clip(3 * wave, -1, 1), rate)
    soundfile.write(folder / "whole.wav", 30_000 * wave, rate, subtype="FLOAT")
    soundfile.write(folder / "mute.wav", wave / 10_000, rate)
    soundfile.write(folder / "shifted.flac", 0.1 * wave + 0.3, rate)
    soundfile.write(folder / "stereo.ogg", np.stack([0.1 * np.sin(np.arange(9000) * 0.2)] * 2, 1), 8000)
    (tmp_path / "c.yaml").write_text(
        "name: s\ndata: {source: {audio_folder: {path: sounds, sample_rate: 4000, seconds: 0.5}}}\n"
        "preprocessing: [mel_spectrogram]\n"
        "model: [Flatten, {Dense: {units: num_classes, activation: softmax}}]\n"
        "loss: CategoricalCrossentropy\noptimizer: Adam\n"
    )
    shown = bigmodel("data", tmp_path / "c.yaml", "--out", tmp_path / "audit")
    assert "channels: 1 14, 2 1" in shown.out
    document = json.loads((tmp_path / "audit" / "audit.json").read_text())
    assert document["files"] == {
        "noun": "sound",
        "seconds": {"min": 0.5, "median": 0.5, "max": 1.125},
        "sample_rates": {"4000": 14, "8000": 1},
        "channels": {"1": 14, "2": 1},
    }
    said = [finding["message"] for finding in document["findings"] if finding["kind"] == "fault"]
    assert said == [
        "1 sound is clipped: their loudest moments are cut off: cat/loud.wav",
        "1 sound is far beyond full scale: samples are larger than 1, as if nobody had divided them: "
        "cat/whole.wav",
        "1 sound is silent: nothing is louder than -60 dB: cat/mute.wav",
        "1 sound is off centre (a DC offset of more than a tenth of their loudest): cat/shifted.flac",
    ]
    page = (tmp_path / "audit" / "index.html").read_text("utf-8")
    assert "<h2>Sound files</h2>" in page and "sample rates: 4000 14, 8000 1" in page
