"""Names of columns: what steps take, and what preprocessing and augmentation are written by.

Columns, steps, targets and the plurals of kinds share one namespace with `input` and `previous`.
"""

from __future__ import annotations

from collections.abc import Mapping

from bigmodel_cli.config.checks.report import Report
from bigmodel_cli.config.components import Component
from bigmodel_cli.config.model_inputs import TAKES_STRINGS, made_numbers
from bigmodel_cli.config.preprocessing import MIXING, all_augmentation, layers_of, takers
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.spelling import meant
from bigmodel_cli.config.tree import ConfigPathKeys
from bigmodel_cli.config.walk import walk
from bigmodel_cli.cut import some
from bigmodel_cli.kinds.cells import Cells, EarlierRows, WrongOptionError, column_kinds, kinds_of_columns
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.parts import class_called

# What stands for no column and no step.
ALWAYS = ("input", "previous")
_BY_COLUMN = ("preprocessing", "augmentation")
# Wider than this nothing begins to learn well, unless it is brought to a scale.
_WIDE = 100
_SCALES = frozenset(
    {"Normalization", "Rescaling", "BatchNormalization", "LayerNormalization", "Embedding", "Discretization",
     "CategoryEncoding", "IntegerLookup", "Hashing", "impute", "quantile", "piecewise_linear", "periodic",
     "token_and_position"}
)  # fmt: skip


def check(experiment: Experiment, report: Report) -> None:
    """Each name has one owner, and each name that is used has one."""
    _check_split_by(experiment, report)
    if report.facts.columns is None:
        _check_no_columns(experiment, report)
        return
    _check_columns(experiment, report)
    _check_options(experiment, report)
    _check_steps(experiment, report)
    for section in _BY_COLUMN:
        _check_by_column(section, experiment, report)
    _check_mixing(experiment, report)
    if report.facts.has_all_columns and not report.has_errors:
        _check_takers(experiment, report)


def plurals() -> dict[str, str]:
    """The kinds that columns may be of, by what stands for all columns of one."""
    kinds: list[type[Kind]] = [
        class_called("kinds", name, "kind", Kind.__name__) for name in kinds_of_columns()
    ]
    return {kind.plural: kind.name for kind in kinds if kind.plural}


def _check_no_columns(experiment: Experiment, report: Report) -> None:
    """Data without columns with names have nothing that could be written by column."""
    source = experiment.data.source.name
    for section in _BY_COLUMN:
        if isinstance(getattr(experiment, section), dict):
            message = f"{section} is written by column, and {source} has no columns with names"
            report.error((section,), message, f"write a list: {section}: [{{…}}]")


def _check_takers(experiment: Experiment, report: Report) -> None:
    """Steps take numbers, and these near 1."""
    for name, kind_name in (report.facts.columns or {}).items():
        kind: type[Kind] = class_called("kinds", kind_name, "kind", Kind.__name__)
        if layers_of(experiment, name, kind):
            continue
        low, high = report.facts.ranges.get(name, (0.0, 0.0))
        for step in takers(experiment, name, kind):
            if kind.dtype == "string" and step.name not in TAKES_STRINGS:
                message = f"the column {name} is a {kind.noun}, which no layer of numbers takes"
                report.error(step.path, message, made_numbers(kind_name))
            elif high - low > _WIDE and step.name not in _SCALES:
                message = (
                    f"values of {name} from {low:g} to {high:g} reach {step.name}: Keras's initial weights "
                    "are made for values around 1"
                )
                report.warning(step.path, message, f"write preprocessing: {{{kind_name}: [Normalization]}}")


def _check_split_by(experiment: Experiment, report: Report) -> None:
    """Splits follow a column that is there and is no target."""
    data = experiment.data
    if data.split_by == "random":
        return
    name = data.split_by.column
    path = ("data", "split_by", "group" if data.split_by.group else "time")
    beside = report.facts.beside
    if report.facts.columns is None and not beside and beside is not None:
        message = f"{data.source.name} tells nothing of its examples by which splits could be cut"
        report.error(("data", "split_by"), message, data.source.options.beside_hint)
    elif report.facts.columns is None and beside and name not in beside:
        message = f"{data.source.name} tells nothing of its examples that is called {name!r}"
        report.error(path, message, meant(name, beside))
    elif name in experiment.targets:
        report.error(path, f"{name} is a target, which splits are not cut by", "name another column")
    elif data.validation == 0 and data.test == 0:
        message = "validation and test are 0, so that nothing is cut, by a column or otherwise"
        report.warning(("data", "split_by"), message, "remove split_by")


def _check_columns(experiment: Experiment, report: Report) -> None:
    """No column has the name of what stands for others."""
    source = experiment.data.source
    for name in (*(report.facts.columns or ()), *experiment.targets):
        if name in ALWAYS or name in plurals():
            what = "all columns of a kind" if name in plurals() else "what a step gets"
            message = f"the column {name!r} is called as {what} is"
            report.error(
                (*source.path, "columns", name), message, f"rename it: columns: {{{name}_: {{from: {name}}}}}"
            )


def _check_options(experiment: Experiment, report: Report) -> None:
    """What is said of columns' kinds can be."""
    source = experiment.data.source
    for name, (kind, options) in report.facts.told.items():
        cells: type[Cells] = class_called("kinds", kind, "cells", Cells.__name__)
        try:
            cells.check_options(options)
            if misfit := cells.misfit_beside(options, report.facts.told):
                raise misfit
        except WrongOptionError as wrong:
            path = (*source.path, "columns", name, kind, wrong.option)
            report.error(path, f"{kind} of {name}: {wrong.message}", wrong.hint)
            continue
        if (made := cells.made_of(options)) is not None:
            _check_earlier(name, made, experiment, report)


def _check_earlier(name: str, made: EarlierRows, experiment: Experiment, report: Report) -> None:
    """What is made of earlier rows has none in it that are held out, if these come later."""
    data = experiment.data
    if data.split_by == "random" and (data.validation, data.test) != (0, 0):
        report.warning(
            (*data.source.path, "columns", name),
            f"{name}: splits are drawn at random, so that rows of training have {made.of} of held-out rows",
            f"write data.split_by: {{time: {made.time or 'COLUMN'}}}",
        )


def _check_steps(experiment: Experiment, report: Report) -> None:
    """Names of steps are free, and `inputs` name columns, or steps above."""
    columns, above = report.facts.columns or {}, dict[str, Component]()
    for step in experiment.model:
        for inner in walk([step]):
            for index, name in enumerate(inner.inputs or ()):
                path = (*inner.path, "inputs", index)
                _check_input(name, path, above, experiment, report)
        if step.step:
            _check_name(step, columns, report)
            above[step.step] = step


def _check_name(step: Component, columns: Mapping[str, str], report: Report) -> None:
    where = (*step.path, "name")
    if step.step in ALWAYS or step.step in plurals():
        what = (
            f"all columns of the kind {plurals()[step.step]}"
            if step.step in plurals()
            else "what a step gets"
        )
        report.error(where, f"the name {step.step!r} is that of {what}", f"write another name: {step.step}_1")
    elif step.step in columns:
        report.error(
            where, f"the name {step.step!r} is that of a column", f"write another name: {step.step}_1"
        )


def _check_input(
    name: str, path: ConfigPathKeys, above: Mapping[str, Component], experiment: Experiment, report: Report
) -> None:
    columns = report.facts.columns or {}
    if name in above or name in columns or name in ALWAYS:
        return
    if name in experiment.targets:
        report.error(path, f"{name} is a target, which the model is to predict", "take it out of inputs")
        return
    kind = plurals().get(name)
    found = {*columns.values()}
    there_are = [*above, *columns, *(plural for plural, of in plurals().items() if of in found)]
    if not report.facts.has_all_columns:
        if any(name == step.step for step in experiment.model):
            report.error(path, f"the step {name!r} stands below", "steps take what stands above them")
        elif name in report.facts.ignored:
            report.error(path, f"columns says to ignore {name!r}", f"remove {name} here, or there")
    elif kind is None:
        report.error(path, f"no column and no step above is called {name!r}", meant(name, there_are))
    elif kind not in columns.values():
        report.error(path, f"{name}: no column is of the kind {kind}", meant(name, there_are))


def _check_by_column(section: str, experiment: Experiment, report: Report) -> None:
    """What is written by column names columns, or kinds that there are."""
    written, columns = getattr(experiment, section), report.facts.columns or {}
    if isinstance(written, dict):
        for name in written:
            _check_key(name, (section, name), experiment, report)
        return
    names = [layer.name for layer in written if layer.name not in MIXING]
    if names and report.facts.has_all_columns and len(columns) > 1:
        kind, layers = sorted(set(columns.values()))[0], some(names, 3)
        report.error(
            (section,),
            f"{section} is a list, and the data has {len(columns)} columns",
            f"write it by kind or column: {section}: {{{kind}: [{layers}]}}",
        )


def _check_mixing(experiment: Experiment, report: Report) -> None:
    """Words and classes have nothing between them, so that rows cannot be mixed."""
    if not report.facts.has_all_columns or len(report.facts.columns or {}) < 2:
        return
    for layer in all_augmentation(experiment):
        if layer.name in MIXING:
            report.error(
                layer.path,
                f"{layer.name} mixes two images and their labels, and these are rows: other columns would "
                "stay those of one example",
                "take it out; layers such as RandomFlip and GaussianNoise change a column alone",
            )


def _check_key(name: str, path: ConfigPathKeys, experiment: Experiment, report: Report) -> None:
    columns = report.facts.columns or {}
    # A source may have columns of kinds that tables have not, such as pixels in memory.
    kinds = {*column_kinds(), *columns.values()}
    if name in columns:
        if name in kinds and columns[name] not in ("", name):
            message = f"{name!r} is a column, of the kind {columns[name]}, and a kind"
            report.error(path, message, f"rename the column: columns: {{{name}_: {{from: {name}}}}}")
    elif name in experiment.targets:
        report.error(path, f"{name} is a target; {path[0]} is of what the model gets", f"remove {name}")
    elif name in plurals():
        report.error(path, f"no column is called {name!r}", f"write {plurals()[name]}: …")
    elif name in kinds:
        if report.facts.has_all_columns and name not in columns.values():
            report.warning(
                path, f"no column is of the kind {name}, so that this does nothing", f"remove {name}"
            )
    elif name in report.facts.ignored:
        report.error(path, f"columns says to ignore {name!r}", f"remove {name} here, or there")
    elif report.facts.has_all_columns:
        known = [*columns, *sorted(set(columns.values()))]
        report.error(path, f"no column and no kind is called {name!r}", meant(name, known))
