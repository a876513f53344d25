"""Labels that may be wrong, as a run's folder and a CSV file have them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.evaluation_parts import TARGETS, by_target
from bigmodel_cli.inference.evaluation import Evaluation, thumbnail_of
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
_KEYS = ("split", "name", "target", "label", "suggested", "probability", "of_label")
_COLUMNS = ("split", "example", "target", "label", "suggested", "confidence", "of_label")


def label_problems_of(evaluation: Evaluation, examples: Examples, signature: Signature) -> dict[str, Any]:
    """Labels that may be wrong, of one target or a part for each, as label_problems_<split>.json has them.

    Args:
        evaluation: Of a model that has not learned from the examples.
        examples: The same, with their labels.
        signature: Of them.
    """
    parts: dict[str, Any] = {}
    for name, task in signature.targets.items():
        scored, having = evaluation.by_target[name], examples.having(name)
        found = part_of(task, Scoring).suspected(scored.labels, scored.values)
        if found is not None and evaluation.split != "train":
            suspects = [
                _as_json(sample, having, signature, is_shown=number < NUM_SAMPLES)
                for number, sample in enumerate(found.samples)
            ]
            parts[name] = {**found.figures, SUSPECTS: suspects}
    document = {"split": evaluation.split, "checkpoint": evaluation.checkpoint}
    if len(signature.targets) == 1:
        return {**document, **next(iter(parts.values()), {})}
    return {**document, TARGETS: parts}


def _as_json(sample: Sample, examples: Examples, signature: Signature, *, is_shown: bool) -> dict[str, Any]:
    document = asdict(sample)
    index = document.pop("index")
    document["suggested"] = document.pop("prediction")
    return {
        "name": examples.name(index),
        **document,
        "png": thumbnail_of(examples, index, signature) if is_shown else None,
    }


def write_label_problems(
    run: RunFolder, evaluation: Evaluation, examples: Examples, signature: Signature
) -> dict[str, Any]:
    """Find labels that may be wrong, write them into a run's folder, and return them.

    Of what the model has learned from nothing is found: it knows these labels by heart, the wrong ones too.
    """
    document = label_problems_of(evaluation, examples, signature)
    write_json(run.label_problems(evaluation.split, evaluation.checkpoint), document)
    return document


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
        document: As label_problems_<split>.json has it.
    """
    for target, part in by_target(document).items():
        if part.get("stands_out"):
            of_target = f"{target}: " if target else ""
            count = f"about {part['estimated']:,.0f} of {part['examples']:,} labels"
            yield f"{of_target}{count} of the {document['split']} split may be wrong"


def listed(documents: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Suspects of several splits as one list, each with its split and, where there are several, its target.

    Args:
        documents: As label_problems_<split>.json has them.
    """
    return [
        {"split": document["split"], "target": target, **suspect}
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
