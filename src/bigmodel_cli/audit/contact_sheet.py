"""Contact sheets: a row of examples per class, the class's name on the left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from bigmodel_cli.audit.audited import Audited
from bigmodel_cli.config.problems import width as text_width
from bigmodel_cli.figures import new_figure, plain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 10
ROWS_PER_PAGE = 25
MAX_PAGES = 4
# Pixels of a tile and of the gap beside it, and a tile's side in inches.
_TILE, _GAP, _INCHES = 84, 6, 0.75
# Letters of a name, and the width of one in inches.
_NAME, _LETTER = 22, 0.095


def draw_contact_sheets(audited: Audited) -> list[Figure]:
    """Examples of each class, or of each range of numbers; training examples where there are some.

    Returns:
        For each target a figure for every 25 classes, four at most; none where examples are no images.
    """
    if not audited.features.are_seen:
        return []
    learned = audited.numbers_in("train")
    figures = []
    for target, labels in audited.targets.items():
        rows = [(name, _spread(numbers)) for name, numbers in labels.facts.rows(labels.of_measured, learned)]
        shown = rows[: MAX_PAGES * ROWS_PER_PAGE]
        heading = target if len(audited.targets) > 1 else None
        for start in range(0, len(shown), ROWS_PER_PAGE):
            page = shown[start : start + ROWS_PER_PAGE]
            figures.append(_draw(audited, page, _title(heading, start, len(page), len(rows))))
    return figures


def _title(heading: str | None, start: int, count: int, total: int) -> str | None:
    parts = [] if heading is None else [plain(heading)]
    if count < total:
        parts.append(f"classes {start + 1} to {start + count} of {total:,}")
    return ": ".join(parts) or None


def _spread(numbers: np.ndarray) -> np.ndarray:
    if len(numbers) <= COLUMNS:
        return numbers
    return numbers[np.linspace(0, len(numbers) - 1, COLUMNS).astype(np.int64)]


def _draw(audited: Audited, rows: Sequence[tuple[str, np.ndarray]], title: str | None) -> Figure:
    step = _TILE + _GAP
    mosaic = np.full((len(rows) * step, COLUMNS * step, 3), 255, np.uint8)
    for row, (_, numbers) in enumerate(rows):
        for column, number in enumerate(numbers.tolist()):
            top, left = row * step + _GAP // 2, column * step + _GAP // 2
            mosaic[top : top + _TILE, left : left + _TILE] = as_tile(audited.picture(number), _TILE)
    names = [plain(name, _NAME) for name, _ in rows]
    # Matplotlib's own layout cuts names off beside an image that keeps its proportions.
    room = 0.2 + _LETTER * max(map(text_width, names))
    above = 0.35 if title else 0.05
    width, height = COLUMNS * _INCHES, len(rows) * _INCHES
    figure = new_figure(room + width + 0.05, above + height + 0.05)
    figure.set_layout_engine("none")
    whole_width, whole_height = figure.get_size_inches()
    axes = figure.add_axes(
        (room / whole_width, 0.05 / whole_height, width / whole_width, height / whole_height)
    )
    axes.imshow(mosaic, interpolation="nearest")
    axes.set_yticks(
        [(row + 0.5) * step for row in range(len(rows))],
        [name if len(numbers) else f"{name}\n(none)" for name, (_, numbers) in zip(names, rows, strict=True)],
        fontsize=9,
    )
    axes.set_xticks([])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    if title:
        axes.set_title(title, loc="left", fontsize=11)
    return figure


def as_tile(pixels: np.ndarray, side: int) -> np.ndarray:
    """An image within a square, its proportions kept: uint8 of shape (side, side, 3) on light grey."""
    from PIL import Image

    shape = pixels.shape[:2] if pixels.ndim == 3 and pixels.shape[-1] == 1 else pixels.shape
    image = Image.fromarray(np.ascontiguousarray(pixels.reshape(shape)))
    scale = side / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    # Enlarged pixels stay pixels: how coarse an image is should be seen.
    resampling = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    tile = Image.new("RGB", (side, side), (235, 235, 235))
    shown = image.resize(size, resampling)
    place = ((side - size[0]) // 2, (side - size[1]) // 2)
    if shown.mode == "RGBA":
        tile.paste(shown, place, shown)
    else:
        tile.paste(shown.convert("RGB"), place)
    return np.asarray(tile)
