"""Names of scores of groups, as gates ask for them: `by.sex.recall.gap`, `by.sex.Female.accuracy`."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bigmodel_cli.config.measures import DIRECTIONS, MEANS, MEASURES, gate_about, without_split
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.generation.task import Generation
from bigmodel_cli.tasks.multilabel.task import Multilabel
from bigmodel_cli.tasks.question_answering.task import QuestionAnswering
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.retrieval.task import Retrieval
from bigmodel_cli.tasks.segmentation.task import Segmentation
from bigmodel_cli.tasks.tagging.task import Tagging
from bigmodel_cli.tasks.transcription.task import Transcription
from bigmodel_cli.tasks.translation.task import Translation

BY = "by"
# Over the groups, behind the name of a measure.
SPREADS = ("gap", "ratio", "min", "max")
# Measures that are about all groups; fairlearn's names.
FAIRNESS = tuple(
    f"{name}_{how}"
    for name in ("demographic_parity", "equalized_odds", "equal_opportunity")
    for how in ("difference", "ratio")
)
RATES = ("recall", "precision", "selection_rate", "false_positive_rate")
MEAN_ERROR = "mean_error"
# By what labels are.
_MEASURES = {
    Classification.labels: [*Classification.scores, *MEASURES, *RATES],
    Regression.labels: [*Regression.scores, MEAN_ERROR],
    Multilabel.labels: [*Multilabel.scores],
    Generation.labels: [*Generation.scores],
    Translation.labels: [*Translation.scores],
    Tagging.labels: [*Tagging.scores],
    Segmentation.labels: [*Segmentation.scores],
    QuestionAnswering.labels: [*QuestionAnswering.scores],
    Transcription.labels: [*Transcription.scores],
    Retrieval.labels: [*Retrieval.scores],
}
_NAMES = "|".join(dict.fromkeys(name for names in _MEASURES.values() for name in names))
_MEASURE = (
    rf"(?P<measure>(?:{_NAMES})|(?P<mean>{'|'.join(MEANS)})\.(?:{'|'.join(MEASURES)})"
    rf"|per_class\.(?:{'|'.join(dict.fromkeys([*RATES, *MEASURES]))})\..+?)"
)
_PATHS = (
    re.compile(rf"by\.(?P<column>.+)\.(?P<fairness>{'|'.join(FAIRNESS)})", re.DOTALL),
    re.compile(rf"by\.(?P<column>.+?)\.{_MEASURE}\.(?P<spread>{'|'.join(SPREADS)})", re.DOTALL),
    re.compile(rf"by\.(?P<column>.+?)\.(?P<group>.+)\.{_MEASURE}", re.DOTALL),
)
# What a message offers of them.
EXAMPLES = ("by.COLUMN.recall.gap", "by.COLUMN.GROUP.accuracy", f"by.COLUMN.{FAIRNESS[0]}")


def is_by_group(gate: str) -> bool:
    """Whether a gate means to ask for scores of groups, be it written right or not."""
    return without_split(gate).startswith(f"{BY}.")


def is_group_path(gate: str) -> bool:
    """Whether it is written right."""
    return any(path.fullmatch(without_split(gate)) for path in _PATHS)


def parts_of_group_path(gate: str) -> dict[str, str | None]:
    """What it is made of, as far as it has that: `column`, `group`, `measure`, `spread`, `fairness`."""
    matches = (path.fullmatch(without_split(gate)) for path in _PATHS)
    return next((match.groupdict() for match in matches if match), {})


def labels_of_group_path(gate: str) -> str | None:
    """What labels must be for a gate: `classes` or `numbers`; None where either will do."""
    for path in _PATHS:
        if match := path.fullmatch(without_split(gate)):
            found = match.groupdict()
            measure = found.get("measure")
            fitting = [labels for labels, names in _MEASURES.items() if measure in names]
            # What follows from one class alone, or is a mean over them, has no name of its own.
            return fitting[0] if fitting else Classification.labels
    return None


def columns_of_gates(gates: Iterable[str], targets: Iterable[str] = ()) -> list[str]:
    """The columns by which gates want groups, each once.

    Of `by.a.b.accuracy`, that is the group `b` of `a`: a column whose name has a dot can only be asked for
    its gaps, or has to be renamed.

    Args:
        gates: As they are written.
        targets: Names of targets, which gates begin with where there are several.
    """
    found: dict[str, None] = {}
    names = list(targets)
    for gate in filter(is_by_group, (gate_about(gate, names)[1] for gate in gates)):
        matches = (path.fullmatch(without_split(gate)) for path in _PATHS)
        found |= {match["column"]: None for match in matches if match}
    return list(found)


def better_of_group_path(gate: str) -> str | None:
    """Whether more (`max`) or less (`min`) of what a gate asks for is better; None where neither is known."""
    # Of several targets, a gate begins with the name of one.
    _, is_of_groups, path = f".{without_split(gate)}".partition(f".{BY}.")
    if not is_of_groups:
        return None
    *_, last = path.split(".")
    if last == "gap" or last.endswith("_difference"):
        return "min"
    if last == "ratio" or last.endswith("_ratio"):
        return "max"
    for pattern in _PATHS:
        if match := pattern.fullmatch(f"{BY}.{path}"):
            return better_of_measure(match.groupdict().get("measure") or "")
    return None


def better_of_measure(measure: str) -> str | None:
    """The same for a measure of a group: `recall`, `macro.f1`, `per_class.false_positive_rate.cat`."""
    name = measure.split(".")[1] if "." in measure else measure
    return "min" if name == "false_positive_rate" else DIRECTIONS.get(name)
