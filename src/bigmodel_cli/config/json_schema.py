"""The JSON Schema of configs: editors complete and explain names and arguments with it."""

from __future__ import annotations

import types
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, WithJsonSchema
from pydantic.fields import FieldInfo

from bigmodel_cli.config.catalogue import Entry, Parameter
from bigmodel_cli.config.components import (
    NUM_CLASSES,
    OF_COLUMN,
    OWN_FAMILIES,
    STEP_FAMILIES,
    Language,
)
from bigmodel_cli.config.fields import ByName, ComponentOf, OfData, RelativePath, fields_of, whole_description
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.vocabulary.vocabulary import VOCABULARY_SIZE

Schema = dict[str, Any]
_FRACTION: Schema = {"type": "string", "pattern": r"^\s*[-+]?\d+(\.\d*)?\s*/\s*\d+(\.\d*)?\s*$"}
# What only the data know.
_OF_DATA: list[Schema] = [
    {"const": NUM_CLASSES.name},
    {"const": VOCABULARY_SIZE},
    {"type": "string", "pattern": f"^{OF_COLUMN.pattern}$"},
]
_KINDS: dict[str, list[Schema]] = {
    "integer": [{"type": "integer"}, *_OF_DATA],
    "number": [{"type": "number"}, _FRACTION, *_OF_DATA],
    "boolean": [{"type": "boolean"}],
    "string": [{"type": "string"}],
    "list": [{"type": "array"}],
    "mapping": [{"type": "object"}],
    "null": [{"type": "null"}],
}
_OF_MARKS: dict[type, Schema] = {
    RelativePath: {"type": "string", "minLength": 1},
    OfData: {"anyOf": [{"type": "integer", "minimum": 1}, *_OF_DATA]},
}


def json_schema(language: Language) -> Schema:
    """The schema of a config file: every section, source, block and Keras component, with its sentence."""
    maker = _Maker(language)
    root = maker.model(Experiment)
    root["properties"]["extends"] = {
        "description": "Another config, or several, merged under this one.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    }
    # A config that extends another may leave out what that one has.
    required = root.pop("required", [])
    root["if"] = {"not": {"required": ["extends"]}}
    root["then"] = {"required": required}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "bigmodel config",
        **root,
        "$defs": maker.definitions,
    }


class _Maker:
    """Makes schemas and collects the definitions that they refer to."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.definitions: dict[str, Schema] = {}

    def model(self, model: type[BaseModel]) -> Schema:
        """An option model of ours as an object."""
        properties = {name: self._field(field) for name, field in fields_of(model).items()}
        required = [name for name, field in fields_of(model).items() if field.is_required()]
        schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
        return {**schema, "required": required} if required else schema

    def _field(self, field: FieldInfo) -> Schema:
        annotation: Any = field.annotation
        if field.metadata:
            annotation = Annotated[(annotation, *field.metadata)]
        schema = self._annotation(annotation)
        if isinstance(field.json_schema_extra, dict):
            schema = {**schema, **field.json_schema_extra}
        if description := whole_description(field):
            schema = {"description": description, **schema}
        return schema

    def _annotation(self, annotation: Any) -> Schema:
        bare, marks = annotation, list[Any]()
        if get_origin(annotation) is Annotated:
            bare, *rest = get_args(annotation)
            marks = rest
        if any(isinstance(mark, ByName) for mark in marks):
            rest = [mark for mark in marks if not isinstance(mark, ByName)]
            one = self._annotation(Annotated[(bare, *rest)] if rest else bare)
            return _any_of([one, {"type": "object", "minProperties": 1, "additionalProperties": one}])
        for mark in marks:
            if isinstance(mark, ComponentOf):
                return self.component(mark.families)
            if type(mark) in _OF_MARKS:
                return _OF_MARKS[type(mark)]
        if get_origin(bare) in (Union, types.UnionType):
            return _any_of([self._annotation(option) for option in get_args(bare)])
        if isinstance(bare, type) and issubclass(bare, BaseModel):
            return {**self.model(bare), "type": ["object", "null"]}
        if get_origin(bare) is list:
            rules: Schema = _plain(annotation) if marks else {}
            length: Schema = {key: rules[key] for key in ("minItems", "maxItems") if key in rules}
            return {"type": "array", "items": self._annotation(get_args(bare)[0]), **length}
        if get_origin(bare) is dict and not any(isinstance(mark, WithJsonSchema) for mark in marks):
            return {"type": "object", "additionalProperties": self._annotation(get_args(bare)[1])}
        return _plain(annotation)

    def component(self, families: tuple[str, ...]) -> Schema:
        """A component of one of these families."""
        return _any_of([self._family(family) for family in families])

    def _family(self, family: str) -> Schema:
        reference = {"$ref": f"#/$defs/{family}"}
        if family in self.definitions:
            return reference
        # Families refer to each other (layers wrap layers): the name must be there before its content.
        self.definitions[family] = {}
        arguments = self._own(family) if family in OWN_FAMILIES else self._keras(family)
        names = [*arguments]
        if family not in OWN_FAMILIES and family not in STEP_FAMILIES and family != "callbacks":
            names += self.language.catalogue.identifiers(family)
        mapping = {"type": "object", "minProperties": 1, "maxProperties": 1}
        self.definitions[family] = _any_of(
            [
                {"enum": sorted(set(names))},
                {**mapping, "properties": arguments, "additionalProperties": False},
            ]
        )
        return reference

    def _own(self, family: str) -> dict[str, Schema]:
        schemas = {}
        for name, model in self.language.own[family].items():
            schema = {"description": (model.__doc__ or "").strip(), **self.model(model)}
            if family in STEP_FAMILIES:
                schema["properties"] = {**_step_keys(), **schema["properties"]}
            schemas[name] = {**schema, "type": ["object", "null"]}
        return schemas

    def _keras(self, family: str) -> dict[str, Schema]:
        catalogue = self.language.catalogue
        if family == "activations":
            # Keras's have arguments in Python alone.
            return {entry.name: self._entry(entry) for entry in catalogue.entries(family) if entry.own}
        entries = {entry.name: entry for entry in catalogue.entries(family) if not entry.requires_function}
        schemas = {name: self._entry(entry) for name, entry in entries.items()}
        return schemas | {
            alias: schemas[name] for alias, name in catalogue.aliases(family).items() if name in schemas
        }

    def _entry(self, entry: Entry) -> Schema:
        properties = {name: self._parameter(parameter) for name, parameter in entry.parameters.items()}
        if entry.family in STEP_FAMILIES:
            properties = {**_step_keys(), **properties}
        required = [p.name for p in entry.parameters.values() if p.required and p.name != "decay_steps"]
        schema: Schema = {
            "type": ["object", "null"] if not required else "object",
            "description": entry.doc,
            "properties": properties,
            "additionalProperties": False,
        }
        return {**schema, "required": required} if required else schema

    def _parameter(self, parameter: Parameter) -> Schema:
        described = {"description": parameter.doc} if parameter.doc else {}
        if not parameter.required:
            described["default"] = parameter.default
        if not parameter.accepts:
            return described
        options = [
            _bounded(schema, parameter) for kind in parameter.accepts for schema in _KINDS.get(kind, [])
        ]
        if parameter.choices:
            options = [option for option in options if option != {"type": "string"}]
            # Keras folds the case of such words.
            options.append({"enum": [*parameter.choices, *(choice.upper() for choice in parameter.choices)]})
        if parameter.is_rate:
            options.append({"const": "auto"})
        if parameter.families:
            options.append(self.component(parameter.families))
        elif "component" in parameter.accepts:
            options.append({"type": ["object", "string"]})
        return {**described, **_any_of(options)}


def _bounded(schema: Schema, parameter: Parameter) -> Schema:
    """A kind of value with the numbers that Keras takes of it."""
    if schema.get("type") in ("integer", "number") and parameter.bounds is not None:
        return {**schema, **parameter.bounds.as_json_schema()}
    if schema.get("type") == "array" and parameter.item_bounds is not None:
        return {**schema, "items": parameter.item_bounds.as_json_schema()}
    return schema


def _step_keys() -> dict[str, Schema]:
    name = {"type": "string"}
    inputs = [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    return {
        "name": {"description": "The name that other steps call this one by.", **name},
        "inputs": {
            "description": "Names of the steps that feed this one; left out: the step before.",
            "anyOf": inputs,
        },
    }


def _any_of(options: list[Schema]) -> Schema:
    distinct: list[Schema] = []
    for option in options:
        if option not in distinct:
            distinct.append(option)
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def _plain(annotation: Any) -> Schema:
    """What pydantic says of plain data; a fraction is a number everywhere."""
    if annotation in (Any, Path):
        return {}
    schema = TypeAdapter(annotation).json_schema()
    return {"anyOf": [schema, _FRACTION]} if schema.get("type") == "number" else schema
