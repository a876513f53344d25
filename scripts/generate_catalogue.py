"""Write `config/catalogue.json`: what the installed Keras offers, for checks without TensorFlow.

    python scripts/generate_catalogue.py [--check]

Names, parameters and defaults come from signatures, sentences from docstrings. What kinds of value a
parameter takes is inferred from both by `catalogue_kinds.py`; which of them its constructor refuses,
`catalogue_trials.py` finds out by calling it.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import math
import os
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
sys.path.insert(0, str(Path(__file__).parent))

import keras

from catalogue_kinds import Described, accepted_kinds, choices_of, families_of
from catalogue_trials import Tried, try_all

TARGET = Path(__file__).parents[1] / "src" / "bigmodel_cli" / "config" / "catalogue.json"

NAMESPACES = {
    "layers": keras.layers,
    "optimizers": keras.optimizers,
    "schedules": keras.optimizers.schedules,
    "losses": keras.losses,
    "metrics": keras.metrics,
    "initializers": keras.initializers,
    "regularizers": keras.regularizers,
    "constraints": keras.constraints,
    "callbacks": keras.callbacks,
    "applications": keras.applications,
    "activations": keras.activations,
}
# Base classes that do nothing by themselves, and what Keras makes on its own.
LEFT_OUT = {
    "layers": {"Layer", "InputSpec", "InputLayer", "Wrapper"},
    "optimizers": {"Optimizer"},
    "schedules": {"LearningRateSchedule"},
    "losses": {"Loss"},
    "metrics": {"Metric"},
    "initializers": {"Initializer"},
    "regularizers": {"Regularizer"},
    "constraints": {"Constraint"},
    "callbacks": {"Callback", "CallbackList", "History"},
    "applications": set(),
    "activations": {"get", "serialize", "deserialize"},
}
REQUIRES_FUNCTION = {
    "Lambda": "it wraps a Python function",
    "JaxLayer": "it wraps a JAX function",
    "FlaxLayer": "it wraps a Flax module, which is Python code",
    "TorchModuleWrapper": "it wraps a PyTorch module, which is Python code",
    "TFSMLayer": "it refers to a SavedModel outside the run folder, which Keras refuses to load back",
    "LambdaCallback": "it wraps Python functions",
    "LearningRateScheduler": "it wraps a Python function; give the optimizer a schedule as learning_rate",
    "MeanMetricWrapper": "it wraps a Python function",
}
# Shorthands that Keras resolves by the shape of the labels, so that no one class stands behind them.
BY_LABELS = ("accuracy", "acc", "crossentropy", "ce")
TRAINABLE = {
    "name": "trainable",
    "default": True,
    "doc": "bigmodel: false freezes the application's weights; {last: 20} lets its last 20 layers learn, a "
    "list those of these names (block5_*) or classes; {last: 20, except: BatchNormalization} all of them but "
    "some.",
    "accepts": ["boolean", "list", "mapping"],
}
# What Keras does by a call after something is built.
LORA_RANK = {
    "name": "lora_rank",
    "default": None,
    "doc": "bigmodel: Keras's enable_lora with this rank for every layer of the application that has it; "
    "with trainable: false only what it adds learns.",
    "accepts": ["integer", "null"],
}
EXCLUDED = {
    "name": "exclude_from_weight_decay",
    "default": None,
    "doc": "bigmodel: parts of variables' names, such as [bias, gamma, beta], that weight_decay leaves "
    "alone.",
    "accepts": ["list", "null"],
}
# What Keras leaves undocumented in many classes.
DOCS = {
    "data_format": 'String, either `"channels_last"` or `"channels_first"`.',
    "name": "String, the name of the object.",
    "seed": "Integer that makes the random numbers repeatable.",
    "activity_regularizer": "Regularizer function applied to the output of the layer.",
    "autocast": "Boolean, whether inputs are cast to the layer's compute dtype.",
    "trainable": "Boolean, whether the layer's variables should be trainable.",
    "dtype": "String, the dtype of the computations and weights.",
    "value_range": "The range of values the incoming images have, for instance [0, 255].",
    "include_preprocessing": "Boolean, whether the network begins with its own preprocessing layer.",
}


def catalogue() -> dict[str, Any]:
    """Everything that the file holds."""
    content = {"keras": keras.__version__, "families": {name: _family(name) for name in NAMESPACES}}
    for (family, entry, name), tried in try_all(content, NAMESPACES).items():
        parameters = content["families"][family]["entries"][entry]["parameters"]
        _learn(next(parameter for parameter in parameters if parameter["name"] == name), tried)
    return content


def _learn(parameter: dict[str, Any], tried: Tried) -> None:
    """Write down what trying has shown."""
    for key, learned in (
        ("bounds", tried.bounds),
        ("item_bounds", tried.item_bounds),
        ("wants_float", tried.wants_float),
        ("choices", list(tried.choices)),
    ):
        if learned:
            parameter[key] = learned
    if tried.only_lists:
        parameter["accepts"] = [k for k in parameter["accepts"] if k not in ("integer", "number")]


def _family(family: str) -> dict[str, Any]:
    entries, aliases = {}, {}
    for name, member in _members(family):
        canonical = _canonical(family, member, name)
        if canonical in LEFT_OUT[family]:
            continue
        if name == canonical:
            entries[name] = _entry(family, name, member)
        if member.__name__ != canonical:
            aliases[member.__name__] = canonical
        if name != canonical and (family == "activations" or name[0].isupper()):
            aliases[name] = canonical
    identifiers = dict(_identifiers(family, entries, aliases))
    aliases.update({name: owner for name, owner in identifiers.items() if owner and name[0].isupper()})
    lower = {name: owner for name, owner in identifiers.items() if not name[0].isupper()}
    return {
        "entries": dict(sorted(entries.items())),
        "aliases": dict(sorted(aliases.items())),
        "identifiers": dict(sorted(lower.items())),
    }


def _members(family: str) -> Iterator[tuple[str, Any]]:
    wanted = inspect.isfunction if family in ("applications", "activations") else inspect.isclass
    for name in sorted(dir(NAMESPACES[family])):
        member = getattr(NAMESPACES[family], name)
        if wanted(member) and not name.startswith("_"):
            yield name, member


def _canonical(family: str, member: Any, name: str) -> str:
    """The class's own name where that is public, else the public name."""
    own = member.__name__
    return own if getattr(NAMESPACES[family], own, None) is member else name


def _entry(family: str, name: str, member: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"doc": _summary(member)}
    if name in REQUIRES_FUNCTION:
        entry["requires_function"] = REQUIRES_FUNCTION[name]
    described = [] if family == "activations" else list(_described(family, name, member))
    entry["parameters"] = [_parameter(parameter) for parameter in described]
    if family == "applications":
        entry["parameters"] += [TRAINABLE, LORA_RANK]
    if family == "optimizers" and any(
        parameter["name"] == "weight_decay" for parameter in entry["parameters"]
    ):
        entry["parameters"].append(EXCLUDED)
    return entry


def _parameter(parameter: Described) -> dict[str, Any]:
    written: dict[str, Any] = {"name": parameter.name}
    if parameter.required:
        written["required"] = True
    else:
        written["default"] = _as_json(parameter.default)
    if parameter.doc:
        written["doc"] = _sentence(parameter.doc)
    for key, value in (
        ("accepts", accepted_kinds(parameter)),
        ("families", families_of(parameter)),
        ("choices", choices_of(parameter)),
    ):
        if value:
            written[key] = list(value)
    return written


def _as_json(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_as_json(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    raise TypeError(f"a default that JSON cannot hold: {value!r}")


def _described(family: str, name: str, member: Any) -> Iterator[Described]:
    own_docs = _argument_docs(member)
    for parameter, owner in _parameters(member):
        if parameter.name == "input_tensor":
            # A config has no tensors; what arrives at the step is what goes in.
            continue
        docs = own_docs.get(parameter.name) or _argument_docs(owner).get(parameter.name)
        docs = docs or _shared_doc(family, parameter.name)
        if not docs and owner is not member:
            # What Keras passes on and says nothing of, such as bounding boxes, is not meant for users.
            continue
        required = parameter.default is parameter.empty
        yield Described(
            family=family,
            owner=name,
            name=parameter.name,
            required=required,
            default=None if required else parameter.default,
            doc=docs,
        )


def _shared_doc(family: str, name: str) -> str:
    if name in DOCS:
        return DOCS[name]
    # Muon's docstring lost the text that all optimizers share.
    return _argument_docs(keras.optimizers.Adam).get(name, "") if family == "optimizers" else ""


def _parameters(member: Any) -> Iterator[tuple[inspect.Parameter, Any]]:
    """Parameters that a caller may pass by name, with the class or function that declares them."""
    if not inspect.isclass(member):
        yield from ((p, member) for p in inspect.signature(member).parameters.values() if _is_named(p))
        return
    taken: set[str] = {"self"}
    for owner in (c for c in member.__mro__ if "__init__" in vars(c)):
        signature = inspect.signature(owner.__init__)
        for parameter in signature.parameters.values():
            if _is_named(parameter) and parameter.name not in taken:
                taken.add(parameter.name)
                yield parameter, owner
        variadic = any(p.kind is p.VAR_KEYWORD for p in signature.parameters.values())
        if owner in (keras.Layer, object) or not variadic:
            return
        passed = _passed_on(owner)
        if passed is None:
            return
        taken |= passed


def _is_named(parameter: inspect.Parameter) -> bool:
    return parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)


def _passed_on(owner: type) -> set[str] | None:
    """Names that `owner.__init__` gives the base class itself; None if it passes no **kwargs on."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(owner.__init__)))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        if not (isinstance(call.func, ast.Attribute) and call.func.attr == "__init__"):
            continue
        if any(keyword.arg is None for keyword in call.keywords):
            base = next(c for c in owner.__mro__[1:] if "__init__" in vars(c))
            positional = [n for n in inspect.signature(base.__init__).parameters if n != "self"]
            return {k.arg for k in call.keywords if k.arg} | set(positional[: len(call.args)])
    return None


def _summary(member: Any) -> str:
    return _sentence(" ".join((inspect.getdoc(member) or "").strip().split("\n\n")[0].split()))


def _sentence(text: str) -> str:
    """The first sentence, with abbreviations and numbers left whole."""
    text = " ".join(text.split())
    for match in re.finditer(r"\.(?=\s+[A-Z`\"'(\[]|$)", text):
        head = text[: match.end()]
        # "Integer." alone says too little.
        if len(head.split()) > 3 and not re.search(r"\b(e\.g|i\.e|ie|eg|etc|vs|al|cf|Ref)\.$", head):
            return head
    return text


def _argument_docs(member: Any) -> dict[str, str]:
    """The text of each argument in a docstring's `Args:` section."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in _section(inspect.getdoc(member) or ""):
        head = re.match(r" {0,2}(\*{0,2}`?\w[\w, ]*?`?)\s*(?:\([^)]*\))?:(.*)", line)
        if head:
            names = [name.strip(" *`") for name in head.group(1).split(",")]
            found.update(dict.fromkeys(names, head.group(2).strip()))
            continue
        for name in names:
            found[name] += f"\n{line.strip()}"
    return {name: text.strip() for name, text in found.items()}


def _section(doc: str) -> list[str]:
    """The lines of `Args:`, the least indented at column 0; some docstrings indent the heading itself."""
    heading = re.search(r"^( *)(?:Args|Arguments):[ ]*\n", doc, re.M)
    if not heading:
        return []
    lines = []
    for line in doc[heading.end() :].splitlines():
        if line.strip() and not line.startswith(heading.group(1) + " "):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines)).splitlines()


def _identifiers(
    family: str, entries: dict[str, Any], aliases: dict[str, str]
) -> Iterator[tuple[str, str | None]]:
    """Short strings that `keras.<family>.get` takes, with the entry behind each."""
    namespace = NAMESPACES[family]
    if not hasattr(namespace, "get"):
        return
    folded = {name.lower().replace("_", ""): name for name in entries}
    for name in sorted(_candidates(family) - set(entries) - set(aliases)):
        if family == "metrics" and name in BY_LABELS:
            yield name, None
            continue
        got = _got(namespace.get, name)
        if got is None or getattr(got, "__name__", type(got).__name__) in LEFT_OUT[family]:
            continue
        own = getattr(got, "__name__", type(got).__name__)
        yield name, folded.get(own.lower().replace("_", ""))
    if family == "activations":
        yield from ((name, None) for name in [*entries, *aliases])


def _candidates(family: str) -> set[str]:
    module = sys.modules[NAMESPACES[family].get.__module__]
    tables = [value for key, value in vars(module).items() if key.startswith("ALL_OBJECTS_DICT")]
    public = {name for name in dir(NAMESPACES[family]) if not name.startswith("_")}
    names = public.union(*tables) - {"get", "serialize", "deserialize", "schedules", "legacy"}
    return names | set(BY_LABELS) if family == "metrics" else names


def _got(get: Callable[[str], Any], name: str) -> Any:
    try:
        return get(name)
    except (ValueError, TypeError, KeyError):
        # No such name, or one that cannot do without arguments.
        return None


def as_text(content: dict[str, Any]) -> str:
    """The catalogue as JSON with one entry a line, so that a new Keras makes a readable diff."""
    families = []
    for family, parts in content["families"].items():
        sections = [f"{_json(part)}: {_lines(items)}" for part, items in parts.items()]
        families.append(f"{_json(family)}: {{\n" + ",\n".join(sections) + "\n}")
    return f'{{\n"keras": {_json(content["keras"])},\n"families": {{\n' + ",\n".join(families) + "\n}\n}\n"


def _lines(items: dict[str, Any]) -> str:
    if not items:
        return "{}"
    if not any(isinstance(value, dict) for value in items.values()):
        return _json(items)
    return "{\n" + ",\n".join(f" {_json(name)}: {_json(value)}" for name, value in items.items()) + "\n}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def main() -> int:
    parser = argparse.ArgumentParser(description="Write config/catalogue.json from the installed Keras.")
    parser.add_argument("--check", action="store_true", help="only say whether the file is current")
    text = as_text(catalogue())
    if not parser.parse_args().check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    current = TARGET.exists() and TARGET.read_text(encoding="utf-8") == text
    print(
        "current"
        if current
        else f"{TARGET.name} is not what Keras {keras.__version__} gives; run {Path(__file__).name}"
    )
    return 0 if current else 1


if __name__ == "__main__":
    sys.exit(main())
