"""Classes of the user's own, as the catalogue has Keras's: which family, and which arguments."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from bigmodel_cli.config.catalogue import Catalogue, Parameter
from bigmodel_cli.config.own_code.families import abstract_parameters, family_of
from bigmodel_cli.config.own_code.imports import Imports, dotted, resolved
from bigmodel_cli.config.own_code.parameters import argument_docs, signature
from bigmodel_cli.config.own_code.parsed import ParsedFile

BETTER: Mapping[str, Literal["min", "max"]] = {"up": "max", "down": "min"}


@dataclass(frozen=True)
class OwnClass:
    """A class of a file.

    Attributes:
        file: The file.
        node: Where it is defined.
        family: What it is; None for one that Keras does not know.
        base: The class of Keras behind it; None where that is abstract.
        parent: The class of the user's own that it is derived from.
        parameters: What it takes.
        positional: Arguments that cannot be given by name.
    """

    file: ParsedFile
    node: ast.ClassDef
    family: str | None
    base: str | None = None
    parent: OwnClass | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    positional: tuple[str, ...] = ()

    def method(self, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """A method, also one of the user's own classes that it is derived from."""
        own = (
            node
            for node in self.node.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
        )
        found = next(own, None)
        return found if found is not None or self.parent is None else self.parent.method(name)

    @property
    def better(self) -> tuple[ast.expr | None, Literal["min", "max"] | None]:
        """What stands as `_direction`, Keras's own way to say which value of a metric is better."""
        for node in ast.walk(self.node):
            targets = node.targets if isinstance(node, ast.Assign) else []
            if any((dotted(one) or "").removeprefix("self.") == "_direction" for one in targets):
                assert isinstance(node, ast.Assign)
                value = getattr(node.value, "value", None)
                return node.value, BETTER.get(value) if isinstance(value, str) else None
        return (None, None) if self.parent is None else self.parent.better


def read_class(
    file: ParsedFile,
    node: ast.ClassDef,
    imports: Imports,
    known: Mapping[str, OwnClass],
    catalogue: Catalogue,
) -> OwnClass:
    """What a class is.

    Args:
        file: Where it is.
        node: It.
        imports: What names of the file stand for.
        known: Classes before it, by `file.Name`.
        catalogue: Keras's.
    """
    for base in node.bases:
        whole = resolved(base, imports)
        if whole is None:
            continue
        parent = known.get(whole if "." in whole else f"{file.stem}.{whole}")
        if parent is not None and parent.family is not None:
            found = OwnClass(
                file, node, parent.family, parent.base, parent, parent.parameters, parent.positional
            )
            return _with_own(found, imports)
        known_one = family_of(whole, catalogue, has_stars=imports.has_stars)
        if known_one is not None:
            family, name = known_one
            entry = catalogue.entry(family, name) if name else None
            inherited = entry.parameters if entry is not None else abstract_parameters(family, catalogue)
            return _with_own(OwnClass(file, node, family, name, None, inherited), imports)
    return OwnClass(file, node, None)


def _with_own(found: OwnClass, imports: Imports) -> OwnClass:
    """A class that so far takes what its base does, with what its own `__init__` takes."""
    node, inherited = found.node, found.parameters
    init = next(
        (one for one in node.body if isinstance(one, ast.FunctionDef) and one.name == "__init__"), None
    )
    if init is None:
        return found
    docs = argument_docs(ast.get_docstring(node)) | argument_docs(ast.get_docstring(init))
    given = signature(init, imports, skip=1, docs=docs)
    parameters = {parameter.name: parameter for parameter in given.parameters}
    if given.has_kwargs and init.args.kwarg is not None:
        fixed = set(_given_to_super(init, list(inherited)))
        more = {key: value for key, value in inherited.items() if key not in fixed}
        popped = {name: Parameter(name) for name in _popped(init, init.args.kwarg.arg)}
        parameters = {**parameters, **{k: v for k, v in {**popped, **more}.items() if k not in parameters}}
    return replace(found, parameters=parameters, positional=given.positional)


def supers(function: ast.AST) -> Iterator[ast.Call]:
    """Calls of `super().__init__`, or of that of a base by its name."""
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "__init__"
        ):
            yield node


def _given_to_super(init: ast.FunctionDef, names: list[str]) -> Iterator[str]:
    """Arguments of the base that its `__init__` gives itself."""
    for call in supers(init):
        yield from (keyword.arg for keyword in call.keywords if keyword.arg)
        yield from names[: sum(not isinstance(given, ast.Starred) for given in call.args)]


def _popped(init: ast.FunctionDef, kwargs: str) -> Iterator[str]:
    """What is taken out of `**kwargs` by its name."""
    for node in ast.walk(init):
        if not isinstance(node, ast.Call) or dotted(node.func) not in (f"{kwargs}.pop", f"{kwargs}.get"):
            continue
        if node.args and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
            yield node.args[0].value
