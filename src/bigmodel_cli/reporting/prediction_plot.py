"""Images under what the model says of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.figures import check_plot, new_figure, plain, write_figure
from bigmodel_cli.inference.batches import Prediction
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import Signature

MAX_IMAGES = 100


def check_prediction_plot(path: Path, signature: Signature) -> None:
    """Find out before anything is predicted whether it can be drawn.

    Raises:
        UsageError: If the examples are no images, or the file's ending is unknown.
    """
    check_plot(path)
    if (why := part_of(signature.kind, Show).why_no_plot) is not None:
        raise UsageError(why)


def plot_predictions(
    path: Path, predictions: Sequence[Prediction], signature: Signature, *, invert: bool = False
) -> None:
    """Draw each image under its predicted label.

    Args:
        path: As `check_prediction_plot` wants it.
        predictions: At most `MAX_IMAGES` are drawn.
        signature: What the images are.
        invert: As they were predicted.

    Raises:
        UsageError: If nothing could be predicted.
    """
    shown = [prediction for prediction in predictions if prediction.answer is not None][:MAX_IMAGES]
    if not shown:
        raise UsageError("--plot: there is no image to draw")
    columns = min(len(shown), max(1, min(5, round(len(shown) ** 0.5 + 0.49))))
    rows = -(-len(shown) // columns)
    figure = new_figure(2.2 * columns + 0.4, 2.5 * rows + 0.2)
    for number, prediction in enumerate(shown):
        axes = figure.add_subplot(rows, columns, number + 1)
        value = prediction.input.read(signature, invert=invert).array
        assert prediction.answer is not None
        _draw(axes, prediction, prediction.answer.drawn(part_of(signature.kind, Show).pixels(value)))
    write_figure(figure, path)


def _draw(axes: Any, prediction: Prediction, pixels: np.ndarray) -> None:
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255)
    axes.set_axis_off()
    assert prediction.answer is not None
    label = prediction.answer.caption(lambda name: plain(name, 18))
    axes.set_title(f"{label}\n", fontsize=11, pad=-4)
    axes.text(
        0.5,
        1.01,
        plain(prediction.input.name, 28, front=False),
        fontsize=7,
        color="0.4",
        ha="center",
        va="bottom",
        transform=axes.transAxes,
    )
