"""What the page says of labels that may be wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bigmodel_cli.evaluation_parts import by_target
from bigmodel_cli.inference.label_problems import SUSPECTS, in_words
from bigmodel_cli.parts import part_of
from bigmodel_cli.signature import slugs
from bigmodel_cli.tasks.scores import NUM_SAMPLES
from bigmodel_cli.tasks.sections import Section, Sections, template
from bigmodel_cli.tasks.task import Task

# Where the template of samples is.
_TASKS = "bigmodel_cli.tasks"


def label_problem_sections(
    documents: Sequence[Mapping[str, Any]], targets: Mapping[str, Task]
) -> Iterator[Section]:
    """A section for each split and target of which so many labels seem wrong that it stands out.

    Args:
        documents: As label_problems_<split>.json has them, or label_problems.json of a cross-validation.
        targets: Of the run.
    """
    called = slugs(targets)
    for document in documents:
        split, sentences = document.get("split"), list(in_words(document))
        name = "label_problems" if split is None else f"label_problems_{split}"
        for target, part in by_target(document).items():
            if not part.get("stands_out"):
                continue
            task = targets[target] if target else next(iter(targets.values()))
            of_target = f"{target}: " if target else ""
            of_split = "" if split is None else f", {split}"
            yield Section(
                f"{name}_{called[target]}" if target else name,
                f"{of_target}Labels{of_split}",
                f"{of_target}Labels that may be wrong{of_split}",
                template(__package__, "label_problems") + template(_TASKS, "samples"),
                {
                    **_content(part, task),
                    "sentence": sentences.pop(0),
                    "file": f"{name}.json" if split is None else f"evaluation/{name}.json",
                },
            )


def _content(part: Mapping[str, Any], task: Task) -> dict[str, Any]:
    of_task = part_of(task, Sections)
    suspects = part[SUSPECTS]
    return {
        "tiles": [of_task.tile(_as_sample(one)) for one in suspects[:NUM_SAMPLES]],
        "listed": f"{len(suspects):,}",
        "is_cut": len(suspects) > NUM_SAMPLES,
        "method": part["method"].replace("_", " "),
        "pairs": [
            {**pair, "estimated": f"{pair['estimated']:,.0f}", "noise_rate": f"{pair['noise_rate']:.1%}"}
            for pair in part.get("pairs", ())
        ],
    }


def _as_sample(suspect: Mapping[str, Any]) -> dict[str, Any]:
    """A suspect as samples are written out: called by where it stands, which earlier versions do not know."""
    called = suspect.get("place", suspect["name"])
    return {**suspect, "name": called, "prediction": suspect["suggested"]}
