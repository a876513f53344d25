"""Words of messages about components and their arguments."""

from __future__ import annotations

import re

from bigmodel_cli.config.catalogue import Entry, Parameter
from bigmodel_cli.config.spelling import as_yaml, closest, fold
from bigmodel_cli.config.tree import Entry as Given
from bigmodel_cli.config.tree import Mapping, Node, Scalar, is_null, written
from bigmodel_cli.cut import some

_CAMEL_CASE = re.compile(r"[A-Z][A-Za-z0-9]*")
# As many arguments as a message lists.
MAX_NAMES = 10
SINGULAR = {
    "layers": "layer",
    "optimizers": "optimizer",
    "schedules": "learning-rate schedule",
    "losses": "loss",
    "metrics": "metric",
    "initializers": "initializer",
    "regularizers": "regularizer",
    "constraints": "constraint",
    "callbacks": "callback",
    "applications": "application",
    "activations": "activation",
    "sources": "data source",
    "blocks": "block",
    "encodings": "encoding",
    "augmentations": "augmentation",
    "trackers": "tracker",
}
_KINDS = {
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "string": "a text",
    "list": "a list",
    "mapping": "a mapping",
    "null": "null",
}


def with_article(family: str) -> str:
    word = SINGULAR[family]
    return f"{'an' if word[0] in 'aeio' else 'a'} {word}"


def is_empty(node: Node) -> bool:
    return is_null(node) or (isinstance(node, Mapping) and not node.entries)


def one_name(keys: list[str], *, in_list: bool) -> str:
    """How to write a mapping of several keys, where one name is expected."""
    first, *rest = keys
    if in_list and all(_CAMEL_CASE.fullmatch(key) for key in keys):
        return f"give each of {some(keys, 4)} an item of its own, with its own -"
    return f"indent {some(rest, 3)} under {first}, or write {{{first}: {{{rest[0]}: …}}}}"


def bare_name(name: str) -> str:
    """`Dense` of `keras.layers.Dense`, `Dense(10)` or `Dense:{units`."""
    return re.split(r"[(:\s]", name.strip(), maxsplit=1)[0].rpartition(".")[2]


def argument_name(key: str) -> str:
    return re.split(r"[:=\s]", key, maxsplit=1)[0] or key


def ran_together(key: str, given: Given, near: str | None) -> str | None:
    """What to write where a key and its value ran together: `{units:10}`, `{units 10}`, `{units=10}`."""
    if near is None or not is_null(given.node):
        return None
    parts = re.fullmatch(r"(\w+)\s*[:=\s]\s*(\S.*)", key)
    return f"write {near}: {parts.group(2)}" if parts and fold(parts.group(1)) == fold(near) else None


def argument_list(entry: Entry, near: str | None) -> str:
    if near:
        return f"did you mean {near}?"
    names = list(entry.parameters)
    if len(names) <= MAX_NAMES:
        return f"its arguments: {', '.join(names) or 'none'}"
    more = f"bigmodel list {entry.family} {entry.name} shows all"
    return f"its arguments: {', '.join(names[:MAX_NAMES])}, … ({more})"


def right_notation(parameter: Parameter, node: Node) -> str | None:
    """The value as YAML writes it, where a text or a number in its place says what is meant."""
    if not isinstance(node, Scalar) or node.value is None:
        return None
    if "regularizers" in parameter.families and isinstance(node.value, int | float):
        return f"write {{L2: {{l2: {written(node)}}}}}"
    if (meant := as_yaml(str(node.value), parameter.accepts)) is not None:
        return f"write {meant}"
    numeric = {"integer", "number"} & set(parameter.accepts)
    near = numeric and closest(str(node.value).strip("${} "), ["num_classes"], cutoff=0.75)
    return f"did you mean {near}?" if near else None


def without_activations(families: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(family for family in families if family != "activations")


def is_choice(parameter: Parameter) -> bool:
    return bool(parameter.choices) and "string" in parameter.accepts and not parameter.families


def admits(parameter: Parameter, kind: str) -> bool:
    return not parameter.accepts or kind in parameter.accepts


def expected_kinds(parameter: Parameter) -> str:
    """What an argument takes, in words."""
    kinds = [_KINDS[kind] for kind in parameter.accepts if kind in _KINDS and kind != "null"]
    if "integer" in parameter.accepts and "number" in parameter.accepts:
        kinds.remove(_KINDS["integer"])
    kinds += [with_article(family) for family in parameter.families]
    kinds += ["auto"] * parameter.is_rate
    return " or ".join(kinds) or "another kind of value"


def doc_of(parameter: Parameter) -> str | None:
    return f"{parameter.name}: {parameter.doc}" if parameter.doc else None
