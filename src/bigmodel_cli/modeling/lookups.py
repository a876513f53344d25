"""The layers of a model that look words up, described for NumPy, and the part behind as another model."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from bigmodel_cli.modeling.cut import FEATURES, Step, model_from, traced

# What hands an input on in another shape or dtype before it is looked up.
_HANDING_ON = frozenset({"ExpandDims", "Squeeze", "Cast", "Identity"})
_TEXTS = "TextVectorization"
_LOOKUPS = frozenset({"StringLookup", "IntegerLookup", _TEXTS, "Hashing"})
# In these a rank of 1 is one example with as many tokens.
_COUNTING = frozenset({"multi_hot", "count", "tf_idf"})
_MODES = frozenset({"int", "one_hot", *_COUNTING})


class NoLookup(ValueError):
    """What NumPy does not compute; a sentence."""


@dataclass(frozen=True)
class Behind:
    """A model without its lookups.

    Attributes:
        back: A `keras.Model` from inputs by name: numbers as they are, and what lookups gave.
        lookups: How each of those is computed, as `inference.lookups.front.Lookup` takes it, by its name.
        numbers: The names of the inputs that it takes as they are.
    """

    back: Any
    lookups: Mapping[str, Mapping[str, Any]]
    numbers: tuple[str, ...]


def behind_lookups(model: Any) -> Behind:
    """The part of a model behind the last layer that takes words.

    Args:
        model: A functional `keras.Model`, each input of which is a column.

    Raises:
        NoLookup: If NumPy does not compute what stands before.
    """
    copy, traced_steps = traced(model)
    steps = _joined(traced_steps)
    makers = {id(tensor): step for step in steps for tensor in step.outputs}
    front = [step for step in steps if _is_looked_up(step)]
    needed = _needed(steps, makers, front)
    named: dict[str, Any] = {tensor.name: tensor for tensor in copy.inputs if id(tensor) in needed}
    if words := [name for name, tensor in named.items() if tensor.dtype == "string"]:
        raise NoLookup(f"{', '.join(words)}: texts are used by what is no lookup")
    numbers = tuple(named)
    lookups = {}
    for number, step in enumerate(front, 1):
        name = f"{FEATURES}{number}"
        lookups[name] = _described(step, _column_of(step, makers))
        (named[name],) = step.outputs
    return Behind(model_from(named, copy.output), lookups, numbers)


def text_lookups(model: Any) -> dict[str, Mapping[str, Any]]:
    """The layers of a functional `keras.Model` that take its texts to pieces as NumPy does, by their names.

    Returns:
        Each as `inference.lookups.front.Lookup` takes it.
    """
    copy, steps = traced(model)
    inputs = {id(tensor) for tensor in copy.inputs}
    found = {}
    for step in _joined(steps):
        if type(step.operation).__name__ == _TEXTS and id(step.inputs[0]) in inputs:
            with suppress(NoLookup):
                found[step.operation.name] = _described(step, step.inputs[0])
    return found


def _joined(steps: list[Step]) -> list[Step]:
    """Steps of which each lookup of a sentence's words is one: it takes the words one by one, all in a row.

    So the operations that lay them in a row, and what comes out of it in sentences again, are a part of it.
    """
    makers = {id(tensor): step for step in steps for tensor in step.outputs}
    joined, instead = [], dict[int, Step]()
    for step in steps:
        if type(step.operation).__name__ == _TEXTS and len(step.inputs) == 1:
            before = makers.get(id(step.inputs[0]))
            takers = [one for one in steps if any(tensor is step.outputs[0] for tensor in one.inputs)]
            if before is not None and _is_reshape(before) and len(takers) == 1 and _is_reshape(takers[0]):
                joined += [before, step, takers[0]]
                instead[id(step)] = Step(step.operation, before.inputs, takers[0].outputs)
    parts = {id(step) for step in joined if id(step) not in instead}
    return [instead.get(id(step), step) for step in steps if id(step) not in parts]


def _is_reshape(step: Step) -> bool:
    return type(step.operation).__name__ == "Reshape" and len(step.inputs) == 1


def _is_looked_up(step: Step) -> bool:
    takes_words = any(tensor.dtype == "string" for tensor in step.inputs)
    hands_words_on = any(tensor.dtype == "string" for tensor in step.outputs)
    return (takes_words and not hands_words_on) or type(step.operation).__name__ in _LOOKUPS


def _needed(steps: list[Step], makers: Mapping[int, Step], front: list[Step]) -> set[int]:
    """The inputs that what is behind takes as they are."""
    looked_up = {id(step) for step in front}
    before: set[int] = set()
    waiting = list(front)
    while waiting:
        for tensor in waiting.pop().inputs:
            if id(tensor) in makers and id(makers[id(tensor)]) not in before:
                before.add(id(makers[id(tensor)]))
                waiting.append(makers[id(tensor)])
    # What stands before a lookup may be needed behind as well.
    behind = [
        step for step in steps if id(step) not in looked_up and not _only_for(step, steps, before, front)
    ]
    return {id(tensor) for step in behind for tensor in step.inputs if id(tensor) not in makers}


def _only_for(step: Step, steps: list[Step], before: set[int], front: list[Step]) -> bool:
    """Whether nothing but lookups gets what a step gives."""
    if id(step) not in before:
        return False
    given = {id(tensor) for tensor in step.outputs}
    takers = [other for other in steps if any(id(tensor) in given for tensor in other.inputs)]
    inside = {id(one) for one in front}
    return all(id(other) in inside or _only_for(other, steps, before, front) for other in takers)


def _column_of(step: Step, makers: Mapping[int, Step]) -> Any:
    """The input that a lookup takes.

    Raises:
        NoLookup: If something computes what it takes.
    """
    (tensor,) = step.inputs
    while id(tensor) in makers:
        maker = makers[id(tensor)]
        if type(maker.operation).__name__ not in _HANDING_ON or len(maker.inputs) != 1:
            raise NoLookup(f"{type(maker.operation).__name__} stands before a lookup")
        (tensor,) = maker.inputs
    return tensor


def _described(step: Step, column: Any) -> Mapping[str, Any]:
    layer, name = step.operation, type(step.operation).__name__
    if name not in _LOOKUPS or not type(layer).__module__.startswith("keras."):
        raise NoLookup(f"{name} takes texts, and is computed by Keras alone")
    (out,) = step.outputs
    config = layer.get_config()
    mode = config["output_mode"]
    if mode not in _MODES or config.get("sparse") or config.get("ragged"):
        raise NoLookup(f"{name} with output_mode {mode}, sparse or ragged, is computed by Keras alone")
    of_words = len(column.shape) == 2
    # Words that stand in no order are counted together.
    are_counted = of_words and mode in _COUNTING and name == "StringLookup"
    if of_words and mode not in ("int", "one_hot") and not are_counted:
        raise NoLookup(f"{name} with output_mode {mode} takes the words of a sentence for one")
    common = {
        "column": column.name,
        "dtype": str(out.dtype),
        # A text's tokens have an axis of their own; a word has none, or one of length 1.
        "axes": 0 if of_words else len(out.shape) - 1,
        "mode": mode,
        "depth": None if mode == "int" else int(out.shape[-1]),
        "weights": _inverse_frequencies(layer) if mode == "tf_idf" else None,
        "each": [int(size) for size in out.shape[2:]] if of_words and not are_counted else None,
    }
    if name == _TEXTS:
        if config["split"] is None and not of_words:
            # Keras gives such tokens no axis, and tells another shape.
            raise NoLookup(f"{name} with split None")
        return {**common, **_of_texts(layer, config)}
    (given,) = step.inputs
    if mode in _COUNTING and len(given.shape) == 1:
        raise NoLookup(f"{name} with output_mode {mode} takes all rows for one")
    if name == "Hashing":
        return {**common, **_of_hashing(config, given.dtype)}
    return {**common, **_of_tokens(layer, config, name)}


def _inverse_frequencies(layer: Any) -> list[float]:
    """What a layer with `tf_idf` counts a token as, by its place; in its file alone Keras gives them away."""
    stored: dict[str, Any] = {}
    layer.save_own_variables(stored)
    return [float(weight) for weight in stored["idf_weights"]]


def _of_hashing(config: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """A lookup that knows no token."""
    count, mask = config["num_bins"], config["mask_value"]
    if mask is not None and dtype.startswith("float"):
        # Keras compares the mask with fractions, and hashes whole numbers.
        raise NoLookup("Hashing of fractions with mask_value")
    # The mask has a place of its own where there are two.
    start = 1 if mask is not None and count > 1 else 0
    return {
        "tokens": [],
        "first": start,
        "unknown": start,
        "mask": mask if start else None,
        "mask_place": 0,
        "buckets": {"count": count - start, "method": "farmhash", "salt": config["salt"]},
    }


def _of_tokens(layer: Any, config: Mapping[str, Any], name: str) -> dict[str, Any]:
    count, mask = config["num_oov_indices"], config["mask_token"]
    if config.get("invert"):
        raise NoLookup(f"{name} with invert")
    # In the mode int a mask has the place 0; in others it counts as nothing.
    start = 1 if mask is not None and config["output_mode"] == "int" else 0
    tokens = layer.get_vocabulary(include_special_tokens=False)
    return {
        "tokens": [int(token) for token in tokens] if name == "IntegerLookup" else list(map(str, tokens)),
        "first": start + count,
        "unknown": start if count else None,
        "mask": mask,
        "mask_place": 0 if start else -1,
        "buckets": _buckets(config, name) if count > 1 else None,
    }


def _buckets(config: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Which of several places a token has that is not known; older versions of Keras have no `oov_method`."""
    is_remainder = name == "IntegerLookup" and config.get("oov_method") != "farmhash"
    return {
        "count": config["num_oov_indices"],
        "method": "floormod" if is_remainder else "farmhash",
        "salt": config.get("salt"),
    }


def _of_texts(layer: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    standardize, split = config["standardize"], config["split"]
    if standardize not in (None, "lower", "strip_punctuation", "lower_and_strip_punctuation"):
        raise NoLookup("TextVectorization with a function for standardize")
    if split not in ("whitespace", "character", None):
        raise NoLookup(f"TextVectorization with split {split}")
    gives_places = config["output_mode"] == "int"
    ngrams = config["ngrams"]
    return {
        "tokens": list(map(str, layer.get_vocabulary(include_special_tokens=False))),
        "first": 2 if gives_places else 1,
        "unknown": 1 if gives_places else 0,
        "mask": "",
        "mask_place": 0 if gives_places else -1,
        "text": {
            "standardize": standardize,
            "split": split,
            "ngrams": list(range(1, ngrams + 1)) if isinstance(ngrams, int) else ngrams,
            "length": config["output_sequence_length"],
        },
    }
