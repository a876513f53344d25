"""The config for interactions: which item somebody takes next, or how they rate one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError
from bigmodel_cli.sources.tables.names import shown
from bigmodel_cli.starter.interactions import Interactions
from bigmodel_cli.starter.interactions_columns import Told
from bigmodel_cli.starter.items_beside import ItemsTable
from bigmodel_cli.starter.writing import MODELINE, Written, comment_lines, path_from, plain_name, quoted

# Days of popularity, of which the first is taken that has so many rows, and one for so many items.
_DAYS, _ROWS_OF_DAYS, _ITEMS_FOR_A_ROW = (7, 30, 90), 1_000, 4
_MICROSECONDS = 86400e6
# Where pairs come so often, what somebody had is what they may have again.
_AGAIN = 0.1
# Where users have fewer rows than this, those with less than the usual five count as well.
_FEW_ROWS_EACH = 10
_FEW_ITEMS = 200
# Penalties of sums of squares over the number of rows, as `configs/ratings.yaml` has them of 90,000.
_OF_BIASES, _OF_TASTES = 2.7, 10.8
_EPOCHS_OF_RATINGS = 10


@dataclass(frozen=True)
class _Size:
    """What fits so many rows.

    Attributes:
        rows: Up to how many it is for.
        batch_size: Rows per step, which are the items to be told apart as well.
        width: Of the vectors.
        penalty: Of the vectors' squares.
        learning_rate: Of Adam.
        epochs: Over all rows.
        alone: The same where items have no columns, whose vectors are learnt from more rows.
    """

    rows: float
    batch_size: int
    width: int
    penalty: str
    learning_rate: str
    epochs: int
    alone: int


_SIZES = (
    _Size(1_000, 32, 32, "3e-3", "3e-3", 10, 12),
    _Size(5_000, 64, 32, "1e-3", "3e-3", 8, 12),
    _Size(50_000, 256, 32, "1e-4", "3e-3", 5, 8),
    _Size(float("inf"), 512, 64, "1e-6", "1e-3", 8, 12),
)


def interactions_starter(
    found: Interactions, items: ItemsTable | None, path: Path, written_in: Path, told: str | None
) -> Written:
    """The config.

    Args:
        found: What the table has.
        items: The table of items beside it; None: there is none.
        path: The table of interactions.
        written_in: The folder that the config will be in.
        told: The column that the person wants to be predicted; None: ratings where there are any.

    Raises:
        DataError: If rows lack who had the item.
    """
    columns = found.columns
    finds = columns.rating is None or told == columns.item
    if finds and (lacking := found.facts[columns.user].missing):
        raise DataError(
            f"{path}, {shown(columns.user)}: {lacking:,} rows have no value",
            hint="leave such rows out: who had an item is what is learnt",
        )
    plan = _Plan(found, items, path, written_in, finds)
    seen = f"a table of {found.num_rows:,} rows: {found.num_users:,} × {shown(columns.user)}, "
    seen += f"{len(found.items):,} × {shown(columns.item)}"
    return Written(plan.yaml(), seen, plan.decisions())


@dataclass(frozen=True)
class _Plan:
    """What is written.

    Attributes:
        found: What the table has.
        items: The table of items beside it.
        path: The table of interactions.
        written_in: The folder that the config will be in.
        finds: Whether items are found, and not ratings predicted.
    """

    found: Interactions
    items: ItemsTable | None
    path: Path
    written_in: Path
    finds: bool

    @cached_property
    def told(self) -> Told:
        """What the config says of columns."""
        return Told(self.found, self.items, self.finds)

    @property
    def size(self) -> _Size:
        return next(size for size in _SIZES if self.found.num_rows < size.rows)

    @property
    def days(self) -> int | None:
        """Of popularity; None: those of all rows, as too few are of late, or nobody knows when they were."""
        columns, rows = self.found.columns, self.found.num_rows
        time = None if columns.time is None else self.found.facts[columns.time]
        if time is None or time.kind != "date" or time.low is None or time.high is None:
            return None
        each_day = rows / max(1.0, (time.high - time.low) / _MICROSECONDS)
        least = max(_ROWS_OF_DAYS, len(self.found.items) / _ITEMS_FOR_A_ROW)
        return next((days for days in _DAYS if days * each_day >= least and 2 * days * each_day < rows), None)

    def decisions(self) -> list[str]:
        """Sentences."""
        columns = self.found.columns
        user, item = shown(columns.user), shown(columns.item)
        if self.finds:
            decisions = [f"{item} is found for {user}: which of all {len(self.found.items):,} comes next."]
            if columns.rating is not None:
                decisions += [f"How it is rated instead: init --target {shown(columns.rating)}."]
        else:
            rating = shown(str(columns.rating))
            decisions = [
                f"{rating} is predicted, of any {user} and any {item}.",
                f"Which {item} comes next, of all {len(self.found.items):,}, instead: init --target {item}.",
            ]
        if columns.time is None:
            decisions += ["No column says when: rows are held out at random."]
        else:
            decisions += [f"What is held out is what comes later, by {shown(columns.time)}."]
        if self.items is not None:
            known, more = 100 * self.items.known, self.items.alone
            new = f", and {more:,} more, which can be found by their columns" if more and self.finds else ""
            decisions += [f"{self.items.path.name} has {known:.0f} % of all {item}{new}."]
        if left_out := [name for name in self.found.facts if name not in columns.all]:
            decisions += [
                f"Left out are {some(map(shown, left_out))}: a column is learnt from when it is named under "
                "columns, and among the inputs of a step."
            ]
        if self.finds and self.found.again >= _AGAIN:
            decisions += [
                f"{100 * self.found.again:.0f} % of rows have what their {user} had before: it may be found "
                "again (seen: keep)."
            ]
        return decisions

    def yaml(self) -> str:
        """The config."""
        comments = [line for decision in self.decisions() for line in comment_lines(decision)]
        then = "bigmodel recommend ID" if self.finds else "bigmodel predict rows.csv"
        size = self.size
        head = [
            MODELINE,
            "# Train with: bigmodel train THIS_FILE",
            f"# Then:       {then}",
            *comments,
            f"name: {plain_name(self.path)}",
            "seed: 0                                # the same seed gives the same splits, order and weights",
            "",
            "data:",
            "  source:",
            "    table:",
            *(f"      {line}" for line in self._source()),
            *self._splits(),
            f"  batch_size: {size.batch_size}",
            "",
            "preprocessing:                         # saved inside the model",
            *(f"  {line}" for line in self._preprocessing()),
            "",
            "model:",
            *(f"  {line}" for line in (self._towers() if self.finds else self._ratings())),
            "",
            *(self._finding() if self.finds else self._rating()),
        ]
        return "\n".join(head) + "\n"

    def _source(self) -> Iterator[str]:
        columns, told = self.found.columns, self.told
        yield f"path: {path_from(self.written_in, self.path)}"
        if self.finds:
            yield "target:"
            yield f"  {told[columns.item]}:"
            yield "    retrieve:"
            yield from (f"      {line}" for line in self._retrieve())
        else:
            yield f"target: {told[str(columns.rating)]}"
            if self.found.facts[str(columns.rating)].missing:
                yield "missing_target: drop"
        if self.finds and self.found.facts[columns.item].missing:
            yield "missing_target: drop"
        if self.items is not None:
            options = [f"path: {path_from(self.written_in, self.items.path)}"]
            options += [f"key: {quoted(self.items.key)}"] if self.items.key != columns.item else []
            options += [f"prefix: {quoted(self.told.prefix)}"] if self.told.prefix else []
            yield f"join: {{{told[columns.item]}: {{{', '.join(options)}}}}}"
        yield "columns:"
        yield from (f"  {line}" for line in self.told.lines())

    def _retrieve(self) -> Iterator[str]:
        columns, told = self.found.columns, self.told
        yield f"user: {told[columns.user]}"
        if columns.time is not None:
            yield f"time: {told[columns.time]}"
        if self.found.num_rows < _FEW_ROWS_EACH * self.found.num_users:
            yield "least: 1                     # most have few rows: all count in the scores"
        if len(self.found.items) < _FEW_ITEMS:
            yield "top: [1, 5, 10, 20]"
        if self.found.again >= _AGAIN:
            yield "seen: keep"
        days = "null" if self.days is None else self.days
        yield f"popularity: {{days: {days}}}".ljust(29) + (
            "# of all rows" if self.days is None else "# what is popular moves"
        )

    def _splits(self) -> Iterator[str]:
        time = self.found.columns.time
        if time is not None:
            yield f"  split_by: {{time: {self.told[time]}}}".ljust(39) + "# what comes later is held out"
        yield "  test: 0.1"
        yield "  validation: 0".ljust(39) + "# 0.1 while options are chosen"

    def _preprocessing(self) -> Iterator[str]:
        yield "category: [StringLookup]"
        for name in self.told.learnt("set"):
            yield f"{name}: [{{StringLookup: {{output_mode: multi_hot}}}}, UnitNormalization]"
        if self.told.learnt("number"):
            yield "number: [{impute: {with: mean}}, Normalization]"

    def _towers(self) -> Iterator[str]:
        told = self.told
        yield "# A vector of each who asks, and one of each item, which has parts that such items share."
        yield from self._own("asks", told[self.found.columns.user])
        parts = [*self._shared()]
        own = "itself" if parts else "offered"
        yield from self._own(own, told[self.found.columns.item])
        yield from (line for _, line in parts)
        if parts:
            yield f"- Add: {{name: offered, inputs: [itself, {', '.join(name for name, _ in parts)}]}}"
        yield "- two_towers: {inputs: [asks, offered], temperature: 0.5}"

    def _own(self, name: str, column: str) -> Iterator[str]:
        yield "- Embedding:"
        yield f"    name: {name}"
        yield f"    inputs: [{column}]"
        yield f"    input_dim: {column}.vocabulary_size"
        yield f"    output_dim: {self.size.width}"
        yield f"    embeddings_regularizer: {{L2: {{l2: {self.size.penalty}}}}}"

    def _shared(self) -> Iterator[tuple[str, str]]:
        """Steps for columns of items, by what they are called."""
        width = self.size.width
        for name in self.told.learnt("category"):
            options = f"input_dim: {name}.vocabulary_size, output_dim: {width}"
            yield f"of_{name}", f"- Embedding: {{name: of_{name}, inputs: [{name}], {options}}}"
        for name in self.told.learnt("set"):
            yield f"of_{name}", f"- Dense: {{name: of_{name}, inputs: [{name}], units: {width}}}"
        if self.told.learnt("number"):
            yield "of_numbers", f"- Dense: {{name: of_numbers, inputs: [numbers], units: {width}}}"

    def _ratings(self) -> Iterator[str]:
        columns, told, rows = self.found.columns, self.told, self.found.num_rows
        shared = [*told.learnt("category"), *told.learnt("set")]
        inputs = ", ".join([told[columns.user], told[columns.item], *shared])
        yield "# Biases of users, items and what these have in common, and what each user likes of which;"
        yield "# penalties are those of a ridge regression, over the number of rows."
        yield (
            f"- factorization_machine: {{inputs: [{inputs}], factors: 8, l2: {_OF_TASTES / rows:.2g}, "
            f"bias_l2: {_OF_BIASES / rows:.2g}}}"
        )

    def _finding(self) -> Iterator[str]:
        yield "loss: {SparseCategoricalCrossentropy: {from_logits: true}}"
        yield f"optimizer: {{Adam: {{learning_rate: {self.size.learning_rate}}}}}"
        yield "metrics: []".ljust(39) + "# [recall@20] ranks all items after each epoch, for validation"
        yield ""
        yield "training:"
        yield f"  epochs: {self.size.epochs if self.told.has_shared else self.size.alone}"

    def _rating(self) -> Iterator[str]:
        yield "loss: MeanSquaredError"
        yield "optimizer:"
        yield "  Adam:"
        yield "    learning_rate:"
        yield "      CosineDecay: {initial_learning_rate: 3e-2}".ljust(58) + "# down to 0 at the last step"
        yield "metrics: [mae]"
        yield ""
        yield "training:"
        yield f"  epochs: {_EPOCHS_OF_RATINGS}"
