"""The names of the config language with their help, as `bigmodel list` shows them."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from bigmodel_cli.config.catalogue import Entry
from bigmodel_cli.config.components import OWN_FAMILIES, Language
from bigmodel_cli.config.examples import example
from bigmodel_cli.config.fields import fields_of, whole_description
from bigmodel_cli.config.own_metrics import OWN_METRICS
from bigmodel_cli.config.shipped import find_shipped, shipped_configs
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.wording import expected_kinds
from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.language import language

_FAMILIES = {
    "sources": "where examples come from (data.source)",
    "layers": "Keras layers (preprocessing, augmentation, model)",
    "applications": "Keras applications: whole known networks as one step (model)",
    "blocks": "what bigmodel adds to layers (model)",
    "encodings": "what bigmodel adds to layers for columns of numbers and for sounds (preprocessing)",
    "augmentations": "what bigmodel adds to layers for images and sounds (augmentation, model)",
    "trackers": "where else a run is followed (track)",
    "losses": "loss",
    "optimizers": "optimizer",
    "schedules": "learning-rate schedules (optimizer's learning_rate)",
    "metrics": "metrics",
    "callbacks": "training.callbacks",
    "initializers": "arguments such as kernel_initializer",
    "regularizers": "arguments such as kernel_regularizer",
    "constraints": "arguments such as kernel_constraint",
    "activations": "arguments such as activation",
    "configs": "whole configs that come with bigmodel (bigmodel init --config NAME)",
}


def families(known: Language | None = None) -> list[dict[str, Any]]:
    """All families with what they are for.

    Args:
        known: The names there are; None: Keras's and ours.
    """
    return [
        {"family": family, "names": len(names_in(family, known)), "doc": doc}
        for family, doc in _FAMILIES.items()
    ]


def find_family(word: str) -> str:
    """The family that a word means; `layer` is `layers`, `loss` is `losses`.

    Raises:
        UsageError: If there is none.
    """
    for family in _FAMILIES:
        if word.lower() in (family, family.removesuffix("s"), family.removesuffix("es")):
            return family
    near = closest(word, _FAMILIES)
    hint = f"did you mean {near}?" if near else f"families: {', '.join(_FAMILIES)}"
    raise UsageError(f"there is no family {word!r} of names", hint=hint)


def names_in(family: str, known: Language | None = None) -> list[dict[str, Any]]:
    """The names of a family with a sentence each; configs with what was measured, too."""
    known = known or language()
    if family == "configs":
        return [
            {"name": name, "doc": config.doc, "result": config.result}
            for name, config in shipped_configs().items()
        ]
    if family in OWN_FAMILIES:
        own = known.own[family]
        return [{"name": name, "doc": _sentence(model)} for name, model in sorted(own.items())]
    if family == "activations":
        short = [{"name": name, "doc": ""} for name in known.catalogue.identifiers(family)]
        own_ones = [entry for entry in known.catalogue.entries(family) if entry.own is not None]
        return [*short, *({"name": entry.name, "doc": _doc(entry)} for entry in own_ones)]
    ours = OWN_METRICS.items() if family == "metrics" else ()
    keras = [{"name": entry.name, "doc": _doc(entry)} for entry in known.catalogue.entries(family)]
    return [*keras, *({"name": name, "doc": doc} for name, doc in ours)]


def _doc(entry: Entry) -> str:
    """What an entry is for; why no config can name it, where that is so."""
    reason = entry.requires_function
    from_where = "" if entry.own is None else f" ({entry.own})"
    return f"cannot be written in a config: {reason}" if reason else f"{entry.doc}{from_where}".strip()


def describe_component(family: str, name: str, known: Language | None = None) -> dict[str, Any]:
    """One name with its arguments and an example; a config with its text instead.

    Raises:
        UsageError: If the family has no such name.
    """
    known = known or language()
    if family == "configs":
        config = find_shipped(name)
        described = {"family": family, "name": config.name, "doc": config.doc, "result": config.result}
        return {**described, "text": config.text}
    if family in OWN_FAMILIES:
        model = known.own[family].get(name)
        if model is not None:
            return {
                "family": family,
                "name": name,
                "doc": _sentence(model),
                "arguments": [_field(name, field) for name, field in fields_of(model).items()],
                "example": model.example,  # type: ignore[attr-defined]
            }
    elif family == "metrics" and name in OWN_METRICS:
        return {
            "family": family,
            "name": name,
            "doc": OWN_METRICS[name],
            "arguments": [],
            "example": f"metrics: [{name}]",
        }
    else:
        entry = known.catalogue.entry(family, name)
        if entry is not None:
            arguments = [
                {
                    "name": parameter.name,
                    "takes": expected_kinds(parameter),
                    "default": "required" if parameter.required else json.dumps(parameter.default),
                    "doc": parameter.doc,
                }
                for parameter in entry.parameters.values()
            ]
            return {
                "family": family,
                "name": entry.name,
                "doc": _doc(entry),
                "arguments": arguments,
                "example": None if entry.requires_function else example(entry),
            }
    raise UsageError(f"there is no {name!r} among {family}", hint=_suggestion(family, name, known))


def _suggestion(family: str, name: str, known: Language) -> str:
    catalogue = known.catalogue
    near = catalogue.suggest(name, [one["name"] for one in names_in(family, known)])
    if near:
        return f"did you mean {near}?"
    elsewhere = catalogue.families_of(name)
    return (
        f"bigmodel list {elsewhere[0]} {name}" if elsewhere else f"bigmodel list {family} shows all of them"
    )


def _sentence(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").strip().split("\n\n")[0].split())


def _field(name: str, field: Any) -> dict[str, Any]:
    default = "required" if field.default is PydanticUndefined else json.dumps(field.default, default=str)
    return {"name": name, "takes": "", "default": default, "doc": whole_description(field)}
