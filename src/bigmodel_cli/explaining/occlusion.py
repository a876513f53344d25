"""Occlusion: how far the score falls when a grey patch hides a place.

Zeiler and Fergus 2014, Visualizing and Understanding Convolutional Networks (arXiv:1311.2901), section 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from bigmodel_cli.explaining.attribution import Attribution, Subject
from bigmodel_cli.explaining.network import Network
from bigmodel_cli.modeling.backend import import_tensorflow

GREY, OPAQUE = 128, 255
# A patch is this part of a side.
_PARTS = 8


def occlusion(network: Network, subject: Subject) -> list[Attribution]:
    """For each place the fall of the score, averaged over all patches that hide it."""
    height, width = subject.pixels.shape[:2]
    patches = list(patches_over(height, width))
    whole = _scores(network, subject, [None])[0]
    falls = whole - _scores(network, subject, patches)
    total = np.zeros((len(subject.targets), height, width))
    count = np.zeros((height, width))
    for patch, fall in zip(patches, falls, strict=True):
        total[:, patch[0], patch[1]] += fall[:, np.newaxis, np.newaxis]
        count[patch] += 1
    details = {"patch": [patch_side(height), patch_side(width)]}
    return [Attribution(values, details) for values in total / count]


def patch_side(side: int) -> int:
    """The length of a patch along a side of the image."""
    return max(1, round(side / _PARTS))


def patches_over(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    """Patches that overlap by half and cover the whole image: (rows, columns) of each."""
    for rows in _along(height):
        for columns in _along(width):
            yield rows, columns


def _along(side: int) -> list[slice]:
    length = patch_side(side)
    last = side - length
    starts = sorted({*range(0, last, max(1, length // 2)), last})
    return [slice(start, start + length) for start in starts]


def hidden(pixels: np.ndarray, patch: tuple[slice, slice] | None, value: float | None = None) -> np.ndarray:
    """A copy of the pixels with a patch of a value, else of an opaque grey; with none where it is None."""
    changed = pixels.copy()
    if patch is not None:
        grey = (GREY, GREY, GREY, OPAQUE) if pixels.shape[2:] == (4,) else GREY
        changed[patch] = grey if value is None else value
    return changed


def _scores(network: Network, subject: Subject, patches: Sequence[tuple[slice, slice] | None]) -> np.ndarray:
    """Scores with each patch, float64 of shape (patches, targets)."""
    tf = import_tensorflow()
    found = []
    for start in range(0, len(patches), subject.batch_size):
        part = patches[start : start + subject.batch_size]
        examples = np.stack([hidden(subject.pixels, patch, subject.hidden) for patch in part])
        scores = network.scores(tf.convert_to_tensor(examples, tf.float32), subject.targets)
        found.append(np.asarray(scores, np.float64))
    return np.concatenate(found)
