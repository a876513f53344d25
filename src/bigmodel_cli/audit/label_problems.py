"""Labels that may be wrong, as a run or a cross-validation found them, beside the data as it is now."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bigmodel_cli.audit.finding import Finding
from bigmodel_cli.cut import cut
from bigmodel_cli.inference.label_problems import in_words, listed
from bigmodel_cli.markup import data_uri, name, table
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.tasks.audit import Labels

MAX_LISTED = 200
# Letters of a row that a cell of the table has room for.
_ROOM = 80
# The key of an audit's document that has them, where a run or a cross-validation was asked.
LABEL_PROBLEMS = "label_problems"


def suspects_in(documents: Sequence[Mapping[str, Any]], splits: Splits) -> list[dict[str, Any]]:
    """Examples whose labels may be wrong, with the split that they are in now.

    Those that are gone are left out, and those whose label was changed since; where the others stand is told
    anew.

    Args:
        documents: As label_problems_<split>.json has them, or label_problems.json of a cross-validation.
        splits: The data as it is now.
    """
    suspects = listed(documents)
    wanted = {suspect["name"] for suspect in suspects}
    places = {
        called: (split, index)
        for split, part in splits.parts.items()
        for index in range(len(part))
        if (called := part.name(index)) in wanted
    }
    targets, found, rows = splits.signature.targets, [], dict[SplitName, list[int]]()
    for suspect in suspects:
        target = suspect["target"] or next(iter(targets))
        if target not in targets or suspect["name"] not in places:
            continue
        split, index = places[suspect["name"]]
        label = part_of(targets[target], Labels).shown(splits.parts[split].targets[target][index])
        if suspect["label"] in np.ravel(label).tolist():
            rows.setdefault(split, []).append(index)
            found.append({**suspect, "split": split})
    stand = {split: iter(splits.parts[split].places_of(own)) for split, own in rows.items()}
    return [{**suspect, "place": next(stand[suspect["split"]])} for suspect in found]


def label_findings(documents: Sequence[Mapping[str, Any]], num_suspects: int) -> Iterator[Finding]:
    """That labels may be wrong, where there are more than clean data come to, and some are there still.

    Args:
        documents: As for `suspects_in`.
        num_suspects: How many it has found.
    """
    if not num_suspects:
        return
    hint = "look at them: with --out DIR they are on its page and in suspects.csv"
    for document in documents:
        for sentence in in_words(document):
            yield Finding("warning", "label_problems", sentence, hint)


def show_label_problems(suspects: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The part of an audit's page with examples whose labels may be wrong.

    Args:
        suspects: As `suspects_in` gives them.
    """
    if not suspects:
        return
    more = f", the first {MAX_LISTED}; all are in suspects.csv" if len(suspects) > MAX_LISTED else ""
    yield f"<h2>Labels that may be wrong: {len(suspects):,}{more}</h2>"
    rows = [
        [
            _picture(suspect["png"]) or name(cut(suspect.get("words") or "", _ROOM)),
            name(suspect["place"]),
            suspect["split"],
            name(suspect["target"]),
            name(suspect["label"]),
            name(suspect["suggested"]),
            "" if suspect["probability"] is None else f"{suspect['probability']:.1%}",
        ]
        for suspect in suspects[:MAX_LISTED]
    ]
    columns = ["", "example", "split", "target", "label", "suggested", "confidence"]
    yield table(columns, rows, ["confidence"])


def _picture(png: str | None) -> str:
    return "" if png is None else f'<img alt="" src="{data_uri(base64.b64decode(png), "png")}">'
