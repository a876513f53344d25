"""How other tools write ranges and choices (Optuna, KerasTuner, Ray Tune, W&B, Ludwig), in our words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bigmodel_cli.config.spelling import fold
from bigmodel_cli.config.tree import Mapping, Node, Scalar, Sequence, written

_INTEGER_LOG = "integer, log"
# Folded as in `spelling.py`: what a range or a choice is called elsewhere.
_FORMS = {
    **dict.fromkeys(("loguniform", "qloguniform", "loguniformvalues", "reallog", "logscale", "log"), "log"),
    **dict.fromkeys(("lograndint", "qlograndint", "intlog", "loginteger", "logint"), _INTEGER_LOG),
    **dict.fromkeys(
        ("uniform", "quniform", "float", "double", "real", "suggestfloat", "interval"), "uniform"
    ),
    **dict.fromkeys(("number", "discreteuniform", "suggestuniform"), "uniform"),
    **dict.fromkeys(("suggestloguniform",), "log"),
    **dict.fromkeys(
        ("integer", "int", "randint", "qrandint", "intuniform", "suggestint", "range"), "integer"
    ),
    **dict.fromkeys(("choice", "categorical", "category", "categories", "values", "options"), "choice"),
    **dict.fromkeys(("gridsearch", "suggestcategorical", "enum", "oneof", "fixed", "boolean"), "choice"),
    **dict.fromkeys(("discrete", "ordinal", "choices", "list", "items", "sampler"), "choice"),
}
_LOW = frozenset(["min", "low", "lower", "minvalue", "minval", "minimum", "from", "start", "lowerbound"])
_HIGH = frozenset(
    ["max", "high", "upper", "maxvalue", "maxval", "maximum", "to", "stop", "end", "upperbound"]
)
_KIND = frozenset(["distribution", "type", "space", "sampling", "scale", "dist", "method", "parametertype"])
_CALL = re.compile(r"(?:\w+\.)*(\w+)\((.*)\)", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])")


def in_our_words(node: Node) -> str | None:
    """What to write instead; None where no range or choice can be told from it."""
    form = None
    if isinstance(node, Sequence):
        form = _listed("choice", node)
    elif isinstance(node, Mapping):
        form = _of_keys(node)
    elif isinstance(node.value, str):
        form = _of_text(node.value)
    return None if form is None else f"write {form}"


def _listed(form: str, node: Sequence) -> str | None:
    """A form with the items of a list in it."""
    if form != "choice" and len(node.items) != 2:
        return None
    items = [written(item) if isinstance(item, Scalar) else "…" for item in node.items]
    return _written(form, items)


def _written(form: str, items: Iterable[str]) -> str:
    name, _, is_log = form.partition(", ")
    return f"{{{name}: [{', '.join(items)}]{', log: true' if is_log else ''}}}"


def _of_keys(node: Mapping) -> str | None:
    """`{loguniform: [1e-4, 1e-2]}`, `{min: 1, max: 9}`, `{type: int, low: 1, high: 9, log: true}`."""
    folded = {fold(key): entry.node for key, entry in node.entries.items()}
    for key, value in folded.items():
        if isinstance(value, Sequence) and key in _FORMS:
            return _listed(_with_log(_FORMS[key]) if _is_log(folded) else _FORMS[key], value)
    low = next((value for key, value in folded.items() if key in _LOW), None)
    high = next((value for key, value in folded.items() if key in _HIGH), None)
    if isinstance(low, Scalar) and isinstance(high, Scalar):
        return _written(_form_of_ends(folded, low, high), (written(low), written(high)))
    return None


def _form_of_ends(folded: dict[str, Node], low: Scalar, high: Scalar) -> str:
    told = _told(folded)
    are_whole = all(isinstance(end.value, int) for end in (low, high))
    # W&B and Ray Tune begin the names of what comes in steps with a q.
    is_integer = "int" in told or (are_whole and not re.search("(?<!q_)(float|double|uniform|log)", told))
    form = "integer" if is_integer or (are_whole and told.startswith("q")) else "uniform"
    return _with_log(form) if _is_log(folded) else form


def _told(folded: dict[str, Node]) -> str:
    """What kind of a range it is said to be."""
    kinds = [node for key, node in folded.items() if key in _KIND]
    return " ".join(str(node.value) for node in kinds if isinstance(node, Scalar)).lower()


def _is_log(folded: dict[str, Node]) -> bool:
    flag = folded.get("log")
    return "log" in _told(folded) or (isinstance(flag, Scalar) and flag.value is True)


def _with_log(form: str) -> str:
    return {"uniform": "log", "integer": _INTEGER_LOG}.get(form, form)


def _of_text(text: str) -> str | None:
    """`loguniform(1e-4, 1e-2)`, `tune.choice([32, 64])`, `hp.Float("lr", 1e-4, 1e-2, sampling="log")`."""
    call = _CALL.fullmatch(text.strip())
    form = _FORMS.get(fold(call.group(1))) if call else None
    if call is None or form is None:
        return None
    arguments = call.group(2)
    if form == "choice":
        inside = re.search(r"\[(.*)\]", arguments, re.DOTALL)
        items = [item.strip() for item in (inside.group(1) if inside else arguments).split(",")]
        return _written(form, items) if len(items) > 1 else None
    numbers = _NUMBER.findall(arguments)
    if len(numbers) < 2:
        return None
    is_log = re.search(r"log\s*=\s*True|[\"']log[\"']", arguments)
    return _written(_with_log(form) if is_log else form, numbers[:2])
