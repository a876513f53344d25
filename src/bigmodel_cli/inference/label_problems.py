"""Labels that may be wrong, as a run's folder and a CSV file have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DataError
from bigmodel_cli.evaluation_parts import TARGETS, by_target
from bigmodel_cli.inference.evaluation import Evaluation, shown_of
from bigmodel_cli.listener import Listener
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.signature import Signature
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Sample, Scoring
from bigmodel_cli.whole_files import write_json, write_text

# The key of a part with the examples.
SUSPECTS = "suspects"
# Of whose labels a run can tell: those that it has not learned from.
SPLITS = ("validation", "test")
_KEYS = ("split", "place", "target", "label", "suggested", "probability", "of_label")
_COLUMNS = ("split", "example", "target", "label", "suggested", "confidence", "of_label")


@dataclass(frozen=True, eq=False)
class Judged:
    """What a model, or several, said of a target of examples that they have not learned from.

    Attributes:
        labels: Of the examples.
        values: What outputs for them stand for, as `Predictions.values` gives it.
        examples: The same, in that order.
    """

    labels: np.ndarray
    values: np.ndarray
    examples: Examples


def label_problems_of(evaluation: Evaluation, examples: Examples, signature: Signature) -> dict[str, Any]:
    """Labels that may be wrong, of one target or a part for each, as label_problems_<split>.json has them.

    Of what the model has learned from nothing is found: it knows these labels by heart, the wrong ones too.

    Args:
        evaluation: Of the best checkpoint, or another one.
        examples: The same, with their labels.
        signature: Of them.
    """
    about = {"split": evaluation.split, "checkpoint": evaluation.checkpoint}
    if evaluation.split == "train":
        return about
    judged = {
        name: Judged(scored.labels, scored.values, examples.having(name))
        for name, scored in evaluation.by_target.items()
    }
    return {**about, **label_problems_in(judged, signature)}


def label_problems_in(judged: Mapping[str, Judged], signature: Signature) -> dict[str, Any]:
    """Labels that may be wrong, of one target or a part for each.

    Args:
        judged: By target.
        signature: Of the examples.
    """
    parts: dict[str, Any] = {}
    for name, one in judged.items():
        found = part_of(signature.targets[name], Scoring).suspected(one.labels, one.values)
        if found is not None:
            places = _places(one.examples, [sample.index for sample in found.samples])
            suspects = [
                _as_json(sample, place, one.examples, signature, is_shown=number < NUM_SAMPLES)
                for number, (sample, place) in enumerate(zip(found.samples, places, strict=True))
            ]
            parts[name] = {**found.figures, SUSPECTS: suspects}
    return {TARGETS: parts} if len(signature.targets) > 1 else next(iter(parts.values()), {})


def _places(examples: Examples, indices: Sequence[int]) -> list[str]:
    """Where examples stand: a file with the line, as messages about data name it."""
    try:
        return examples.places_of(indices)
    except DataError:
        # What was read before training may be gone by now: no reason to lose what was found.
        return [examples.name(index) for index in indices]


def _as_json(
    sample: Sample, place: str, examples: Examples, signature: Signature, *, is_shown: bool
) -> dict[str, Any]:
    document = asdict(sample)
    index = document.pop("index")
    document["suggested"] = document.pop("prediction")
    return {
        "name": examples.name(index),
        "place": place,
        **document,
        **(shown_of(examples, index, signature) if is_shown else {"png": None, "words": None}),
    }


def write_label_problems(
    run: RunFolder, evaluation: Evaluation, examples: Examples, signature: Signature
) -> dict[str, Any]:
    """Find labels that may be wrong, write them into a run's folder, and return them."""
    document = label_problems_of(evaluation, examples, signature)
    write_json(run.label_problems(evaluation.split, evaluation.checkpoint), document)
    return document


def say_label_problems(
    run: RunFolder, evaluation: Evaluation, examples: Examples, signature: Signature, listener: Listener
) -> None:
    """Look for wrong labels among what was evaluated, and say how many there are where that stands out."""
    sentences = "; ".join(in_words(write_label_problems(run, evaluation, examples, signature)))
    if sentences:
        place = run.inside(run.label_problems(evaluation.split, evaluation.checkpoint))
        listener.say(f"{sentences}: see {run.title}/{place}")


def read_label_problems(run: RunFolder) -> list[dict[str, Any]]:
    """What is known of wrong labels in the splits of a run's data; nothing of runs of earlier versions.

    Raises:
        DataError: If it is damaged.
    """
    paths = [run.label_problems(split) for split in SPLITS]
    return [run.read_json(run.intact(path)) for path in paths if run.expects(path)]


def in_words(document: Mapping[str, Any]) -> Iterator[str]:
    """How many labels may be wrong, a sentence for each target of which that stands out.

    Args:
        document: As label_problems_<split>.json has it, or label_problems.json of a cross-validation.
    """
    for target, part in by_target(document).items():
        if part.get("stands_out"):
            of_target = f"{target}: " if target else ""
            count = f"about {part['estimated']:,.0f} of {part['examples']:,} labels"
            of_split = f" of the {document['split']} split" if "split" in document else ""
            yield f"{of_target}{count}{of_split} may be wrong"


def listed(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Suspects of several splits as one list, each with its split and, where there are several, its target.

    Args:
        documents: As label_problems_<split>.json has them; those of earlier versions know no places.
    """
    return [
        {"split": document.get("split", ""), "target": target, "place": suspect["name"], **suspect}
        for document in documents
        for target, part in by_target(document).items()
        for suspect in part.get(SUSPECTS, ())
    ]


def write_suspects(path: Path, suspects: Sequence[Mapping[str, Any]]) -> None:
    """Write a row for each label that may be wrong, the most suspicious of each split first.

    Args:
        path: The CSV file.
        suspects: As `listed` gives them.

    Raises:
        ResourceError: If it cannot be written.
    """
    rows = [_COLUMNS, *([_cell(suspect[key]) for key in _KEYS] for suspect in suspects)]
    write_text(path, "".join(map(csv_row, rows)))


def _cell(value: Any) -> Any:
    return "" if value is None else value
