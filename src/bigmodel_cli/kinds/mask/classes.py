"""What pixels of masks stand for: classes by name, each with the values or colours that mean it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

# A colour is a number behind all values of grey images: red, green and blue behind this.
_COLOR = 1 << 24
_HEX = re.compile(r"#([0-9a-fA-F]{6})")
# More different values than this are no classes, but shades.
MOST_FOUND = 64
IGNORED = -1


@dataclass(frozen=True)
class MaskClasses:
    """Classes in index order.

    Attributes:
        names: Of the classes.
        codes: Of each the values that mean it, as `code_of` makes them.
        ignored: Values that count nowhere.
    """

    names: tuple[str, ...]
    codes: tuple[tuple[int, ...], ...]
    ignored: frozenset[int] = frozenset()

    @property
    def are_colors(self) -> bool:
        """Whether any is told by a colour."""
        return any(code >= _COLOR for codes in (*self.codes, tuple(self.ignored)) for code in codes)

    @property
    def written(self) -> dict[str, Any]:
        """As the option `classes` has them."""
        return {
            name: as_written(codes[0]) if len(codes) == 1 else [as_written(code) for code in codes]
            for name, codes in zip(self.names, self.codes, strict=True)
        }

    def numbers_of(self, codes: np.ndarray) -> tuple[np.ndarray, list[int]]:
        """Class numbers of pixels, int16 of their shape, -1 where one counts nowhere; and unknown values."""
        import numpy as np

        known, places = np.unique(codes, return_inverse=True)
        number_of = {code: number for number, own in enumerate(self.codes) for code in own}
        unknown = [code for code in known.tolist() if code not in number_of and code not in self.ignored]
        table = np.array([number_of.get(code, IGNORED) for code in known.tolist()], np.int16)
        return table[places].reshape(codes.shape), unknown


def code_of(value: Any) -> int:
    """A value of a grey or palette image, or a colour (`#ff0000`), as one number.

    Raises:
        ValueError: If it is none.
    """
    if isinstance(value, bool) or value is None:
        raise ValueError(f"expected a value of pixels or a colour, found {value!r}")
    if isinstance(value, int) and 0 <= value < 1 << 16:
        return value
    if isinstance(value, str) and (found := _HEX.fullmatch(value)):
        return _COLOR + int(found.group(1), 16)
    raise ValueError(f"expected a value from 0 to 65,535, or a colour such as '#ff0000'; found {value!r}")


def as_written(code: int) -> int | str:
    """A code as a config has it."""
    return code if code < _COLOR else f"#{code - _COLOR:06x}"


def told_classes(given: Sequence[str] | Mapping[str, Any], ignored: Iterable[int]) -> MaskClasses:
    """Classes as the option `classes` has them: names in the order of their values, or names with theirs.

    Raises:
        ValueError: If two are the same, or a value is none.
    """
    named = {name: number for number, name in enumerate(given)} if not isinstance(given, Mapping) else given
    if len(named) != len(given):
        raise ValueError("the same class twice")
    codes = {name: _codes(value) for name, value in named.items()}
    every = [*(code for own in codes.values() for code in own), *ignored]
    for code in every:
        if every.count(code) > 1:
            raise ValueError(f"{as_written(code)} is said twice")
    return MaskClasses(tuple(codes), tuple(codes.values()), frozenset(ignored))


def _codes(value: Any) -> tuple[int, ...]:
    """The codes of one class: of one value, or of several in a list."""
    return tuple(map(code_of, value)) if isinstance(value, list | tuple) else (code_of(value),)


def found_classes(codes: Iterable[int], ignored: Iterable[int]) -> MaskClasses:
    """Classes that are called as their values, in the order of these."""
    left = sorted(set(codes) - set(ignored))
    return MaskClasses(
        tuple(str(as_written(code)) for code in left), tuple((code,) for code in left), frozenset(ignored)
    )


def codes_of_pixels(pixels: np.ndarray) -> np.ndarray:
    """Pixels of shape (height, width) or (height, width, 3) as codes, int32 of shape (height, width)."""
    import numpy as np

    if pixels.ndim == 2:
        return pixels.astype(np.int32)
    red, green, blue = (pixels[..., place].astype(np.int32) for place in range(3))
    return np.asarray(_COLOR + (red << 16) + (green << 8) + blue, np.int32)
