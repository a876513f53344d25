"""Which steps of a model get the raw examples, as a source yields them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from bigmodel_cli.config.components import Component
from bigmodel_cli.config.schema import Experiment

# Layers that move values, and change none.
_MOVING = frozenset({"Flatten", "Identity", "Masking", "Permute", "RepeatVector", "Reshape"})

# Steps that take texts; all others take numbers.
TAKES_STRINGS = frozenset(
    {
        "StringLookup",
        "TextVectorization",
        "Hashing",
        "HashedCrossing",
        "word_vectors",
        "word_characters",
        "word_matches",
    }
)
# What makes numbers of texts, by kind.
_AS_NUMBERS = {
    "category": "{StringLookup: {output_mode: one_hot}}",
    "set": "{StringLookup: {output_mode: multi_hot}}",
    "text": "{TextVectorization: {output_mode: multi_hot, max_tokens: 1000}}",
}


def made_numbers(kind: str) -> str:
    """What makes numbers of columns of a kind that are texts: what to do, as messages say it."""
    if kind == "passage":
        return "begin with {word_vectors: {inputs: [context], width: 64}}, word_characters or word_matches"
    if kind == "sentence":
        return "begin with {word_vectors: {inputs: [words], width: 64}}, or word_characters"
    return f"write preprocessing: {{{kind}: [{_AS_NUMBERS.get(kind, 'StringLookup')}]}}"


def rows_of_embedding(step: Component) -> tuple[str, Any] | None:
    """The key that says how many numbers a step knows, and its value; None of what embeds nothing."""
    if step.name == "token_and_position":
        return "vocabulary_size", getattr(step.options, "vocabulary_size", None)
    return ("input_dim", step.arguments.get("input_dim")) if step.name == "Embedding" else None


def embeddings_of_examples(experiment: Experiment) -> Iterator[Component]:
    """The steps that embed and whose indices are the examples' own numbers."""
    if all(step.name in _MOVING for step in experiment.shared_preprocessing):
        yield from _embeddings(experiment.model, {"input"})


def _embeddings(steps: Sequence[Component], raw: set[str]) -> Iterator[Component]:
    """Those among steps that follow each other.

    Args:
        steps: The first of them gets the examples.
        raw: Names of steps whose output is the examples' numbers still.
    """
    is_raw, raw = True, set(raw)
    for step in steps:
        arrived = (
            is_raw
            if step.inputs is None
            else all(is_raw if name == "previous" else name in raw for name in step.inputs)
        )
        if arrived and rows_of_embedding(step) is not None:
            yield step
        if arrived and step.family == "blocks":
            for path in _paths(step):
                yield from _embeddings(path, raw)
        is_raw = arrived and step.name in _MOVING
        if is_raw and step.step:
            raw.add(step.step)


def _paths(step: Component) -> Iterator[Sequence[Component]]:
    options: Any = step.options
    for name in ("layers", "shortcut"):
        steps = getattr(options, name, [])
        # Of a transformer they are a number.
        yield steps if isinstance(steps, list) else []
    yield from getattr(options, "paths", [])
