"""Which files are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bigmodel_cli.config.spelling import closest
from bigmodel_cli.errors import UsageError
from bigmodel_cli.exporting.format import Format
from bigmodel_cli.exporting.formats import formats

NONE = "none"


@dataclass(frozen=True)
class Wanted:
    """One file.

    Attributes:
        format: Of which kind.
        quantize: How its numbers are made smaller; None: they are not.
    """

    format: Format
    quantize: str | None = None

    @property
    def name(self) -> str:
        """Of its folder: `litert`, `litert-int8`."""
        return self.format.name if self.quantize is None else f"{self.format.name}-{self.quantize}"

    @property
    def needs_calibration(self) -> bool:
        return self.quantize in self.format.calibrated


def wanted_of(names: Sequence[str], quantize: Sequence[str]) -> list[Wanted]:
    """Each format in each precision that it has.

    Args:
        names: Of formats; a word may have several with commas between.
        quantize: Likewise; `none` for the run's own numbers, which are meant where nothing is said.

    Raises:
        UsageError: If there is no such format, or one has none of the precisions.
    """
    precisions = _parted(quantize, "--quantize", _precisions()) or [NONE]
    found = []
    for name in _parted(names, "--format", list(formats())):
        one = formats()[name]
        fitting = [word for word in precisions if word == NONE or word in one.quantized]
        if not fitting:
            have = ", ".join(one.quantized) or "nothing but the run's own numbers"
            raise UsageError(f"--quantize {','.join(precisions)}: {name} has {have}")
        found += [Wanted(one, None if word == NONE else word) for word in fitting]
    return found


def _precisions() -> list[str]:
    return list(dict.fromkeys([NONE, *(word for one in formats().values() for word in one.quantized)]))


def _parted(words: Sequence[str], option: str, known: Sequence[str]) -> list[str]:
    found = list(dict.fromkeys(part.strip() for word in words for part in word.split(",")))
    for one in found:
        if one not in known:
            near = closest(one, known)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"{option} {one}: there is none of this name", hint=hint)
    return found
