"""Field types for option models: what pydantic has no word for.

An option model (a section of the config, a source, a block) annotates its fields with these, and
`config/fill.py` reads the annotations: components are parsed against the catalogue, paths are taken
relative to the file that names them, fractions become numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticKnownError, core_schema

from bigmodel_cli.config.components import DataNumber


@dataclass(frozen=True)
class ComponentOf:
    """Marks a field that holds a component of one of these catalogue families."""

    families: tuple[str, ...]


@dataclass(frozen=True)
class RelativePath:
    """Marks a path that is relative to the file that names it."""


@dataclass(frozen=True)
class FilesInside:
    """Marks plain data in which `file: PATH` or `file: {path: PATH}` is relative to the file that has it."""


@dataclass(frozen=True)
class OfData:
    """Marks a number that the data may tell: also written by its name, `review.vocabulary_size`.

    The field then holds a `DataNumber`.
    """

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        def of_data(value: Any, number: Any) -> Any:
            return value if isinstance(value, DataNumber) else number(value)

        return core_schema.no_info_wrap_validator_function(of_data, handler(source))


class Named(dict[str, Any]):
    """Values by name, told from a mapping that is itself one value."""


@dataclass(frozen=True)
class ByName:
    """Marks a field that holds either one value for all, or a mapping from names to values.

    Pydantic gets a `Named` of the latter, and what is wrong with one of its values stands under its name.

    Attributes:
        of: What the names are: targets, or columns and kinds.
        doc: A sentence for the reference.
        exactly: Whether a mapping is by name only where each key is a target: where one value is a mapping
            whose keys the data decide.
    """

    of: Literal["targets", "columns"]
    doc: str
    exactly: bool = False

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        one = handler(source)
        by_name = core_schema.dict_schema(core_schema.str_schema(), one)
        # Pydantic makes a plain mapping of it.
        named = core_schema.no_info_after_validator_function(Named, by_name)
        choices = {_ONE: one, _NAMED: named}
        return core_schema.tagged_union_schema(
            choices, discriminator=lambda value: _NAMED if isinstance(value, Named) else _ONE
        )


# Tags of the two forms; no config has such keys.
_ONE, _NAMED = "\0one", "\0named"
ConfigPath = Annotated[Path, RelativePath()]
Layer = Annotated[Any, ComponentOf(("layers",))]
AugmentationStep = Annotated[Any, ComponentOf(("layers", "augmentations"))]
Step = Annotated[Any, ComponentOf(("layers", "applications", "blocks", "encodings", "augmentations"))]
PreprocessingStep = Annotated[Any, ComponentOf(("layers", "encodings"))]
Loss = Annotated[Any, ComponentOf(("losses",))]
Optimizer = Annotated[Any, ComponentOf(("optimizers",))]
Metric = Annotated[Any, ComponentOf(("metrics",))]
Callback = Annotated[Any, ComponentOf(("callbacks",))]
DataSource = Annotated[Any, ComponentOf(("sources",))]
Tracker = Annotated[Any, ComponentOf(("trackers",))]

_BY_TARGET = "Of several targets one for all, or each its own: {income: …, hours: …}."
_BY_COLUMN = "Of a table by column, or by kind for all columns of it: {number: […], review: […]}."
LossByTarget = Annotated[Loss, ByName("targets", _BY_TARGET)]
MetricsByTarget = Annotated[list[Metric] | Literal["auto"], ByName("targets", _BY_TARGET)]
Augmentation = Annotated[
    list[AugmentationStep], ByName("columns", "Of images and arrays, which have no columns.")
]
Preprocessing = Annotated[
    list[PreprocessingStep],
    ByName("columns", f"{_BY_COLUMN[:-1]}; of numbers it may have encodings too."),
]

# What is for classes, and so for those of several targets that have some.
OF_CLASSES = ByName("targets", "Of several targets one for all that are classes, or by target.", exactly=True)

NumberOfData = Annotated[int, Field(ge=1), OfData()]
Share = Annotated[float, Field(ge=0, lt=1)]


def _no_text(value: Any) -> Any:
    """Text is no number: pydantic would take `"1_0"` for 10."""
    if isinstance(value, str):
        raise PydanticKnownError("int_type")
    return value


WholeNumber = Annotated[int, BeforeValidator(_no_text)]


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields of an option model by the keys that a config writes."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def whole_description(field: FieldInfo) -> str:
    """What the reference says of a key, also that it may be written by name."""
    more = [mark.doc for mark in field.metadata if isinstance(mark, ByName)]
    return " ".join([field.description or "", *more]).strip()
