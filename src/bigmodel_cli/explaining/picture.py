"""An image beside maps of what its classes were decided by."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.explaining.findings import Explanation, Finding
from bigmodel_cli.figures import new_figure, plain, write_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Perceptually uniform, and told apart by colour-blind people (https://bids.github.io/colormap/).
COLORS = "viridis"
_CELL = 2.1
_HEADING = 0.45
# Up to this side pixels are drawn as squares.
_SMALL = 64
# Single bright pixels must not make all others dark.
_BRIGHTEST = 99.5
# Dots of single pixels in a photograph are seen as clouds; a part of the longer side.
_BLUR = 1 / 80
# How bright the image is under its map, and how much colour there is where nothing speaks for the class.
_DIMMED, _FAINTEST = 0.6, 0.15
_OUTLINE = "#d55e00"
_LUMINANCE = (0.299, 0.587, 0.114)
# More make a picture that no program shows.
MAX_ROWS = 20


def write_picture(path: Path, explanation: Explanation) -> None:
    """Draw an explanation into a PNG file, whole or not at all.

    Raises:
        ResourceError: If it cannot be written.
    """
    write_figure(draw(explanation), path)


def draw(explanation: Explanation) -> Figure:
    """The image, and a row per class (of the first `MAX_ROWS`) with a map per method."""
    findings = explanation.findings[:MAX_ROWS]
    rows, columns = len(findings), len(findings[0].attributions)
    height, width = explanation.pixels.shape[:2]
    cell = _CELL * min(2.0, max(0.5, height / width))
    figure = new_figure(_CELL * (columns + 1) + 1.2, (cell + _HEADING) * rows + 0.1)
    halves: Any = figure.subfigures(1, 2, width_ratios=(_CELL, _CELL * columns + 1.2))
    left_rows, right_rows = (np.reshape(half.subfigures(rows, 1), -1) for half in halves)
    _draw_original(left_rows[0], explanation)
    for part, finding in zip(right_rows, findings, strict=True):
        _draw_maps(part, explanation.pixels, finding)
        part.suptitle(_title(finding, explanation.shown(finding.value)), fontsize=11)
    return figure


def _draw_original(part: Any, explanation: Explanation) -> None:
    axes = part.subplots()
    _show(axes, _as_shown(explanation.pixels))
    if explanation.places is not None:
        axes.contour(explanation.places.astype(float), [0.5], colors=[_OUTLINE], linewidths=1.2)
    axes.set_title("what the model sees", fontsize=8, color="0.4")
    part.suptitle(plain(explanation.input.name, 24, front=False), fontsize=11)


def _title(finding: Finding, value: str) -> str:
    # As long as the maps below it are wide.
    letters = 8 + 18 * len(finding.attributions)
    label = "" if finding.label is None else f"{plain(finding.label, letters)}: "
    return f"{label}{value}"


def _draw_maps(part: Any, pixels: np.ndarray, finding: Finding) -> None:
    from matplotlib.cm import ScalarMappable

    axes = np.reshape(part.subplots(1, len(finding.attributions)), -1)
    for one, (method, attribution) in zip(axes, finding.attributions.items(), strict=True):
        _show(one, _overlaid(pixels, attribution.values))
        one.set_title(method.replace("-", " "), fontsize=8, color="0.4")
    bar = part.colorbar(ScalarMappable(cmap=COLORS), ax=list(axes), shrink=0.8, aspect=12, ticks=[0, 1])
    bar.ax.set_yticklabels(["none", "most"], fontsize=8, color="0.4")


def _show(axes: Any, pixels: np.ndarray) -> None:
    interpolation = "nearest" if max(pixels.shape[:2]) <= _SMALL else "antialiased"
    axes.imshow(pixels, cmap="gray", vmin=0, vmax=255, interpolation=interpolation)
    axes.set_axis_off()


def _as_shown(pixels: np.ndarray) -> np.ndarray:
    return pixels[..., 0] if pixels.shape[2:] == (1,) else pixels


def _overlaid(pixels: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The map in colour over the image in grey, uint8 of shape (height, width, 3)."""
    from matplotlib import colormaps

    strength = _strength(values)
    colors = colormaps[COLORS](strength)[..., :3]
    opacity = (_FAINTEST + (1 - _FAINTEST) * strength**0.5)[..., np.newaxis]
    mixed = (1 - opacity) * _DIMMED * _grey(pixels)[..., np.newaxis] / 255 + opacity * colors
    return np.asarray(np.round(mixed * 255), np.uint8)


def _strength(values: np.ndarray) -> np.ndarray:
    """What speaks for the class, between 0 and 1."""
    from scipy.ndimage import gaussian_filter

    positive: np.ndarray = np.maximum(values, 0)
    side = max(values.shape)
    if side > _SMALL:
        positive = gaussian_filter(positive, side * _BLUR)
    if not positive.any():
        return positive
    return np.asarray(np.clip(positive / np.percentile(positive[positive > 0], _BRIGHTEST), 0, 1))


def _grey(pixels: np.ndarray) -> np.ndarray:
    shown = _as_shown(pixels).astype(np.float64)
    if shown.ndim == 2:
        return shown
    grey: np.ndarray = shown[..., :3] @ np.array(_LUMINANCE)
    if shown.shape[-1] == 4:
        # What is transparent shows the white page.
        opaque = shown[..., 3] / 255
        grey = grey * opaque + 255 * (1 - opaque)
    return grey
