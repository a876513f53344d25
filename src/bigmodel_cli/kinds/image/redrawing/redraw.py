"""A picture of one figure on an even ground becomes a drawing as those of a data set are.

What somebody draws in a paint program or photographs on paper has another size, place, ground and pen than
the examples of a data set that were all made in one way. A network that saw these alone knows no other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from bigmodel_cli.kinds.image.kind import Drawing
from bigmodel_cli.kinds.image.redrawing.ground import Box, Ground, find_ground
from bigmodel_cli.kinds.image.redrawing.parts import are_several_figures, extent, find_parts

# Longer side of the picture in which the figure is looked for, and of the one that shows it alone.
_LOOKED_AT, _ALONE = 256, 192
# How much of the ink's strength is ink; the rest is dirt, shadow, or the lines of the paper.
_INK = 0.4
# Weaker ink than this, in shades or in what the ground's own noise is, is none.
_WEAKEST, _WEAKEST_IN_NOISE = 20.0, 4.0
# At least this much of a picture is ground; how far that is from its fit is the noise.
_GROUND = 0.3
# A ground that is further from its fit than this part of the ink's strength is not even; where so much is the
# other way from the ground as strokes are, for each pixel of ink, these are shades.
_MOST_UNEVEN, _MOST_OPPOSITE = 0.1, 0.2
# Where the edge of a stroke begins and ends, in parts of the ink's strength.
_EDGE = (0.25, 0.75)
# Strokes are made thicker or thinner in a picture this many times as large.
_FINER = 8
# No stroke is made thicker or thinner by more pixels.
_MOST_CHANGE = 2.0
# In a picture of the data set's size: what is brighter than its ground, and how far from the middle it is.
_SEEN, _OFF_CENTER = 40, 1.5
# Length of a digital outline to that of the true one, on average over all directions.
_OUTLINE = 0.785


@dataclass(frozen=True, eq=False)
class Redrawn:
    """A figure in the form of a data set.

    Attributes:
        pixels: uint8 of shape (height, width).
        area: (left, top, right, bottom) of the drawing in the picture, in parts of its sides; it may reach
            beyond them.
    """

    pixels: np.ndarray
    area: tuple[float, float, float, float]


def is_drawn_so(pixels: np.ndarray, drawing: Drawing) -> bool:
    """Whether a picture of the data set's size was made as its drawings are.

    Args:
        pixels: uint8 of shape (height, width).
        drawing: How they are made; where figures fill the whole picture it cannot be told, and is believed.
    """
    if drawing.box >= min(pixels.shape):
        return True
    ink = pixels if drawing.ink == "bright" else 255 - pixels
    rows, columns = extent(ink > _SEEN)
    side = max(rows.stop - rows.start, columns.stop - columns.start)
    if not side:
        return True
    if not drawing.box - 2 <= side <= drawing.box + 1:
        return False
    if drawing.center == "mass":
        middle = _center_of_mass(ink)
    else:
        middle = ((rows.start + rows.stop) / 2, (columns.start + columns.stop) / 2)
    return all(abs(place - side / 2) <= _OFF_CENTER for place, side in zip(middle, pixels.shape, strict=True))


def redraw(
    image: Image.Image, size: tuple[int, int], drawing: Drawing, *, bright_ink: bool | None = None
) -> Redrawn | None:
    """Bring a picture to the form of a data set's drawings.

    Args:
        image: RGB, of any size.
        size: (height, width) of the drawing.
        drawing: How they are made.
        bright_ink: Whether the ink is brighter than its ground; None: as the border says.

    Returns:
        The drawing; None where the picture shows no figure on an even ground.
    """
    ground = find_ground(image)
    if ground is None:
        return None
    figure = _find_figure(image, ground, bright_ink, has_strokes=drawing.stroke is not None)
    if figure is None:
        return None
    figure = figure.cropped(figure.ink > (_EDGE[0] if drawing.stroke is None else 0.5))
    if drawing.stroke is None:
        shown = figure.with_values(figure.shades)
    else:
        shown = _with_strokes(figure.with_values(figure.ink * 255), drawing.box, drawing.stroke)
    scale = drawing.box / max(shown.values.shape)
    return _placed(shown.scaled(scale), size, drawing) if shown.values.size else None


@dataclass(frozen=True, eq=False)
class _Shown:
    """Grey values, and where they are in the picture.

    Attributes:
        values: float32 of shape (height, width), from 0 for ground to 255.
        left, top: Of the first value, in pixels of the picture.
        step: Pixels of the picture from one value to the next.
        picture: (width, height) of the picture.
    """

    values: np.ndarray
    left: float
    top: float
    step: float
    picture: tuple[int, int]

    def scaled(self, scale: float) -> _Shown:
        height, width = self.values.shape
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        resampling = Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BILINEAR
        values = np.asarray(_image(self.values).resize(size, resampling), np.float32)
        return _Shown(values, self.left, self.top, self.step / scale, self.picture)

    def padded(self, count: int) -> _Shown:
        offset = count * self.step
        return _Shown(
            np.pad(self.values, count), self.left - offset, self.top - offset, self.step, self.picture
        )

    def cropped(self, kept: np.ndarray) -> _Shown:
        """The smallest part with everything that is kept."""
        rows, columns = extent(kept)
        values = self.values[rows, columns]
        left, top = self.left + columns.start * self.step, self.top + rows.start * self.step
        return _Shown(values, left, top, self.step, self.picture)


@dataclass(frozen=True, eq=False)
class _Figure:
    """A figure alone.

    Attributes:
        ink: How much of each pixel is ink, float32 of shape (height, width) between 0 and 1.
        shades: How far each is from the ground in brightness, likewise, between 0 and 255.
        place: Where they are; its values say nothing.
    """

    ink: np.ndarray
    shades: np.ndarray
    place: _Shown

    def cropped(self, kept: np.ndarray) -> _Figure:
        rows, columns = extent(kept)
        return _Figure(self.ink[rows, columns], self.shades[rows, columns], self.place.cropped(kept))

    def with_values(self, values: np.ndarray) -> _Shown:
        place = self.place
        return _Shown(values, place.left, place.top, place.step, place.picture)


def _find_figure(
    image: Image.Image, ground: Ground, bright_ink: bool | None, *, has_strokes: bool
) -> _Figure | None:
    """The figure; None where there is none, or not one of strokes alone where these are expected."""
    width, height = image.size
    scale = min(1.0, _LOOKED_AT / max(image.size))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    whole = ground.differences(image, (0, 0, width, height), size)
    sign = _sign(whole) if bright_ink is None else (1 if bright_ink else -1)
    strength = _strength(whole, sign)
    level = _level(strength)
    noise = float(np.quantile(np.abs(whole).max(axis=2), _GROUND))
    if level < max(_WEAKEST, _WEAKEST_IN_NOISE * noise, ground.unevenness / _MOST_UNEVEN):
        return None
    ink = strength > _INK * level
    parts = find_parts(ink)
    opposite = (_strength(whole, -sign) > _INK * level) & ~ink
    if has_strokes and (opposite.sum() > _MOST_OPPOSITE * ink.sum() or are_several_figures(parts)):
        return None
    kept = parts > 0
    rows, columns = extent(kept & ink)
    across, down = width / size[0], height / size[1]
    inner = (columns.start * across, rows.start * down, columns.stop * across, rows.stop * down)
    box = _with_margin(inner, image.size)
    step = max(box[2] - box[0], box[3] - box[1]) / _ALONE
    alone = (max(1, round((box[2] - box[0]) / step)), max(1, round((box[3] - box[1]) / step)))
    near = ground.differences(image, box, alone)
    # The other parts of the picture are in the same box, but no part of the figure.
    own_box = (box[0] / across, box[1] / down, box[2] / across, box[3] / down)
    own = _image(255.0 * kept).resize(alone, Image.Resampling.BILINEAR, box=own_box)
    is_own = np.asarray(own) > 0
    strength = _strength(near, sign) * is_own
    share = np.clip((strength / _level(strength) - _EDGE[0]) / (_EDGE[1] - _EDGE[0]), 0, 1)
    shades = np.clip(np.abs(near @ np.array([0.299, 0.587, 0.114], np.float32)) * is_own, 0, 255)
    return _Figure(share, shades, _Shown(share, box[0], box[1], step, image.size))


def _sign(differences: np.ndarray) -> int:
    """1 where the ink is brighter than its ground, -1 where it is darker."""
    strong = 0.5 * np.abs(differences).max()

    def mass(sign: int) -> float:
        strength = _strength(differences, sign)
        return float(strength[strength > strong].sum())

    return 1 if mass(1) > mass(-1) else -1


def _strength(differences: np.ndarray, sign: int) -> np.ndarray:
    """How far each pixel is from the ground in the channel that shows it best: blue shows yellow on white."""
    strength: np.ndarray = np.maximum(sign * differences, 0).max(axis=2)
    return strength


def _level(strength: np.ndarray) -> float:
    """The strength of ink at its full: a few pixels may be stronger."""
    top = np.quantile(strength, 0.997) if strength.size > 2000 else strength.max()
    strong = strength[strength > 0.5 * top]
    return float(np.median(strong)) if len(strong) else 0.0


def _with_margin(box: Box, size: tuple[int, int]) -> Box:
    """A box with some ground around it, inside the picture."""
    left, top, right, bottom = box
    margin = 1 + 0.06 * max(right - left, bottom - top)
    return (
        max(0.0, left - margin),
        max(0.0, top - margin),
        min(float(size[0]), right + margin),
        min(float(size[1]), bottom + margin),
    )


def _with_strokes(shown: _Shown, box: int, stroke: tuple[float, float]) -> _Shown:
    """The same figure with strokes that are neither too thin nor too thick for its size.

    Args:
        shown: The figure, whose longer side becomes `box`.
        box: In pixels.
        stroke: The least and the largest width, likewise.
    """
    if not shown.values.size:
        return shown
    margin = _FINER * 4
    fine = shown.scaled(box * _FINER / max(shown.values.shape)).padded(margin)
    width = _stroke_width(fine.values > 127) / _FINER
    wanted = min(max(width, stroke[0]), stroke[1])
    change = min(max(wanted - width, -_MOST_CHANGE), _MOST_CHANGE)
    image = _image(fine.values)
    for _ in range(round(abs(change) / 2 * _FINER)):
        image = image.filter(ImageFilter.MaxFilter(3) if change > 0 else ImageFilter.MinFilter(3))
    changed = _Shown(np.asarray(image, np.float32), fine.left, fine.top, fine.step, fine.picture)
    return changed.cropped(changed.values > 64)


def _stroke_width(ink: np.ndarray) -> float:
    """The mean width of strokes: their area by half the length of their outline."""
    outline = np.count_nonzero(ink[:, 1:] != ink[:, :-1]) + np.count_nonzero(ink[1:] != ink[:-1])
    return 2 * np.count_nonzero(ink) / max(1.0, outline * _OUTLINE)


def _placed(figure: _Shown, size: tuple[int, int], drawing: Drawing) -> Redrawn:
    """The figure in the middle of its drawing."""
    height, width = figure.values.shape
    middle = _center_of_mass(figure.values) if drawing.center == "mass" else (height / 2, width / 2)
    top, left = (
        int(min(max(round(whole / 2 - place), 0), whole - own))
        for whole, place, own in zip(size, middle, (height, width), strict=True)
    )
    pixels = np.zeros(size, np.uint8)
    pixels[top : top + height, left : left + width] = np.round(figure.values)
    if drawing.ink == "dark":
        pixels = 255 - pixels
    start_x, start_y = figure.left - left * figure.step, figure.top - top * figure.step
    area = (
        start_x / figure.picture[0],
        start_y / figure.picture[1],
        (start_x + size[1] * figure.step) / figure.picture[0],
        (start_y + size[0] * figure.step) / figure.picture[1],
    )
    return Redrawn(pixels, area)


def _center_of_mass(values: np.ndarray) -> tuple[float, float]:
    """(row, column), from the edge of the first."""
    mass = values.astype(np.float64)
    total = max(mass.sum(), 1e-9)
    rows, columns = (np.arange(side) + 0.5 for side in mass.shape)
    return float(mass.sum(axis=1) @ rows / total), float(mass.sum(axis=0) @ columns / total)


def _image(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.round(values).astype(np.uint8))
