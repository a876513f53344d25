"""Spectrograms against NumPy, and augmentations of sounds: what they draw, and what they leave alone."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bigmodel_cli.errors import ConfigError
from bigmodel_cli.modeling.augmentations import augmentation_options
from bigmodel_cli.modeling.encodings.mel_spectrogram import MelSpectrogram
from bigmodel_cli.modeling.encodings.mfcc import Mfcc
from bigmodel_cli.modeling.encodings.spectra import mel_matrix

RATE = 8000
WINDOW, LENGTH, HOP = 256, 256, 80


@pytest.fixture(scope="module")
def waves() -> np.ndarray:
    time = np.arange(RATE // 2) / RATE
    tones = [0.5 * np.sin(2 * np.pi * frequency * time) for frequency in (300, 1000, 3000)]
    noise = np.random.default_rng(0).normal(0, 0.1, len(time))
    return np.stack([*tones, noise, np.zeros_like(time)]).astype(np.float32)


@pytest.fixture(scope="module")
def build() -> Callable[[Any, int], Any]:
    """The `keras.Model` of an encoding of sounds."""

    def call(encoding: Any, samples: int = RATE // 2) -> Any:
        import keras

        from bigmodel_cli.modeling.backend import start

        start(seed=0)
        given = keras.Input((samples,), dtype="float32", name="input")
        return keras.Model(given, encoding.with_numbers({"sample_rate": RATE}).encode(given, lambda _: None))

    return call


def log_mel(waves: np.ndarray, bands: int) -> np.ndarray:
    """The same by NumPy: windows, transform, triangles, logarithm."""
    starts = np.arange(0, waves.shape[1] - WINDOW + 1, HOP)
    frames = waves[:, starts[:, None] + np.arange(WINDOW)].astype(np.float64) * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, LENGTH)) ** 2
    power[..., 1:-1] *= 2
    scaled = power @ mel_matrix(LENGTH, RATE, bands, 20, RATE / 2) / 2 / (np.hanning(WINDOW).sum() / 2) ** 2
    return np.log(np.maximum(scaled, 1e-10))


def test_mel_spectrogram_is_that_of_numpy(waves, build):
    plain = MelSpectrogram(bands=24, normalize="none", top_db=None, expand_dims=False)
    found, expected = build(plain).predict(waves, verbose=0), log_mel(waves, 24)
    assert found.shape == expected.shape == (5, 47, 24)
    np.testing.assert_allclose(np.exp(found), np.exp(expected), atol=1e-6)
    # Of tones what is 100 dB softer is the noise of float32, whose logarithm is no figure.
    np.testing.assert_allclose(found[3], expected[3], atol=1e-4)
    # A full tone has strength 1, silence the floor.
    assert expected[:3].max() == pytest.approx(np.log(0.25), abs=0.8)
    np.testing.assert_allclose(found[4], np.log(1e-10), atol=1e-5)
    # Low tones are in low bands.
    assert (np.diff(found[:3].mean(axis=1).argmax(axis=1)) > 0).all()


def test_loudness_does_not_count_and_silence_is_a_number(waves, build):
    model = build(MelSpectrogram(bands=24))
    found = model.predict(np.concatenate([waves, waves / 8]), verbose=0)
    assert found.shape == (10, 47, 24, 1)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[3], found[8], atol=0.02)
    np.testing.assert_allclose(found[:4].mean(axis=(1, 2, 3)), 0, atol=1e-4)
    np.testing.assert_allclose(found[:4].std(axis=(1, 2, 3)), 1, atol=1e-3)
    assert not any(layer.trainable_weights for layer in model.layers)


def test_mfcc_is_the_cosine_transform_of_that(waves, build):
    from scipy.fft import dct

    noise = waves[3:4]
    found = build(Mfcc(bands=24, coefficients=12, normalize="none", top_db=None)).predict(noise, verbose=0)
    np.testing.assert_allclose(found, dct(log_mel(noise, 24), norm="ortho")[..., :12], atol=1e-3)


@pytest.mark.parametrize(
    ("options", "samples", "reason"),
    [
        ({"window_seconds": 0.6}, 4000, "window_seconds: sounds are shorter, they have 0.5 s"),
        (
            {"window_seconds": 0.0003, "hop_seconds": 0.0003},
            4000,
            "window_seconds: at 8,000 Hz it has less than 4 samples",
        ),
        ({"hop_seconds": 0.5}, 4000, "hop_seconds is longer than window_seconds"),
        ({"high": 4001.0}, 4000, "low < high ≤ 4000 Hz"),
    ],
)
def test_what_contradicts_the_sounds_is_said(build, options, samples, reason):
    with pytest.raises(ValueError, match=reason):
        build(MelSpectrogram(**options), samples)


def test_saved_it_needs_keras_alone(waves, build, tmp_path):
    model = build(MelSpectrogram(bands=24))
    model.save(tmp_path / "model.keras")
    np.savez(tmp_path / "values.npz", waves=waves, expected=model.predict(waves, verbose=0))
    script = (
        "import sys, keras, numpy as np; held = np.load('values.npz'); "
        "found = keras.models.load_model('model.keras').predict(held['waves'], verbose=0); "
        "assert np.array_equal(found, held['expected']); "
        "assert not any(name.startswith('bigmodel') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, capture_output=True)


@pytest.fixture
def changed() -> Callable[..., np.ndarray]:
    """What an augmentation makes of values with a seed."""

    def call(name: str, values: np.ndarray, seed: int = 0, **options: Any) -> np.ndarray:
        import keras

        from bigmodel_cli.modeling.backend import start
        from bigmodel_cli.modeling.changed import Changed

        start(seed=0)
        keras.utils.set_random_seed(seed)
        made = Changed(augmentation_options()[name](**options).with_numbers({"sample_rate": RATE}))
        assert np.array_equal(made(values, training=False), values)
        return np.asarray(made(values, training=True))

    return call


@pytest.fixture(scope="module")
def spectrograms() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(200, 50, 20, 1)).astype(np.float32)


def test_what_is_drawn_follows_from_the_seed(changed, waves, spectrograms):
    for name in sorted({*augmentation_options()} - {"hide"}):  # which takes places in a vocabulary
        values = np.repeat(spectrograms[:1] if name in ("affine", "spec_augment") else waves[3:4], 8, axis=0)
        first, same, other = (changed(name, values, seed) for seed in (0, 0, 1))
        assert first.shape == values.shape
        assert np.array_equal(first, same) and not np.array_equal(first, other), name
        # Each example has a draw of its own.
        assert len(np.unique(first, axis=0)) > 4, name


def test_shifted_sounds_are_the_same_elsewhere(changed, spectrograms):
    ramp = np.tile(np.arange(1.0, 101, dtype=np.float32), (300, 1))
    moved = changed("time_shift", ramp, factor=0.1)
    shifts = (ramp[:, 50] - moved[:, 50]).astype(int)
    assert (shifts.min(), shifts.max()) == (-10, 10)
    for row, shift in zip(moved, shifts, strict=True):
        expected = np.zeros(100)
        expected[max(0, shift) : 100 + min(0, shift)] = np.arange(1, 101)[
            max(0, -shift) : 100 - max(0, shift)
        ]
        assert np.array_equal(row, expected)
    wrapped = changed("time_shift", spectrograms, fill="wrap", factor=1.0)
    assert np.array_equal(np.sort(wrapped, axis=1), np.sort(spectrograms, axis=1))
    silent = changed("time_shift", spectrograms)
    least = spectrograms.min(axis=(1, 2, 3), keepdims=True)
    came_in = (silent[:, :1] == least).all(axis=2, keepdims=True)
    assert 0.3 < came_in.mean() < 0.6


def test_noise_is_as_loud_as_asked(changed, waves, tmp_path):
    many = np.repeat(waves[:1], 500, axis=0)
    noise = changed("add_noise", many, snr_db=(10.0, 20.0)) - many
    decibels = 20 * np.log10(many.std(axis=1) / noise.std(axis=1))
    assert 9.9 < decibels.min() < 10.5 and 19.5 < decibels.max() < 20.1
    soundfile.write(tmp_path / "hum.wav", np.sin(np.arange(44100) * 2 * np.pi * 50 / 44100), 44100)
    hum = changed("add_noise", many, noises=tmp_path, snr_db=(6.0, 6.0)) - many
    strongest = np.abs(np.fft.rfft(hum, axis=1)).argmax(axis=1) * RATE / hum.shape[1]
    assert np.allclose(strongest[:50], 50, atol=2.1)
    half = changed("add_noise", many, probability=0.5)
    assert 0.4 < (half != many).any(axis=1).mean() < 0.6


def test_gain_is_between_its_ends(changed, waves):
    louder = changed("gain", np.repeat(waves[:1], 500, axis=0), db=(-6.0, 12.0))
    factors = 20 * np.log10(louder.std(axis=1) / waves[0].std())
    assert -6 <= factors.min() < -5.5 and 11.5 < factors.max() <= 12.001


def test_masks_cover_bands_and_moments(changed, spectrograms):
    found = changed(
        "spec_augment", spectrograms, frequency_masks=1, frequency_width=5, time_masks=1, time_width=30
    )
    mean = spectrograms.mean(axis=(1, 2, 3), keepdims=True)
    is_masked = (found != spectrograms)[..., 0]
    np.testing.assert_allclose(
        found[found != spectrograms], np.broadcast_to(mean, found.shape)[found != spectrograms], atol=1e-5
    )
    windows, bands = is_masked.all(axis=2).sum(axis=1), is_masked.all(axis=1).sum(axis=1)
    # At most a fifth of all windows.
    assert (windows.min(), windows.max()) == (0, 10)
    assert (bands.min(), bands.max()) == (0, 5)
    whole = is_masked.all(axis=2)[:, :, None] | is_masked.all(axis=1)[:, None]
    assert np.array_equal(whole, is_masked)


@pytest.mark.parametrize(
    ("name", "shape", "message", "advice"),
    [
        ("spec_augment", (None, 4000), "masks spectrograms, and waves arrive", "write mel_spectrogram in"),
        ("gain", (None, 50, 20, 1), "gain changes waves, and spectrograms arrive", "move them to model"),
        ("affine", (None, 4000), "affine changes images, and sounds arrive", "put it where images are"),
        ("affine", (None, 8, 3), "affine changes images, and no images arrive", "put it where images are"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(name, shape, message, advice):
    import keras

    from bigmodel_cli.config.components import Component
    from bigmodel_cli.config.tree import Place
    from bigmodel_cli.modeling.augmentation import augmentation_layer
    from bigmodel_cli.modeling.objects import Objects

    place = Place("c.yaml", 3, 5, 1, "", Path())
    component = Component(name, "augmentations", place, (), options=augmentation_options()[name]())
    with pytest.raises(ConfigError) as refused:
        augmentation_layer(component, Objects({}), keras.KerasTensor(shape))
    told = str(refused.value)
    assert message in told and advice in told and "c.yaml:3:5" in told


def test_noises_that_are_none_are_refused(changed, waves, tmp_path):
    from bigmodel_cli.errors import DataError

    with pytest.raises(DataError, match="no sound in this folder"):
        changed("add_noise", waves, noises=Path(tmp_path))
