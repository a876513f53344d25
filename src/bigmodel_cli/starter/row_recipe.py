"""The recipe for rows of a table: numbers by rank and waves or ramps, networks, a linear part beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from bigmodel_cli.starter.rows import SeenRows
from bigmodel_cli.starter.sizes import batch_size_for
from bigmodel_cli.starter.targets import Targets
from bigmodel_cli.starter.text_recipe import texts_recipe
from bigmodel_cli.starter.texts import SeenTexts
from bigmodel_cli.starter.writing import Recipe

# Of fewer rows, waves would fit what is there by chance, and most of what is there is linear.
_FEW = 1_000
# Of more rows, as many steps would take longer than they help.
_MANY = 10_000
# Up to so many rows.
_BATCH_SIZES = ((2_000, 64), (5_000, 128), (20_000, 256))
# An epoch is checked, saved and told, which costs more than its steps where these are few.
_MOST_EPOCHS = 150
_FREQUENCIES, _WIDTH = 48, 16
_BINS = 32
# What comes seldom: other categories and words are unknown ones.
_MOST_CATEGORIES, _WORDS = 1_000, 2_000
_PARTS_OF_A_DATE = 5
_COLUMN = 35


def rows_recipe(seen: SeenRows) -> Recipe:
    """What trains well on tables of any size, without a change.

    What nothing in training changes (ranks, places in vocabularies) is computed once. The last layer gets the
    prepared columns as well: what is linear in them needs no network.
    """
    if seen.lengths:
        lengths, decisions = dict(seen.lengths), tuple(seen.decisions)
        return texts_recipe(SeenTexts(seen.source, lengths, seen.targets, seen.num_train, decisions))
    kinds = [kind for kind in _KINDS if any(facts.kind == kind for facts in seen.inputs.values())]
    prepared = [_KINDS[kind].plural for kind in kinds]
    size = _size(seen)
    encoding = size.encoding if "number" in kinds else None
    has_waves = encoding == "waves"
    batch_size = batch_size_for(seen.num_train, size.batch_size(seen.num_train))
    steps_per_epoch = math.ceil(seen.num_train / batch_size)
    epochs = max(8, min(size.most_epochs, math.ceil(size.steps / steps_per_epoch)))
    inputs = [*(["waves"] if has_waves else []), *prepared]
    model = [
        *(_WAVES if has_waves else []),
        *(
            _networks(inputs, prepared, size, seen.targets)
            if size.networks > 1
            else _dense(inputs, prepared, size)
        ),
    ]
    width = _width(seen, size)
    network = width * size.units + size.units**2 + (size.units + width) * seen.targets.count
    network *= size.networks
    return Recipe(
        seen.source,
        batch_size,
        epochs,
        size.learning_rate,
        [line for kind in kinds for line in (f"{kind}:", *_KINDS[kind].steps(seen))],
        (),
        model,
        3.0 * network * seen.num_train * epochs,
        [*seen.decisions, _why(seen, size, encoding, epochs)],
        monitor=_monitor(seen, size),
        why_monitored=_LAST if size.is_last_best else None,
        ends_model=size.networks > 1,
        optimizer_options=(f"weight_decay: {size.weight_decay}",),
        is_too_sure=size is _SOME_ROWS_WITH_TWINS,
    )


@dataclass(frozen=True)
class _Size:
    """What fits so many rows.

    Attributes:
        encoding: What the network gets of a number: waves beside it, ramps instead of it, or it alone.
        is_last_best: Whether the last epoch is taken for the best.
    """

    encoding: Literal["waves", "ramps"] | None
    units: int
    dropout: float
    steps: int
    learning_rate: str
    weight_decay: float
    most_epochs: int = 100
    networks: int = 1
    is_last_best: bool = False

    def batch_size(self, num_train: int) -> int:
        return next((size for rows, size in _BATCH_SIZES if num_train < rows), 512)


_FEW_ROWS = _Size(None, 64, 0.3, 2_500, "2e-3", 1.0)
# What single rows tell, copies of others among them, is learnt late, by one network at the cost of all else.
_SOME_ROWS = _Size("waves", 64, 0.1, 3_000, "2e-3", 0.1, _MOST_EPOCHS, networks=8)
# Classes of the tables that were measured were told apart as well or better by ramps (docs/design.md).
_SOME_ROWS_OF_CLASSES = replace(
    _SOME_ROWS, encoding="ramps", dropout=0.3, weight_decay=3.0, is_last_best=True
)
# Where rows are there again it helps to know them by heart, and elsewhere it harms.
_MANY_TWINS = 0.1
_SOME_ROWS_WITH_TWINS = replace(_SOME_ROWS_OF_CLASSES, weight_decay=0.1)
_MANY_ROWS = _Size("waves", 256, 0.3, 1_000, "2e-3", 0.1)


def _size(seen: SeenRows) -> _Size:
    if seen.num_train < _FEW:
        return _FEW_ROWS
    if seen.num_train >= _MANY or all(facts.kind != "number" for facts in seen.inputs.values()):
        return _MANY_ROWS
    if seen.targets.kind != "classes":
        return _SOME_ROWS
    return _SOME_ROWS_WITH_TWINS if seen.twins >= _MANY_TWINS else _SOME_ROWS_OF_CLASSES


_WAVES = [
    "# Sines and cosines of each number at trained frequencies: steps and bumps are learnt, too.",
    f"- periodic: {{name: waves, inputs: [numbers], frequencies: {_FREQUENCIES}, width: {_WIDTH}}}",
]


def _dense(inputs: Sequence[str], linear: Sequence[str], size: _Size) -> list[str]:
    """Two layers on what stands side by side, and the prepared columns beside them."""
    units, dropout = f"units: {size.units}, activation: relu", f"- Dropout: {{rate: {size.dropout}}}"
    named = f"inputs: [{', '.join(inputs)}]"
    if len(inputs) == 1:
        first = [f"- Dense: {{{named}, {units}}}"]
    else:
        first = [f"- Concatenate: {{{named}}}", f"- Dense: {{{units}}}"]
    beside = f"- Concatenate: {{inputs: [previous, {', '.join(linear)}]}}   # {_LINEAR}"
    return [*first, dropout, f"- Dense: {{{units}}}", dropout, beside]


_LINEAR = "what is linear needs no network"


def _networks(inputs: Sequence[str], linear: Sequence[str], size: _Size, targets: Targets) -> list[str]:
    """Several small networks side by side to the end, whose answers are averaged."""
    count, is_classes = size.networks, targets.kind == "classes"

    def dense(equation: str, units: int | str, activation: str) -> list[str]:
        # Keras counts the weights of all as those of one, so that they would begin too small.
        start = f"{{VarianceScaling: {{scale: {count}, mode: fan_avg, distribution: uniform}}}}"
        return [
            f"- EinsumDense: {{equation: '{equation}', output_shape: [{count}, {units}], bias_axes: kj,",
            f"    activation: {activation}, kernel_initializer: {start}}}",
        ]

    def beside(names: Sequence[str]) -> list[str]:
        return [f"- Concatenate: {{inputs: [{', '.join(names)}]}}"] if len(names) > 1 else []

    first, other = "bi,kij->bkj", "bki,kij->bkj"
    repeated = f"n: {count}" if len(linear) > 1 else f"inputs: [{linear[0]}], n: {count}"
    return [
        *beside(inputs),
        f"# {count} networks side by side (k), each with weights of its own: their answers are averaged.",
        *dense(first, size.units, "relu"),
        f"- Dropout: {{rate: {size.dropout}}}",
        *dense(other, size.units, "relu"),
        f"- Dropout: {{name: networks, rate: {size.dropout}}}",
        *beside(linear),
        f"- RepeatVector: {{{repeated}}}",
        f"- Concatenate: {{inputs: [networks, previous]}}   # {_LINEAR}",
        # LiteRT cannot express the layer with one number for each network: they share it.
        *(dense(other, "num_classes", "linear") if is_classes else ["- Dense: {units: 1}"]),
        "- GlobalAveragePooling1D",
        # An average of probabilities can rest on one network, so that others stop learning (docs/design.md).
        *([f"- {targets.probabilities}"] if is_classes else []),
    ]


@dataclass(frozen=True)
class _Kind:
    """How the columns of a kind are prepared.

    Attributes:
        plural: What steps call all of them.
        steps: Gives the layers, as YAML.
    """

    plural: str
    steps: Callable[[SeenRows], list[str]]


def _said(step: str, comment: str) -> str:
    return f"  - {step}".ljust(_COLUMN) + f"  # {comment}"


def _of_numbers(seen: SeenRows) -> list[str]:
    has_gaps = any(facts.missing for facts in seen.inputs.values() if facts.kind == "number")
    if has_gaps:
        filled = _said("impute: {with: median, flag: true}", "and whether it was missing")
    else:
        filled = _said("impute: {with: median}", "for rows that lack one later")
    if seen.num_train < _FEW:
        return [filled, _said("Normalization", "by mean and variance of each column")]
    ranks = _said("quantile", "ranks, as a normal distribution: one scale, no outliers")
    return [filled, ranks, *(_RAMPS if _size(seen).encoding == "ramps" else [])]


_RAMPS = [_said(f"piecewise_linear: {{bins: {_BINS}}}", "how far through each part: learns thresholds")]


def _of_categories(seen: SeenRows) -> list[str]:
    most = max(facts.distinct or 0 for facts in seen.inputs.values() if facts.kind == "category")
    limit = f"max_tokens: {_MOST_CATEGORIES}, " if most > _MOST_CATEGORIES else ""
    return [f"  - StringLookup: {{{limit}output_mode: one_hot}}"]


def _of_dates(seen: SeenRows) -> list[str]:
    return ["  - impute: {with: median}", "  - Normalization"]


def _of_texts(seen: SeenRows) -> list[str]:
    return [f"  - TextVectorization: {{max_tokens: {_WORDS}, output_mode: tf_idf}}"]


_KINDS = {
    "number": _Kind("numbers", _of_numbers),
    "category": _Kind("categories", _of_categories),
    "date": _Kind("dates", _of_dates),
    "text": _Kind("texts", _of_texts),
}


def _width(seen: SeenRows, size: _Size) -> int:
    """How many numbers the network gets, about."""
    of_a_number = {None: 1, "ramps": _BINS, "waves": 1 + _WIDTH + 2 * _FREQUENCIES}
    each = {
        "number": of_a_number[size.encoding],
        "date": _PARTS_OF_A_DATE,
        "text": _WORDS,
    }
    return sum(
        each.get(facts.kind, min(facts.distinct or 0, _MOST_CATEGORIES)) for facts in seen.inputs.values()
    )


_LAST = "the last epoch: of few held-out examples chance decides which is the best"


def _monitor(seen: SeenRows, size: _Size) -> str | None:
    """Accuracy goes on rising where the loss already grows with certainty; of few rows it is too coarse."""
    if size.is_last_best:
        return "null"
    is_coarse = seen.targets.kind == "numbers" or size is _FEW_ROWS
    return seen.targets.monitor_of_few if is_coarse else None


def _why(seen: SeenRows, size: _Size, encoding: str | None, epochs: int) -> str:
    behind = f" behind {encoding} of the numbers" if encoding else ""
    layers = f"{size.networks} small networks" if size.networks > 1 else "Two dense layers"
    twins = f"; {100 * seen.twins:.0f} % of all rows are there again" if size is _SOME_ROWS_WITH_TWINS else ""
    return f"{layers}{behind} and a linear part, for {seen.num_train:,} rows{twins}; {epochs} epochs."
