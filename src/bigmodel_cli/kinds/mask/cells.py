"""Cells that are paths of masks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from bigmodel_cli.kinds.cells import Cells, Held, WrongOptionError, no_options, paths_held
from bigmodel_cli.kinds.mask.classes import MaskClasses, code_of, told_classes
from bigmodel_cli.kinds.mask.kind import MaskKind

_OF, _CLASSES, _IGNORE = "of", "classes", "ignore"
_EXAMPLE = "write for instance {mask: {of: photo, classes: [background, cell]}}"


class MaskCells(Cells):
    """A path stands for the classes of an image's pixels, which are read where targets are."""

    kind: MaskKind
    may_spill: ClassVar[bool] = False
    needs_options: ClassVar[bool] = True
    labels: ClassVar[Literal["texts", "transcripts", "masks"] | None] = "masks"
    is_given: ClassVar[bool] = False
    looked_at_as: ClassVar[str | None] = "image"

    @property
    def masks_of(self) -> str | None:
        return self.kind.of

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        no_options(options, _OF, _CLASSES, _IGNORE)
        if not isinstance(options.get(_OF), str) or not options[_OF]:
            raise WrongOptionError(_OF, "expected the column of the images whose masks these are", _EXAMPLE)
        _classes_of(options)

    @classmethod
    def misfit_beside(
        cls, options: Mapping[str, Any], told: Mapping[str, tuple[str, Mapping[str, Any]]]
    ) -> WrongOptionError | None:
        images = [name for name, (kind, _) in told.items() if kind == "image"]
        if options[_OF] in images:
            return None
        there_are = f"there are: {', '.join(images)}" if images else "say so: {image: {image_size: [96, 96]}}"
        return WrongOptionError(_OF, f"{options[_OF]} is no column that is said to be of images", there_are)

    @classmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> MaskKind:
        return MaskKind(options[_OF], _classes_of(options))

    def reading(self) -> dict[str, Any]:
        return {"kind": "image"}

    def held(self, values: Any) -> Held:
        return paths_held(values)


def _classes_of(options: Mapping[str, Any]) -> MaskClasses:
    """What pixels stand for.

    Raises:
        WrongOptionError: If that is not said, or not rightly.
    """
    given, ignored = options.get(_CLASSES), options.get(_IGNORE, [])
    if not isinstance(given, list | Mapping) or len(given) < 2 or not all(isinstance(n, str) for n in given):
        message = "expected names of at least two classes, in the order of their values or each with its own"
        raise WrongOptionError(_CLASSES, message, _EXAMPLE)
    try:
        codes = [code_of(value) for value in (ignored if isinstance(ignored, list) else [ignored])]
    except ValueError as error:
        raise WrongOptionError(_IGNORE, str(error)) from None
    try:
        return told_classes(given, codes)
    except ValueError as error:
        raise WrongOptionError(_CLASSES, str(error)) from None
