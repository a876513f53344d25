"""Components that are written as Python calls, `L2(1e-4)`, as a config writes them: `{L2: {l2: 1e-4}}`."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from bigmodel_cli.config.catalogue import Catalogue, Entry

# Words that mean something else in YAML.
_NO_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "null", "none", "nan", "inf"})


def from_python_call(text: str, families: Iterable[str], catalogue: Catalogue) -> str | None:
    """What to write for `keras.regularizers.L2(1e-4)`, `l2(l2=0.01)` and the like.

    Args:
        text: As it was found.
        families: Those whose components may stand there.
        catalogue: Knows them, and the order of their arguments.

    Returns:
        YAML in one line; None where the text is no call of such a component.
    """
    with suppress(SyntaxError, ValueError):
        tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.Call):
            return _written(tree, text.strip(), list(families), catalogue)
    return None


def _written(call: ast.Call, text: str, families: Iterable[str], catalogue: Catalogue) -> str | None:
    name = (ast.get_source_segment(text, call.func) or "").rpartition(".")[2]
    entry = _entry(name, families, catalogue)
    if entry is None or len(call.args) > len(entry.parameters):
        return None
    named = [*zip(entry.parameters, call.args, strict=False)]
    named += [(keyword.arg or "…", keyword.value) for keyword in call.keywords]
    if not named:
        return entry.name
    values = ((key, _value(value, text, catalogue)) for key, value in named)
    return f"{{{entry.name}: {{{', '.join(f'{key}: {value}' for key, value in values)}}}}}"


def _entry(name: str, families: Iterable[str], catalogue: Catalogue) -> Entry | None:
    """The component of a name, also in Keras's short form: `l2`, `he_normal`."""
    for family in (family for family in families if family in catalogue.families):
        for entry in catalogue.entries(family):
            if _folded(entry.name) == _folded(name):
                return entry
    return None


def _folded(name: str) -> str:
    return name.replace("_", "").lower()


def _value(node: ast.expr, text: str, catalogue: Catalogue) -> str:
    """An argument; `…` for what only Python knows."""
    if isinstance(node, ast.Call):
        return _written(node, text, catalogue.families, catalogue) or "…"
    try:
        value = ast.literal_eval(node)
    except ValueError:
        return "…"
    if isinstance(value, int | float) and not isinstance(value, bool):
        # 1e-4 as it was written.
        return ast.get_source_segment(text, node) or str(value)
    return _yaml(value)


def _yaml(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_yaml, value))}]"
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_]\w*", value) and value.lower() not in _NO_TEXT:
        return value
    return json.dumps(value, default=lambda _: "…")
