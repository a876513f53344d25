"""Labels that are text, as the cells of a table are: numbers where all of them are, else names."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bigmodel_cli.class_names import class_name
from bigmodel_cli.errors import DataError
from bigmodel_cli.plain_numbers import plain_integer, plain_number
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.sources.label_values import LabelKind

if TYPE_CHECKING:
    import numpy as np

_ZERO_PADDED = re.compile(r"-?0[0-9]+")
_LONG = re.compile(r"-?[0-9]{19,}")
_EXPONENT = re.compile(r"[0-9]+[eE][0-9]+")
# What programs write where a number is missing or none.
_NO_NUMBER = frozenset({"nan", "inf", "infinity"})
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]+,[0-9]+")


def typed_labels(
    labels: Mapping[SplitName, Sequence[tuple[str, int]]],
    kind: LabelKind,
    names: Sequence[str] | None,
    path: Path,
    warn: Callable[[str], None],
) -> dict[SplitName, np.ndarray]:
    """Text as int64 where all labels are whole numbers, as float64 where all may be numbers, else as names.

    Args:
        labels: Per split each label with the line where it is written.
        kind: What the config says they are.
        names: The config's names of classes.
        path: Their file, for errors.
        warn: Told where a few names among numbers make all of them names.

    Raises:
        DataError: If a label is no number among numbers; names its place.
    """
    import numpy as np

    texts = [text for part in labels.values() for text, _ in part]

    def array(dtype: type, convert: Callable[[str], object]) -> dict[SplitName, np.ndarray]:
        return {split: np.array([convert(text) for text, _ in part], dtype) for split, part in labels.items()}

    if names and {class_name(text) for text in texts} <= {class_name(name) for name in names}:
        return array(np.str_, class_name)
    if all(map(_is_index, texts)):
        return array(np.int64, int)
    may_be_numbers = kind == "numbers" or (kind == "auto" and not _are_codes(texts))
    if may_be_numbers and all(plain_number(text) is not None for text in texts):
        return array(np.float64, float)
    if kind != "classes":
        places = [(text, f"{path}:{line}") for part in labels.values() for text, line in part]
        _check_no_number_is_lost(places, kind, warn)
    return array(np.str_, class_name)


def _are_codes(texts: Sequence[str]) -> bool:
    """Whether labels are names that only look like numbers, unless the config says otherwise.

    `007` would lose its zeros and a long number its last digits. Where programs write an exponent there is a
    point or a sign (`1.0E1`, `1e+01`), which codes like `1E1` and `2E5` have not.
    """
    if any(map(_ZERO_PADDED.fullmatch, texts)) or any(map(_LONG.fullmatch, texts)):
        return True
    return any(map(_EXPONENT.fullmatch, texts)) and not any("." in text for text in texts)


def _is_index(text: str) -> bool:
    number = plain_integer(text)
    return number is not None and str(number) == text and -(2**63) <= number < 2**63


def _check_no_number_is_lost(
    labels: Sequence[tuple[str, str]], kind: LabelKind, warn: Callable[[str], None]
) -> None:
    """Refuse, or say, that labels become names since some of them are no numbers.

    Raises:
        DataError: If numbers must be meant; names the first place.
    """
    others = [(text, where) for text, where in labels if plain_number(text) is None]
    if not others:
        return
    text, where = others[0]
    count = f"{len(others):,} of {len(labels):,} labels"
    are_missing = all(other.lstrip("+-").casefold() in _NO_NUMBER for other, _ in others)
    if kind == "numbers" or are_missing:
        raise DataError(
            f"{where}: expected a number as label, found {text!r} ({count} are none)",
            hint="fill in or remove these rows" if are_missing else "set labels: classes if they are names",
        )
    if all(_DECIMAL_COMMA.fullmatch(other) for other, _ in others):
        raise DataError(
            f"{where}: the label {text!r} has a comma where numbers have a point ({count} have)",
            hint=f"write {text.replace(',', '.')}, or set labels: classes if they are names",
        )
    if 2 * sum("." in other and plain_number(other) is not None for other, _ in labels) > len(labels):
        warn(
            f"{where}: all labels are taken for names of classes, since {text!r} is no number "
            f"({count} are none); set labels: numbers to have such rows refused"
        )
