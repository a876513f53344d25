"""Images in rows and columns, each under a line or two."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bigmodel_cli.figures import new_figure, plain
from bigmodel_cli.tasks.figures import Caption, Figures

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Inches of an image and of the text above it, and the share of an image's side that is free around it.
_SIDE, _TEXT, _GAP = 1.5, 0.42, 0.03
# Below this many pixels, each is drawn as the square that it is.
_SMALL = 64


class Tile(NamedTuple):
    """One image of a grid.

    Attributes:
        pixels: uint8 of shape (height, width) or (height, width, channels).
        caption: Above it.
    """

    pixels: np.ndarray
    caption: Caption


def draw_grid(tiles: Sequence[Tile], columns: int, heading: str) -> Figure:
    """Draw images from left to right, then down.

    Args:
        tiles: At least one.
        columns: Images in a row.
        heading: Above all.
    """
    columns = min(columns, len(tiles))
    rows = -(-len(tiles) // columns)
    figure = new_figure(max(4.0, _SIDE * columns + 0.2), (_SIDE + _TEXT) * rows + 0.5)
    figure.suptitle(heading, x=0.01, ha="left", fontsize=11)
    # One picture for all: laying out axes for each image takes ten times as long.
    axes = figure.add_subplot()
    axes.set_axis_off()
    height = 1 + _TEXT / _SIDE
    for number, (pixels, caption) in enumerate(tiles):
        row, column = divmod(number, columns)
        left, top = column + _GAP, height * row + _TEXT / _SIDE
        _show(axes, pixels, left, top, 1 - 2 * _GAP)
        note = f"\n{plain(caption.note, 22)}" if caption.note else ""
        place = (left + 0.5 - _GAP, top - _GAP)
        text = f"{plain(caption.title, 20)}{note}"
        axes.text(*place, text, fontsize=8, color=caption.color, ha="center", va="bottom", clip_on=False)
    axes.set_aspect("equal")
    axes.set_xlim(0, columns)
    axes.set_ylim(height * rows, 0)
    return figure


def _show(axes: Any, pixels: np.ndarray, left: float, top: float, side: float) -> None:
    """Draw one image into a square, in its own proportions."""
    height, width = pixels.shape[:2]
    scale = side / max(height, width)
    left += (side - scale * width) / 2
    top += (side - scale * height) / 2
    axes.imshow(
        pixels,
        cmap="gray",
        vmin=0,
        vmax=255,
        interpolation="antialiased" if min(height, width) > _SMALL else "nearest",
        extent=(left, left + scale * width, top + scale * height, top),
    )


def sample_tiles(samples: Sequence[Mapping[str, Any]], figures: Figures[Any]) -> list[Tile]:
    """Samples of an evaluation that have thumbnails, each under its prediction.

    Args:
        samples: As evaluation/samples_<split>.json has them.
        figures: Of their task.
    """
    from PIL import Image

    drawn = []
    for sample in samples:
        if sample["png"] is None:
            continue
        with Image.open(io.BytesIO(base64.b64decode(sample["png"]))) as image:
            pixels = np.asarray(image)
        drawn.append(Tile(pixels, figures.of_sample(sample)))
    return drawn
