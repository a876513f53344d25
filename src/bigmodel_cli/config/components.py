"""Components: a bare name, or a mapping from one name to its arguments.

A CamelCase name is a public Keras class and its arguments are Keras's, checked against the catalogue.
A snake_case name is ours (a data source, a block) and its arguments are the fields of its option model.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from bigmodel_cli.config.catalogue import Catalogue, Entry, load_catalogue
from bigmodel_cli.config.own_code.files import Code
from bigmodel_cli.config.tree import ConfigPathKeys, Place
from bigmodel_cli.vocabulary.vocabulary import VOCABULARY_SIZE

# Python's `1./255` is a fraction too.
_FRACTION = re.compile(r"\s*([-+]?\d+(?:\.\d*)?)\s*/\s*(\d+(?:\.\d*)?)\s*", re.ASCII)
OWN_FAMILIES = ("sources", "blocks", "encodings", "augmentations", "trackers")
STEP_FAMILIES = ("layers", "applications", "blocks", "encodings", "augmentations")


@dataclass(frozen=True)
class DataNumber:
    """A number that only the data knows, written by its name wherever a number is expected."""

    name: str


NUM_CLASSES = DataNumber("num_classes")
OF_COLUMN = re.compile(r".+\.(vocabulary_size|num_classes)", re.DOTALL)


def data_number(text: str) -> DataNumber | None:
    """The number that a text names: `num_classes`, `review.vocabulary_size`; None where it names none."""
    if text in (NUM_CLASSES.name, VOCABULARY_SIZE):
        return DataNumber(text)
    return DataNumber(text) if OF_COLUMN.fullmatch(text) else None


@dataclass(frozen=True)
class Component:
    """A name with its arguments, checked as far as that goes without Keras.

    Attributes:
        name: Keras's class name, a Keras identifier (`mse`), or one of our own names.
        family: The catalogue family that it was found in, or one of our own (`OWN_FAMILIES`).
        arguments: Argument values; components inside are `Component`s.
        options: For our own components: the filled option model.
        place: Where it stands.
        path: Its keys from the root of the config.
        step: The name that other steps call it by (model only).
        inputs: Names of the steps that feed it (model only); None means the step before.
        own: What is known of a name of the user's own code; None of all others.
    """

    name: str
    family: str
    place: Place
    path: ConfigPathKeys
    arguments: Mapping[str, Any] = field(default_factory=dict)
    options: BaseModel | None = None
    step: str | None = None
    inputs: tuple[str, ...] | None = None
    own: Entry | None = None


def entry_of(component: Component) -> Entry | None:
    """What is known of a component by the name of its class; None of short strings, and of ours."""
    return component.own or load_catalogue().entry(component.family, component.name)


def base_of(component: Component) -> str:
    """The class of Keras behind a component of the user's own; its name where it is Keras's."""
    if component.own is None or component.own.own is None:
        return component.name
    return component.own.own.base or ""


@dataclass(frozen=True)
class Language:
    """All names that a config may use.

    Attributes:
        catalogue: Keras's, and those of the config's own code.
        own: Ours, by family.
        code: The files of that code; None: not looked for yet.
        unusable: Why names of these files that are none of the config cannot be used in it.
    """

    catalogue: Catalogue
    own: Mapping[str, Mapping[str, type[BaseModel]]]
    code: Code | None = None
    unusable: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "own", {family: self.own.get(family, {}) for family in OWN_FAMILIES})

    def names(self, families: tuple[str, ...]) -> list[str]:
        """The names of these families that a config can write."""
        names: list[str] = []
        for family in families:
            names += (
                self.own[family]
                if family in OWN_FAMILIES
                else [e.name for e in self.catalogue.entries(family) if not e.requires_function]
            )
        return names


def as_fraction(text: str) -> float | None:
    """`1/255` as a number; None where the text is no fraction."""
    match = _FRACTION.fullmatch(text)
    if not match or float(match.group(2)) == 0:
        return None
    return float(match.group(1)) / float(match.group(2))
