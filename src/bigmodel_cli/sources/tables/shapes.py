"""Texts grouped by their shape: what is left of them when every digit is a 0.

Whether a text is a number or a date depends on where its digits are, seldom on which they are. A column of
half a million numbers has a few dozen shapes, so that each question is asked of few texts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_ZEROS = str.maketrans("123456789", "000000000")
_BETWEEN = "\0"


def grouped(texts: Sequence[str]) -> Mapping[str, list[int]]:
    """The places of texts among all of them, in rising order, by their shape."""
    shapes = _BETWEEN.join(texts).translate(_ZEROS).split(_BETWEEN) if texts else []
    if len(shapes) != len(texts):
        # A text has that character itself.
        shapes = [text.translate(_ZEROS) for text in texts]
    found: dict[str, list[int]] = {}
    for place, shape in enumerate(shapes):
        found.setdefault(shape, []).append(place)
    return found


def digits_of(texts: Sequence[str]) -> np.ndarray:
    """The digits of ASCII texts of one shape: int64 (texts, letters of each); other letters mean nothing."""
    import numpy as np

    letters = np.frombuffer("".join(texts).encode("ascii"), np.uint8)
    return letters.reshape(len(texts), -1).astype(np.int64) - ord("0")
