"""A starter config for rows of a table: which column is predicted, as what, and from which others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bigmodel_cli.cut import cut
from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.cells import column_kinds
from bigmodel_cli.sources.tables.columns import Texts, Values
from bigmodel_cli.sources.tables.facts import FEW_VALUES, ColumnFacts
from bigmodel_cli.sources.tables.giveaways import giveaways
from bigmodel_cli.sources.tables.names import no_column, shown
from bigmodel_cli.sources.tables.refusing import TableError
from bigmodel_cli.sources.tables.survey import Survey, survey
from bigmodel_cli.sources.tables.table import Table, open_table
from bigmodel_cli.sources.tables.twins import share_of_twins
from bigmodel_cli.sources.tables.values import read
from bigmodel_cli.starter.columns import column_lines
from bigmodel_cli.starter.guessed_target import described, guessed_target, names_a_quantity
from bigmodel_cli.starter.labels import Wanted
from bigmodel_cli.starter.sizes import train_size
from bigmodel_cli.starter.split_files import files_beside
from bigmodel_cli.starter.targets import Targets, classes, quantity, several_classes
from bigmodel_cli.starter.texts import TextLengths
from bigmodel_cli.starter.writing import path_from, quoted

# Columns that are of no use as inputs, unless somebody says what they are.
_LEFT_OUT = ("id", "constant")
# Of more rows the recipe does not ask how many are there more than once, which takes a while to find.
_MANY_ROWS = 20_000


@dataclass(frozen=True)
class SeenRows:
    """What the rows of a table are like.

    Attributes:
        source: The data source as YAML, of several lines.
        inputs: What is known of the columns that are learnt from.
        targets: What is predicted.
        num_train: Rows of the training split.
        twins: The share of rows whose inputs are those of another row, too; 0 where there are so many rows
            that nobody asks.
        found: A sentence.
        decisions: What was decided, and why.
        lengths: Of the texts of each column, where all columns are texts.
    """

    source: str
    inputs: Mapping[str, ColumnFacts]
    targets: Targets
    num_train: int
    twins: float
    found: str
    decisions: Sequence[str]
    lengths: Mapping[str, TextLengths] = field(default_factory=dict)


def survey_rows(table: Table, note: Callable[[str], None], told: str | None = None) -> Survey:
    """What the columns of a table are; what was read of them is kept.

    Args:
        table: It, opened.
        note: Told what each column is.
        told: A column that must be there.

    Raises:
        DataError: If it is not, or a row cannot be read.
    """
    if told is not None and told not in table.names:
        raise no_column(table.files[0].path, table.names, told)
    try:
        found = survey(table, keep=True)
    except TableError as error:
        raise DataError(error.message, hint=error.fix) from None
    for line in column_lines([*found.columns.values()]):
        note(line)
    return found


def look_at_rows(
    table: Table, found: Survey, written_in: Path, labels_are: Wanted | None = None, told: str | None = None
) -> SeenRows:
    """What is in a table that lists no images.

    Args:
        table: It, opened.
        found: What its columns are.
        written_in: The folder of the config, which paths are relative to.
        labels_are: What the person says of the target.
        told: The column that is the target; None: the one that looks so.

    Raises:
        DataError: If no column can be the target, or none is left to predict it from.
    """
    path = table.files[0].path
    guess = guessed_target(found.columns) if told is None else None
    name = guess.name if guess else told
    if name is None:
        raise DataError(f"{path}: no column looks like the target", hint="say which one: --target NAME")
    target = found.columns[name]
    targets, kind = _targets(path, target, labels_are)
    inputs = {
        column: facts
        for column, facts in found.columns.items()
        if column != name and facts.kind in column_kinds()
    }
    if not inputs:
        raise DataError(f"{path}: no column is left to predict {shown(name)} from")
    cells = read(table, _looked_at(found), found.kept)
    splits = files_beside(path, lambda other: open_table(other).names == table.names)
    learnt_from = f"{_counted(inputs)}, {targets.described} in the column {shown(name)}"
    # Rows without a target are left out.
    rows = found.num_rows - target.missing
    return SeenRows(
        _source({"path": path, **splits}, written_in, target, kind),
        inputs,
        replace(targets, decision=None),
        train_size(rows, len(splits)),
        share_of_twins(cells[column] for column in inputs) if rows <= _MANY_ROWS else 0.0,
        f"a table of {found.num_rows:,} rows, {learnt_from}",
        [
            *([described(guess)] if guess else []),
            *(
                [f"{target.missing:,} rows have no {shown(name)}: they are left out."]
                if target.missing
                else []
            ),
            *([targets.decision] if targets.decision else []),
            *_given_away(cells, name),
        ],
        _lengths(cells, inputs),
    )


def _lengths(cells: Mapping[str, Values], inputs: Mapping[str, ColumnFacts]) -> dict[str, TextLengths]:
    """How long the texts of columns are; nothing where a column is something else."""
    columns = {name: cells[name] for name in inputs}
    found = {name: TextLengths.of(values) for name, values in columns.items() if isinstance(values, Texts)}
    return found if len(found) == len(inputs) else {}


def _source(files: Mapping[str, Path], written_in: Path, target: ColumnFacts, kind: str) -> str:
    """The data source as YAML.

    Args:
        files: By the option that names them.
        written_in: The folder of the config.
        target: The column that is predicted.
        kind: What it is taken for.
    """
    options = [f"{option}: {path_from(written_in, path)}" for option, path in files.items()]
    options.append(f"target: {quoted(target.name)}")
    if kind != target.kind:
        options.append(f"columns: {{{quoted(target.name)}: {kind}}}")
    if target.missing:
        options.append("missing_target: drop")
    return "\n    ".join(["table:", *(f"  {option}" for option in options)])


def _targets(path: Path, facts: ColumnFacts, wanted: Wanted | None) -> tuple[Targets, str]:
    """What a column is as a target, and the kind that the source takes it for then.

    Raises:
        DataError: If it is neither numbers nor classes, or not what the person says.
    """
    place = f"{path}, {shown(facts.name)}"
    if facts.kind == "list" and facts.distinct is not None:
        return several_classes(facts.distinct), "list"
    if facts.kind not in ("number", "category"):
        message = f"{place}: {facts.kind} ({facts.reason}), which is not predicted"
        raise DataError(message, hint="name another column: --target NAME")
    is_number = facts.kind == "number"
    if wanted == "numbers" and not is_number:
        raise DataError(f"{place}: the labels are texts", hint="leave --labels out: texts are classes")
    if wanted == "classes" and ((not facts.is_whole and is_number) or facts.distinct is None):
        raise DataError(f"{place}: {facts.reason}, which are no classes", hint="leave --labels out")
    has_few = facts.distinct is not None and facts.distinct <= FEW_VALUES
    is_unclear = is_number and facts.is_whole and has_few
    seems = is_unclear and (facts.distinct == 2 or not names_a_quantity(facts.name))
    as_classes = wanted == "classes" or (wanted is None and (seems or not is_number))
    found = classes(facts.distinct or 0) if as_classes else quantity()
    if is_unclear and wanted is None:
        found = replace(found, decision=_taken(facts, found.kind))
    return found, "category" if as_classes else "number"


def _taken(facts: ColumnFacts, kind: Wanted) -> str:
    other = "numbers" if kind == "classes" else "classes"
    return (
        f"{shown(facts.name)} has {facts.distinct} whole numbers from {facts.low:g} to {facts.high:g}: taken "
        f"for {kind}; init --labels {other} takes them for {other}."
    )


def _looked_at(found: Survey) -> dict[str, ColumnFacts]:
    """The columns that may be inputs."""
    return {name: facts for name, facts in found.columns.items() if facts.kind not in _LEFT_OUT}


def _given_away(cells: Mapping[str, Values], target: str) -> list[str]:
    """Columns that tell the target on their own."""
    return [
        f"{shown(one.column)} gives it away ({cut(one.reason, 100)}): if nobody has it when a prediction is "
        f"made, write columns: {{{quoted(one.column)}: ignore}}."
        for one in giveaways(cells, target)
    ]


def _counted(inputs: Mapping[str, ColumnFacts]) -> str:
    kinds = [facts.kind for facts in inputs.values()]
    return ", ".join(f"{kinds.count(kind):,} × {kind}" for kind in dict.fromkeys(kinds))
