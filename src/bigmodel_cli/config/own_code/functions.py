"""Functions of the user's own that a config may name: what they take says what they are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from bigmodel_cli.config.own_code.parsed import ParsedFile

Function = ast.FunctionDef | ast.AsyncFunctionDef
# What the first two arguments of a loss or metric are called.
_LABELS = frozenset({"y_true", "labels", "target", "targets", "true"})
_OUTPUTS = frozenset({"y_pred", "predictions", "pred", "preds", "outputs", "logits"})


@dataclass(frozen=True)
class OwnFunction:
    """A function of a file.

    Attributes:
        file: The file.
        node: Where it is defined.
        families: What it can be; none for one that only other code calls.
    """

    file: ParsedFile
    node: Function
    families: tuple[str, ...]

    @property
    def skip(self) -> int:
        """How many of its arguments Keras gives."""
        return 2 if "losses" in self.families else 1


def read_function(file: ParsedFile, node: Function) -> OwnFunction:
    """What a function is, by its arguments."""
    given = node.args
    names = [argument.arg for argument in (*given.posonlyargs, *given.args)]
    if len(names) > 1 and names[0] in _LABELS and names[1] in _OUTPUTS:
        return OwnFunction(file, node, ("losses", "metrics"))
    needed = len(names) - len(given.defaults)
    needed += sum(default is None for default in given.kw_defaults)
    if names[:1] == ["shape"] and (needed == 1 or names[1:2] == ["dtype"]):
        return OwnFunction(file, node, ("initializers",))
    if needed == 1 and names:
        return OwnFunction(file, node, ("activations",))
    return OwnFunction(file, node, ())


def is_generator(node: Function) -> bool:
    """Whether it yields."""
    return any(isinstance(one, ast.Yield | ast.YieldFrom) for one in _inside(node))


def _inside(node: Function) -> Iterator[ast.AST]:
    """What belongs to a function itself, not to functions in it."""
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        one = waiting.pop()
        yield one
        if not isinstance(one, Function | ast.Lambda | ast.ClassDef):
            waiting += ast.iter_child_nodes(one)
