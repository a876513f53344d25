"""The recipe for sounds: convolutions over a spectrogram, of which the loudest finding counts."""

from __future__ import annotations

import math

from bigmodel_cli.starter.sizes import batch_size_for
from bigmodel_cli.starter.sounds import SeenSounds
from bigmodel_cli.starter.writing import Recipe, quoted

_BANDS = 40
_WINDOWS, _LEAST_HOP = 64, 0.01
_LEAST_WINDOW, _MOST_WINDOW = 0.032, 0.064
_FILTERS = (24, 48, 96)
_LAST_FILTERS = 128
_WANTED_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 1_000, 8, 60
_FEW = 500


def sounds_recipe(seen: SeenSounds) -> Recipe:
    """What trains well on sounds, without a change."""
    hop = max(_LEAST_HOP, round(seen.seconds / _WINDOWS, 3))
    window = min(_MOST_WINDOW, max(_LEAST_WINDOW, 2 * hop))
    batch_size = batch_size_for(seen.num_train, 16 if seen.num_train < _FEW else 32)
    steps = math.ceil(seen.num_train / batch_size)
    epochs = max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, math.ceil(_WANTED_STEPS / steps)))
    windows = int((seen.seconds - window) / hop) + 1
    lines, multiply_adds = _network(windows, seen.column)
    mask = max(1, windows // 8)
    return Recipe(
        seen.source,
        batch_size,
        epochs,
        "2e-3",
        _of_column(
            seen.column,
            [f"- mel_spectrogram: {{bands: {_BANDS}, window_seconds: {window:g}, hop_seconds: {hop:g}}}"],
        ),
        _of_column(
            seen.column,
            [
                "- time_shift: {factor: 0.1}",
                f"- spec_augment: {{frequency_width: {_BANDS // 6}, time_width: {mask}}}",
            ],
        ),
        [*lines, "- Dropout: {rate: 0.3}"],
        3.0 * multiply_adds * seen.num_train * epochs,
        [
            *seen.decisions,
            f"A convolutional network on spectrograms of {windows} moments × {_BANDS} bands: {epochs} "
            f"epochs, which are {epochs * steps:,} steps.",
        ],
    )


def _of_column(column: str | None, steps: list[str]) -> list[str]:
    """Steps of a table's column, or of sounds that have none."""
    return steps if column is None else [f"{quoted(column)}:", *(f"  {step}" for step in steps)]


def _network(windows: int, column: str | None) -> tuple[list[str], int]:
    """Its lines, and multiplications for an example."""
    lines: list[str] = []
    channels, multiply_adds, bands = 1, 0, _BANDS
    for filters in _FILTERS:
        named = "" if column is None or lines else f"inputs: [{quoted(column)}], "
        pool = "- MaxPooling2D" if windows >= 4 else "- MaxPooling2D: {pool_size: [1, 2]}"
        lines += [
            f"- Conv2D: {{{named}filters: {filters}, kernel_size: 3, padding: same, use_bias: false}}",
            pool,
            "- BatchNormalization: {momentum: 0.9}",
            "- Activation: {activation: relu}",
        ]
        multiply_adds += windows * bands * 9 * channels * filters
        windows, bands, channels = windows // 2 if windows >= 4 else windows, bands // 2, filters
    lines += [
        f"# All {bands} bands that are left at once: where in them something is counts, and not when.",
        f"- Conv2D: {{filters: {_LAST_FILTERS}, kernel_size: [1, {bands}], use_bias: false}}",
        "- BatchNormalization: {momentum: 0.9}",
        "- Activation: {activation: relu}",
        "- GlobalMaxPooling2D",
    ]
    return lines, multiply_adds + windows * bands * channels * _LAST_FILTERS
