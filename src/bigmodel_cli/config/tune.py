"""The section `tune`: what is searched, how long, and by what the best is chosen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticKnownError

from bigmodel_cli.config.section import Section

_TIME = re.compile(r"(\d+(?:\.\d+)?) ?(second|minute|hour|day)s?", re.ASCII)
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(MB|GB|TB)", re.ASCII)
_BYTES = {"MB": 10**6, "GB": 10**9, "TB": 10**12}


def parse_time(text: str) -> float:
    """`30 minutes`, `1.5 hours` as seconds.

    Raises:
        ValueError: If it is none, or nothing.
    """
    match = _TIME.fullmatch(text)
    if not match or float(match.group(1)) <= 0:
        raise ValueError(f"expected a time such as `30 minutes` or `2 hours`, found {text!r}")
    return float(match.group(1)) * _SECONDS[match.group(2)]


def parse_size(text: str) -> int:
    """`500 MB`, `5 GB` as bytes.

    Raises:
        ValueError: If it is none, or nothing.
    """
    match = _SIZE.fullmatch(text)
    if not match or float(match.group(1)) <= 0:
        raise ValueError(f"expected a size such as `500 MB` or `5 GB`, found {text!r}")
    return round(float(match.group(1)) * _BYTES[match.group(2)])


def _time(value: Any) -> Any:
    parse_time(_shown(value))
    return value


Time = Annotated[str, BeforeValidator(_time)]


def _size(value: Any) -> Any:
    parse_size(_shown(value))
    return value


def _shown(value: Any) -> str:
    """A number has no unit; what is neither is no text, which pydantic says."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise PydanticKnownError("string_type")
    return str(value)


_PAIR: dict[str, Any] = {"type": "array", "minItems": 2, "maxItems": 2}
# A fraction is a text.
_NUMBERS = {**_PAIR, "items": {"type": ["number", "string"]}}
_WHOLE = {**_PAIR, "items": {"type": "integer"}}
MORE: dict[str, dict[str, Any]] = {
    "log": {"type": "boolean", "description": "Each factor counts the same, rather than each difference."},
    "step": {"type": "number", "exclusiveMinimum": 0, "description": "The distance of the numbers."},
    "points": {"type": "integer", "minimum": 1, "description": "How many of the numbers a grid takes."},
}


@dataclass(frozen=True)
class Form:
    """A form in which a space says what a key may be.

    Attributes:
        example: As a config has it.
        doc: What it means.
        schema: The JSON Schema of what stands under its name.
        beside: What it takes beside it.
    """

    example: str
    doc: str
    schema: dict[str, Any]
    beside: tuple[str, ...] = ()

    def as_json_schema(self, name: str) -> dict[str, Any]:
        """A mapping in this form."""
        beside = {key: MORE[key] for key in self.beside}
        return {
            "type": "object",
            "properties": {name: {"description": self.doc, **self.schema}, **beside},
            "required": [name],
            "additionalProperties": False,
        }


FORMS: Mapping[str, Form] = {
    "log": Form(
        "{log: [1e-4, 1e-2]}",
        "Numbers from the first to the second, each factor as likely as any other: rates, weights of decay.",
        _NUMBERS,
        ("points",),
    ),
    "uniform": Form(
        "{uniform: [0, 0.5], step: 0.1}",
        "Numbers from the first to the second, each as likely as any other.",
        _NUMBERS,
        ("step", "points"),
    ),
    "integer": Form(
        "{integer: [32, 512], log: true}",
        "Whole numbers from the first to the second.",
        _WHOLE,
        ("log", "step", "points"),
    ),
    "choice": Form(
        "{choice: [{Dropout: {rate: {uniform: [0.1, 0.5]}}}, null]}",
        "One of the values, as the config would have them. What is inside one of them may be a range or a "
        "choice, which counts only where that one is chosen. Of a list's item, null leaves it out.",
        {"type": "array", "minItems": 2},
    ),
}
SPACE_SCHEMA: dict[str, Any] = {
    "minProperties": 1,
    "additionalProperties": {"anyOf": [form.as_json_schema(name) for name, form in FORMS.items()]},
}


class Budget(Section):
    """What a search may use, over all its sessions."""

    time: Time | None = Field(
        None, description="No trial begins after so long, such as `2 hours`; those that run are finished."
    )
    disk: Annotated[str, BeforeValidator(_size)] | None = Field(
        None, description="What the folder of the search may take on disk, such as `5 GB`."
    )


class Tune(Section):
    """What is searched, how long, and by what the best is chosen."""

    space: dict[str, Any] = Field(
        min_length=1,
        json_schema_extra=SPACE_SCHEMA,
        description="Keys of the config, dotted as on the command line, and what each may be: "
        "`{log: [1e-4, 1e-2]}`, `{uniform: [0, 0.5]}`, `{integer: [32, 512], log: true}`, "
        "`{choice: [...]}`; inside a choice too. A key that begins with `preset` changes several at once.",
    )
    metric: str = Field(
        "auto",
        description="The column of metrics.csv that decides which trial is the best; auto: what the "
        "checkpoint watches.",
    )
    mode: Literal["auto", "min", "max"] = Field(
        "auto", description="Whether a smaller (min) or a larger (max) value is better."
    )
    trials: Annotated[int, Field(ge=1)] = Field(
        30, description="How many trials there are in all, whatever interrupts the search."
    )
    search: Literal["auto", "random", "grid", "tpe"] = Field(
        "auto",
        description="How values are chosen: at random; every combination (grid); or by what earlier trials "
        "came to (tpe, with the extra `tune`). auto: tpe with the extra, else random.",
    )
    stop_early: bool = Field(
        True,
        description="Trials that do worse than others did at the same epoch end early (successive halving).",
    )
    keep: Annotated[int, Field(ge=1)] = Field(
        5,
        description="Of how many of the best trials the weights stay; of all, config, record and metrics do.",
    )
    budget: Budget = Field(Budget(), description="What the search may use, over all its sessions.")

    @property
    def seconds(self) -> float | None:
        """The budget of time; None where there is none."""
        return None if self.budget.time is None else parse_time(self.budget.time)

    @property
    def bytes(self) -> int | None:
        """The budget of disk; None where there is none."""
        return None if self.budget.disk is None else parse_size(self.budget.disk)
