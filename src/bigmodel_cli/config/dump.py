"""Settings back to plain data and YAML that the reader reads to the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from bigmodel_cli.config.components import Component, DataNumber
from bigmodel_cli.config.scalars import plain_scalar


def plain(value: Any) -> Any:
    """Option models, components, paths and tuples as dicts, lists and scalars."""
    if isinstance(value, BaseModel):
        return {
            field.alias or name: plain(getattr(value, name))
            for name, field in type(value).model_fields.items()
            # What is no part of a run is not written where there is none.
            if not (field.exclude and not getattr(value, name))
        }
    if isinstance(value, Component):
        return _component(value)
    if isinstance(value, DataNumber):
        return value.name
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _component(component: Component) -> Any:
    arguments = (
        plain(component.options) if component.options is not None else plain(dict(component.arguments))
    )
    extras: dict[str, Any] = {}
    if component.step and "name" not in arguments:
        extras["name"] = component.step
    if component.inputs is not None:
        extras["inputs"] = list(component.inputs)
    arguments = {**extras, **arguments}
    return {component.name: arguments} if arguments else component.name


class _Dumper(yaml.SafeDumper):
    """Quotes what our reader (YAML 1.2) would not read back as text."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    # Only double quotes keep line breaks and control characters as they are.
    style = '"' if not text.isprintable() else None if plain_scalar(text) == text else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _list(dumper: _Dumper, items: list[Any]) -> yaml.Node:
    flat = not any(isinstance(item, dict | list) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=flat)


def _dict(dumper: _Dumper, items: dict[str, Any]) -> yaml.Node:
    # Sections are written out; a component's flat arguments stay in its line.
    flat = bool(items) and not any(isinstance(item, dict | list) for item in items.values())
    inner = flat and len(items) <= 6 and not {"epochs", "batch_size", "monitor"} & set(items)
    return dumper.represent_mapping("tag:yaml.org,2002:map", items, flow_style=inner)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)
_Dumper.add_representer(dict, _dict)


def to_yaml(value: Any) -> str:
    """Plain data as YAML, keys in the order given."""
    return yaml.dump(
        plain(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False
    )


class _FlowDumper(_Dumper):
    """Everything in one line."""


_FlowDumper.add_representer(
    list, lambda d, v: d.represent_sequence("tag:yaml.org,2002:seq", v, flow_style=True)
)
_FlowDumper.add_representer(
    dict, lambda d, v: d.represent_mapping("tag:yaml.org,2002:map", v, flow_style=True)
)


def to_flow(value: Any) -> str:
    """Plain data as one line of YAML."""
    text = yaml.dump(plain(value), Dumper=_FlowDumper, sort_keys=False, allow_unicode=True, width=10**9)
    return str(text).removesuffix("\n").removesuffix("\n...")
