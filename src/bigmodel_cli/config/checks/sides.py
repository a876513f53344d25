"""Items that are found: what each side of a model is made of, as far as the steps tell it, and metrics."""

from __future__ import annotations

from collections.abc import Sequence

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_outputs import last_step
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.walk import walk
from bigmodel_cli.tasks.retrieval.task import AFTER_EPOCHS

_ENDS_IN = "two_towers"


def check(experiment: Experiment, report: Report) -> None:
    """The item's side knows nothing of who asks, nor who asks of the item; metrics look at what is kept."""
    if report.facts.labels != "items":
        return
    (item,), told = experiment.targets, getattr(experiment.data.source.options, "told_target", None)
    retrieve = None if told is None else told(item).retrieve
    if retrieve is not None:
        _check_tops(experiment, retrieve.top, report)
        _check_days(experiment, retrieve.popularity and retrieve.popularity.days, report)
    step = last_step(experiment.model)
    if step.name != _ENDS_IN:
        report.error(
            step.path,
            f"items are found by two vectors, and the model ends in {step.name}",
            "end it with {two_towers: {inputs: [USER_SIDE, ITEM_SIDE]}}",
        )
        return
    if step.inputs is None or len(step.inputs) != 2:
        return
    above = experiment.model[:-1]
    asks, of_item = (_made_of(name, above) for name in step.inputs)
    if item in asks:
        report.error(
            (*step.path, "inputs"),
            f"the side of who asks takes {item}, which is what is to be found",
            "name the side of who asks first, then the item's",
        )
    if retrieve is not None and retrieve.user in of_item:
        report.error(
            (*step.path, "inputs"),
            f"the item's side takes {retrieve.user}, which says who asks: each item is to have one vector, "
            "whoever does",
            f"take {retrieve.user} out of it",
        )


def _check_tops(experiment: Experiment, top: Sequence[int], report: Report) -> None:
    for index, metric in enumerate([] if experiment.metrics == "auto" else experiment.metrics):
        _, _, number = metric.name.partition("@")
        if metric.name in AFTER_EPOCHS and number and int(number) not in top:
            report.error(
                metric.path or ("metrics", index),
                f"{metric.name} looks at more or fewer items than scores do, which look at "
                f"{', '.join(map(str, top))}",
                f"write top: [{', '.join(map(str, sorted({*top, int(number)})))}] beside retrieve's user",
            )


def _check_days(experiment: Experiment, days: float | None, report: Report) -> None:
    data = experiment.data
    by_time = getattr(data.split_by, "time", None) is not None
    if days is None or not by_time or 0 in (data.validation, data.test):
        return
    report.warning(
        ("data", "validation"),
        f"popularity counts the last {days:g} days of training, which end where validation begins: for test "
        "rows, and whoever asks later, they are out of date",
        "write validation: 0 once options are chosen",
    )


def _made_of(name: str, steps: Sequence[Component]) -> set[str]:
    """The names that what a step gives is made of, those of columns among them.

    Args:
        name: That of the step, of a column, or `previous`.
        steps: Those above whoever names it.
    """
    if name == "previous":
        place = len(steps) - 1
    else:
        place = max((number for number, step in enumerate(steps) if step.step == name), default=-1)
    if place < 0:
        return {name}
    step, above = steps[place], steps[:place]
    inner = {other for one in walk(step) if one is not step for other in one.inputs or ()} - {"previous"}
    named = [*(step.inputs or ["previous"]), *inner]
    return {name}.union(*(_made_of(other, above) for other in named))
