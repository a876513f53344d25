"""Arguments of a class or function of the user's own, as the catalogue has those of Keras."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from bigmodel_cli.config.bounds import Bounds
from bigmodel_cli.config.catalogue import Parameter
from bigmodel_cli.config.own_code.imports import Imports, resolved

_KINDS = {
    "int": "integer",
    "float": "number",
    "str": "string",
    "bool": "boolean",
    **dict.fromkeys(("list", "tuple", "List", "Tuple", "Sequence", "Iterable", "Collection"), "list"),
    **dict.fromkeys(("dict", "Dict", "Mapping"), "mapping"),
}
_BOUNDS = {"Ge": "ge", "Gt": "gt", "Le": "le", "Lt": "lt"}
# What names of arguments mean everywhere in Keras.
_BY_NAME = {
    "activation": ("activations", "layers"),
    "initializer": ("initializers",),
    "regularizer": ("regularizers",),
    "constraint": ("constraints",),
}
_BY_CLASS = {
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Optimizer": "optimizers",
    "LearningRateSchedule": "schedules",
    "Initializer": "initializers",
    "Regularizer": "regularizers",
    "Constraint": "constraints",
}


@dataclass(frozen=True)
class Signature:
    """What a function takes.

    Attributes:
        parameters: Arguments that can be given by name, in order.
        positional: Names of arguments that cannot, and have to be given.
        has_kwargs: Whether others are passed on.
    """

    parameters: tuple[Parameter, ...]
    positional: tuple[str, ...] = ()
    has_kwargs: bool = False


def signature(
    function: ast.FunctionDef | ast.AsyncFunctionDef, imports: Imports, *, skip: int, docs: dict[str, str]
) -> Signature:
    """The arguments of a function.

    Args:
        function: It.
        imports: What names of its file stand for.
        skip: How many of the first ones no config gives: `self`, or labels and predictions.
        docs: A sentence for arguments, by name.
    """
    given = function.args
    ordered = [*given.posonlyargs, *given.args]
    defaults: list[ast.expr | None] = [None] * (len(ordered) - len(given.defaults))
    defaults += given.defaults
    pairs = list(zip(ordered, defaults, strict=True))[skip:]
    only = {argument.arg for argument in given.posonlyargs}
    pairs += list(zip(given.kwonlyargs, given.kw_defaults, strict=True))
    named = [(argument, default) for argument, default in pairs if argument.arg not in only]
    found = tuple(_parameter(argument, default, imports, docs) for argument, default in named)
    positional = tuple(a.arg for a, default in pairs if a.arg in only and default is None)
    return Signature(found, positional, given.kwarg is not None)


def _parameter(
    argument: ast.arg, default: ast.expr | None, imports: Imports, docs: dict[str, str]
) -> Parameter:
    value, is_known = _literal(default)
    parameter = Parameter(
        argument.arg, required=default is None, default=value, doc=docs.get(argument.arg, "")
    )
    if argument.annotation is not None:
        parameter = _annotated(parameter, argument.annotation, imports)
    if parameter.accepts or parameter.families:
        return parameter if value is not None or not is_known or default is None else _with(parameter, "null")
    return _guessed(parameter, value)


def _guessed(parameter: Parameter, value: Any) -> Parameter:
    """By what Keras calls such arguments, and by the default."""
    last = parameter.name.rpartition("_")[2]
    if last in _BY_NAME:
        return replace(parameter, accepts=("null", "component"), families=_BY_NAME[last])
    if parameter.name == "learning_rate":
        return replace(parameter, accepts=("number", "component"), families=("schedules",))
    if isinstance(value, bool):
        return replace(parameter, accepts=("boolean",))
    if isinstance(value, int | float):
        return replace(parameter, accepts=("integer", "number"))
    return replace(parameter, accepts=("string",)) if isinstance(value, str) else parameter


def _literal(node: ast.expr | None) -> tuple[Any, bool]:
    """A default that JSON has a word for; whether it is known."""
    if node is None:
        return None, False
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None, False
    value = list(value) if isinstance(value, tuple) else value
    plain = isinstance(value, bool | int | float | str | list | dict) or value is None
    return (value, True) if plain else (None, False)


def _annotated(parameter: Parameter, node: ast.expr, imports: Imports) -> Parameter:
    """With what its annotation says; as it is where that says nothing which is plain."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _annotated(parameter, ast.parse(node.value, mode="eval").body, imports)
        except SyntaxError:
            return parameter
    options = list(_options(node, imports))
    for option in options:
        more = _of_option(parameter, option, imports)
        if more is None:
            # Anything may be right.
            return replace(parameter, accepts=(), families=(), choices=())
        parameter = more
    return parameter


def _options(node: ast.expr, imports: Imports) -> Iterator[ast.expr]:
    """The members of a union."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _options(node.left, imports)
        yield from _options(node.right, imports)
    elif isinstance(node, ast.Subscript) and (name := _last(node.value, imports)) in ("Optional", "Union"):
        members = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        for member in members:
            yield from _options(member, imports)
        if name == "Optional":
            yield ast.Constant(None)
    else:
        yield node


def _of_option(parameter: Parameter, node: ast.expr, imports: Imports) -> Parameter | None:
    """With one kind of value more; None where that can be anything."""
    if isinstance(node, ast.Constant) and node.value is None:
        return _with(parameter, "null")
    if isinstance(node, ast.Subscript):
        name = _last(node.value, imports)
        if name == "Literal":
            return _literals(parameter, node.slice)
        if name == "Annotated" and isinstance(node.slice, ast.Tuple):
            first, *marks = node.slice.elts
            return _bounded(_annotated(parameter, first, imports), marks)
        return _with(parameter, _KINDS[name]) if name in _KINDS else None
    name = _last(node, imports)
    if name in _KINDS:
        return _with(parameter, _KINDS[name])
    whole = resolved(node, imports) or ""
    if name in _BY_CLASS and whole.startswith("keras."):
        families = (*parameter.families, _BY_CLASS[name])
        return replace(_with(parameter, "component"), families=families)
    return None


def _literals(parameter: Parameter, node: ast.expr) -> Parameter | None:
    values = [_literal(item)[0] for item in (node.elts if isinstance(node, ast.Tuple) else [node])]
    for value in values:
        kind = "null" if value is None else _KINDS.get(type(value).__name__)
        if kind is None:
            return None
        parameter = _with(parameter, kind)
    texts = tuple(value for value in values if isinstance(value, str))
    return replace(parameter, choices=(*parameter.choices, *texts))


def _bounded(parameter: Parameter, marks: list[ast.expr]) -> Parameter:
    """`Annotated[float, Ge(0), Le(1)]`, also as `Interval(ge=0, le=1)` and `Field(gt=0)`."""
    limits: dict[str, float] = {}
    for mark in marks:
        if not isinstance(mark, ast.Call):
            continue
        name = (resolved(mark.func, Imports()) or "").rpartition(".")[2]
        said = [(keyword.arg or "", keyword.value) for keyword in mark.keywords]
        if name in _BOUNDS and mark.args:
            said.append((_BOUNDS[name], mark.args[0]))
        for key, node in said:
            value, _ = _literal(node)
            if key in _BOUNDS.values() and isinstance(value, int | float):
                limits[key] = value
    return replace(parameter, bounds=Bounds.read(limits)) if limits else parameter


def _last(node: ast.expr, imports: Imports) -> str:
    return (resolved(node, imports) or "").rpartition(".")[2]


def _with(parameter: Parameter, kind: str) -> Parameter:
    return replace(parameter, accepts=tuple(dict.fromkeys([*parameter.accepts, kind])))


def argument_docs(docstring: str | None) -> dict[str, str]:
    """The first sentence on each argument, of a docstring as Keras and Google write them."""
    found: dict[str, str] = {}
    section = re.search(r"^\s*(?:Args|Arguments|Parameters):\s*\n", docstring or "", re.MULTILINE)
    if docstring is None or section is None:
        return found
    indent: int | None = None
    name = ""
    for line in docstring[section.end() :].split("\n"):
        depth = len(line) - len(line.lstrip())
        if not line.strip():
            continue
        indent = depth if indent is None else indent
        if depth < indent or (depth == indent and ":" not in line):
            break
        if depth == indent:
            name, _, text = line.strip().partition(":")
            name = name.split(" ")[0].strip("*`")
            found[name] = text.strip()
        elif name:
            found[name] += f" {line.strip()}"
    return {key: first_sentence(text) for key, text in found.items()}


def first_sentence(text: str | None) -> str:
    """The first sentence of a docstring, in one line."""
    paragraph = " ".join((text or "").strip().split("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", paragraph, maxsplit=1)[0]
