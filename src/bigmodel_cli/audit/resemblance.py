"""When two images show the same: encoded anew, in another size, mirrored, or cropped a little.

Candidates are found by the lowest spatial frequencies of a thumbnail (DCT-II), of which the perceptual hash
pHash takes the signs (C. Zauner: Implementation and Benchmarking of Perceptual Image Hash Functions, 2010,
section 3.2). Here the coefficients themselves are compared, by one matrix product for blocks of images; the
descriptor of a mirrored image is the same with the odd horizontal frequencies negated. Each candidate is then
verified by the correlation of the thumbnails.

- Photographs: coefficients are weighted by their frequency, since amplitudes in natural images fall with it
  (D. Field: Relations between the statistics of natural images, 1987); else only the lowest would count. Two
  thumbnails are correlated without their blurred copies, so that a sky above a meadow is no resemblance, in
  several croppings of either; then their finer details, so that a round cell is no copy of another one.
- Small images (digits, icons): different ones look alike, so only pixels that correlate nearly fully count.
  The coefficients are then a projection of the normalised pixels, which makes no distance larger: no pair
  above the threshold is missed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

_FREQUENCIES = 8
# Of the Gaussian whose blur is taken away, in pixels of a thumbnail: what is left of a finer one are details.
_BLUR, _FINE_BLUR = 2.0, 1.0
_CROPPINGS = (0.96, 0.92, 0.88)


class Resemblance(ABC):
    """How images of one kind are compared.

    Attributes:
        threshold: The correlation from which on two of them show the same.
        candidate: The score from which on two descriptors are worth verifying.
    """

    threshold: float
    candidate: float

    @abstractmethod
    def descriptors(self, thumbs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Descriptors whose inner products are scores, of the first and of the second of a pair.

        Args:
            thumbs: float32 of shape (n, height, width).

        Returns:
            Twice float32 of shape (n, d); the frequencies are the first columns.
        """

    @abstractmethod
    def similarity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Correlations of pairs of thumbnails, float32 of shape (m, height, width), as (m,)."""


class Photographs(Resemblance):
    """Of images large enough that different ones look different."""

    # Of 500 photographs, changed copies had 0.856 or more, and no two different ones more than 0.786.
    threshold = 0.82
    # Where all images show one round thing in the middle, different ones have up to 0.87, but of details no
    # more than 0.755 (200 blood cells); the changed photographs had 0.764 of them or more.
    threshold_of_details = 0.76
    candidate = 0.6

    def descriptors(self, thumbs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rows, columns = np.indices((_FREQUENCIES, _FREQUENCIES))
        weighted = _frequencies(thumbs) * np.hypot(rows, columns).reshape(-1)[1:].astype(np.float32)
        unit = _unit(weighted)
        return unit, unit

    def similarity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        best = self._best(first, second, _BLUR)
        near = np.flatnonzero(best >= self.threshold)
        details = self._best(first[near], second[near], _FINE_BLUR)
        # One that fails by its details is no copy, whatever the rest of it says.
        best[near[details < self.threshold_of_details]] = 0
        return best

    def _best(self, first: np.ndarray, second: np.ndarray, blur: float) -> np.ndarray:
        """The highest correlation over all croppings."""
        plain = _sharpened(first, blur), _sharpened(second, blur)
        best = _products(*plain)
        for cropping in _CROPPINGS:
            best = np.maximum(best, _products(_sharpened(_cropped(first, cropping), blur), plain[1]))
            best = np.maximum(best, _products(plain[0], _sharpened(_cropped(second, cropping), blur)))
        return best


class Pixels(Resemblance):
    """Of small images."""

    # Of 70,000 digits of MNIST, no two have more than 0.992.
    threshold = 0.995
    # For unit vectors x·y = 1 - |x - y|²/2, and the distance of their projections is no larger.
    candidate = threshold - 1.0

    def descriptors(self, thumbs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        low = _frequencies(_unit(_centred(thumbs)))
        half = (low**2).sum(axis=1, keepdims=True) / 2
        one = np.ones_like(half)
        return np.hstack([low, one, -half]), np.hstack([low, -half, one])

    def similarity(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        return _products(_unit(_centred(first)), _unit(_centred(second)))


def _frequencies(thumbs: np.ndarray) -> np.ndarray:
    """The lowest frequencies without the mean: float32 of shape (n, 63)."""
    height, width = (_cosines(size) for size in thumbs.shape[1:])
    low: np.ndarray = (height @ thumbs @ width.T).reshape(len(thumbs), -1)
    return low[:, 1:]


def _cosines(size: int) -> np.ndarray:
    """The first rows of the orthonormal DCT-II: float32 of shape (8, size)."""
    from scipy.fft import dct

    matrix: np.ndarray = dct(np.eye(size), axis=0, norm="ortho")[:_FREQUENCIES].astype(np.float32)
    return matrix


def mirror(size: int) -> np.ndarray:
    """What turns a descriptor into that of the mirror image: float32 of shape (size,) of 1 and -1."""
    signs = np.ones(size, np.float32)
    odd = np.tile(np.arange(_FREQUENCIES) % 2 == 1, _FREQUENCIES)[1:]
    signs[: len(odd)][odd] = -1
    return signs


def _centred(thumbs: np.ndarray) -> np.ndarray:
    centred: np.ndarray = thumbs - thumbs.mean(axis=(1, 2), keepdims=True)
    return centred


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Each of length 1, over all axes but the first; what is nothing stays nothing."""
    axes = tuple(range(1, vectors.ndim))
    length = np.sqrt((vectors**2).sum(axis=axes, keepdims=True))
    unit: np.ndarray = vectors / np.maximum(length, 1e-6)
    return unit


def _products(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    products: np.ndarray = np.einsum("nhw,nhw->n", first, second)
    return products


def _sharpened(thumbs: np.ndarray, blur: float) -> np.ndarray:
    """Thumbnails without their blurred copies, as unit vectors."""
    height, width = (_blurring(size, blur) for size in thumbs.shape[1:])
    return _unit(thumbs - height @ thumbs @ width.T)


def _blurring(size: int, blur: float) -> np.ndarray:
    """The matrix of a Gaussian blur whose rows sum to 1: float32 of shape (size, size)."""
    places = np.arange(size)
    weights = np.exp(-((places[:, None] - places) ** 2) / (2 * blur**2))
    blurring: np.ndarray = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return blurring


def _cropped(thumbs: np.ndarray, share: float) -> np.ndarray:
    """The middle of each thumbnail, brought to its full size: interpolated between pixels."""
    height, width = (_cropping(size, share) for size in thumbs.shape[1:])
    cropped: np.ndarray = height @ thumbs @ width.T
    return cropped


def _cropping(size: int, share: float) -> np.ndarray:
    """The matrix that reads `size` pixels from the middle `share` of as many: float32 (size, size)."""
    places = (np.arange(size) + 0.5 - size / 2) * share + size / 2 - 0.5
    matrix: np.ndarray = np.clip(1 - np.abs(places[:, None] - np.arange(size)), 0, None).astype(np.float32)
    return matrix
