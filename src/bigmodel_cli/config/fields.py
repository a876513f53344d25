"""Field types for option models: what pydantic has no word for.

An option model (a section of the config, a source, a block) annotates its fields with these, and
`config/fill.py` reads the annotations: components are parsed against the catalogue, paths are taken
relative to the file that names them, fractions become numbers.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError


@dataclass(frozen=True)
class ComponentOf:
    """Marks a field that holds a component of one of these catalogue families."""

    families: tuple[str, ...]


@dataclass(frozen=True)
class RelativePath:
    """Marks a path that is relative to the file that names it."""


@dataclass(frozen=True)
class ByName:
    """Marks a field that holds either one value for all, or a mapping from names to values.

    Attributes:
        of: What the names are: targets, or columns and kinds.
        one: The annotation of one value.
    """

    of: Literal["targets", "columns"]
    one: Any


ConfigPath = Annotated[Path, RelativePath()]
Layer = Annotated[Any, ComponentOf(("layers",))]
Step = Annotated[Any, ComponentOf(("layers", "applications", "blocks", "encodings"))]
PreprocessingStep = Annotated[Any, ComponentOf(("layers", "encodings"))]
Loss = Annotated[Any, ComponentOf(("losses",))]
Optimizer = Annotated[Any, ComponentOf(("optimizers",))]
Metric = Annotated[Any, ComponentOf(("metrics",))]
Callback = Annotated[Any, ComponentOf(("callbacks",))]
DataSource = Annotated[Any, ComponentOf(("sources",))]

LossByTarget = Annotated[Any, ByName("targets", Loss)]
MetricsByTarget = Annotated[Any, ByName("targets", list[Metric] | Literal["auto"])]
LayersByColumn = Annotated[Any, ByName("columns", list[Layer])]
Preprocessing = Annotated[Any, ByName("columns", list[PreprocessingStep])]

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
