"""What Keras's losses and metrics take and mean: the one place that knows.

The catalogue has their names and arguments, which Keras's signatures tell; what is here, nothing tells but
their documentation. A test holds both tables against every loss and metric of the installed Keras.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.components import Component, base_of
from bigmodel_cli.tasks.generation.task import BITS_PER_BYTE, PERPLEXITY
from bigmodel_cli.tasks.retrieval.task import AFTER_EPOCHS
from bigmodel_cli.tasks.tagging.task import SPAN_F1
from bigmodel_cli.tasks.transcription.task import WORD_ERROR_RATE

Direction = Literal["min", "max"]
# What a loss takes the model's outputs for:
#   distribution   probabilities of the classes, which sum to 1
#   probabilities  of each class, or column of labels, by itself
#   margins        scores around 0, whose sign decides, or the largest of which does
#   numbers        what is predicted is the number
#   embeddings     vectors that are near each other where labels are equal
#   frames         a distribution over an alphabet for each moment
#   any            whatever they are: only the user's own code knows
LossOutputs = Literal["distribution", "probabilities", "margins", "numbers", "embeddings", "frames", "any"]
# What a metric takes them for:
#   probabilities  compared with a threshold, or their logarithm taken
#   ranks          the largest of them counts, whatever its size
#   indices        numbers of classes
#   margins        scores around 0
#   numbers        compared with the labels as they are
#   values         averaged; nothing is compared with labels
#   frames         a distribution over an alphabet for each moment
#   tags           a distribution over tags for each word
#   tokens         a distribution over a vocabulary for each place of a text
#   items          vectors of who asks, by which all items are ranked
#   any            whatever they are: only the user's own code knows
MetricOutputs = Literal[
    "probabilities",
    "ranks",
    "indices",
    "margins",
    "numbers",
    "values",
    "frames",
    "tags",
    "tokens",
    "items",
    "any",
]


@dataclass(frozen=True)
class LossFacts:
    """What is known of a loss.

    Attributes:
        outputs: What it takes the model's outputs for.
        needs_several: Whether it means nothing over a single output.
        takes_indices: Whether labels are numbers of classes; otherwise they have the outputs' shape.
        low: No value is smaller.
    """

    outputs: LossOutputs
    needs_several: bool = False
    takes_indices: bool = False
    low: float = 0.0

    @property
    def takes_probabilities(self) -> bool:
        return self.outputs in ("distribution", "probabilities")

    @property
    def is_for_classes(self) -> bool:
        """Whether labels that are quantities mean nothing to it."""
        return self.outputs not in ("numbers", "any")


@dataclass(frozen=True)
class MetricFacts:
    """What is known of a metric.

    Attributes:
        better: Which value of it is the better one; None: neither.
        outputs: What it takes the model's outputs for.
        needs_several: Whether it means nothing over a single output.
        takes_indices: Whether labels are numbers of classes; otherwise they have the outputs' shape.
        instead: What measures the same of a single output, as a config writes it.
        low: No value is smaller.
        high: No value is larger.
    """

    better: Direction | None
    outputs: MetricOutputs
    needs_several: bool = False
    takes_indices: bool = False
    instead: str | None = None
    low: float = 0.0
    high: float = math.inf

    @property
    def is_for_classes(self) -> bool:
        """Whether labels that are quantities mean nothing to it."""
        return self.outputs not in ("numbers", "any")


# The user's own that are derived from none of Keras's: of classes labels are their numbers.
OWN_LOSS = LossFacts("any", takes_indices=True, low=-math.inf)
OWN_METRIC = MetricFacts(None, "any", takes_indices=True, low=-math.inf)
_NUMBERS = LossFacts("numbers")
_MARGINS = LossFacts("margins")
_EACH = LossFacts("probabilities")
_DISTRIBUTION = LossFacts("distribution", needs_several=True)
_OF_INDICES = LossFacts("distribution", needs_several=True, takes_indices=True)
LOSSES: Mapping[str, LossFacts] = {
    "BinaryCrossentropy": _EACH,
    "BinaryFocalCrossentropy": _EACH,
    "CTC": LossFacts("frames", needs_several=True),
    "CategoricalCrossentropy": _DISTRIBUTION,
    "CategoricalFocalCrossentropy": _DISTRIBUTION,
    "CategoricalGeneralizedCrossEntropy": _OF_INDICES,
    "CategoricalHinge": LossFacts("margins", needs_several=True),
    "Circle": LossFacts("embeddings", needs_several=True, takes_indices=True),
    "CosineSimilarity": LossFacts("numbers", needs_several=True, low=-1.0),
    "Dice": _EACH,
    "Hinge": _MARGINS,
    "Huber": _NUMBERS,
    "KLDivergence": _DISTRIBUTION,
    "LogCosh": _NUMBERS,
    "MeanAbsoluteError": _NUMBERS,
    "MeanAbsolutePercentageError": _NUMBERS,
    "MeanSquaredError": _NUMBERS,
    "MeanSquaredLogarithmicError": _NUMBERS,
    "Poisson": LossFacts("numbers", low=-math.inf),
    "SparseCategoricalCrossentropy": _OF_INDICES,
    "SquaredHinge": _MARGINS,
    "Tversky": _EACH,
}

# Losses of whole regions of an image: a pixel does not count by itself.
OF_REGIONS = frozenset({"Dice", "Tversky"})

_SHARE = MetricFacts("max", "probabilities", high=1.0)
_COUNT = MetricFacts("max", "probabilities")
_ERROR = MetricFacts("min", "numbers")
_CORRELATION = MetricFacts("max", "numbers", needs_several=True, instead="R2Score", low=-1.0, high=1.0)
_BEST_CLASS = MetricFacts("max", "ranks", needs_several=True, instead="accuracy", high=1.0)
_OVERLAP = MetricFacts("max", "ranks", needs_several=True, instead="BinaryIoU", high=1.0)
_F_SCORE = MetricFacts("max", "ranks", needs_several=True, instead="{{{name}: {{threshold: 0.5}}}}", high=1.0)
_CROSSENTROPY = MetricFacts("min", "probabilities", needs_several=True, instead="BinaryCrossentropy")
_VALUES = MetricFacts(None, "values", low=-math.inf)
METRICS: Mapping[str, MetricFacts] = {
    "AUC": _SHARE,
    "Accuracy": MetricFacts("max", "indices", instead="accuracy", high=1.0),
    "BinaryAccuracy": _SHARE,
    "BinaryCrossentropy": MetricFacts("min", "probabilities"),
    "BinaryIoU": _SHARE,
    "CategoricalAccuracy": _BEST_CLASS,
    "CategoricalCrossentropy": _CROSSENTROPY,
    "CategoricalHinge": MetricFacts("min", "margins", needs_several=True, instead="Hinge"),
    "ConcordanceCorrelation": _CORRELATION,
    "CosineSimilarity": replace(_CORRELATION, instead="MeanAbsoluteError"),
    "F1Score": _F_SCORE,
    "FBetaScore": _F_SCORE,
    "FalseNegatives": MetricFacts("min", "probabilities"),
    "FalsePositives": MetricFacts("min", "probabilities"),
    "Hinge": MetricFacts("min", "margins"),
    "IoU": _OVERLAP,
    "KLDivergence": _CROSSENTROPY,
    "LogCoshError": _ERROR,
    "Mean": _VALUES,
    "MeanAbsoluteError": _ERROR,
    "MeanAbsolutePercentageError": _ERROR,
    "MeanIoU": _OVERLAP,
    # It needs a Python function, so that no config has one.
    "MeanMetricWrapper": _VALUES,
    "MeanSquaredError": _ERROR,
    "MeanSquaredLogarithmicError": _ERROR,
    "OneHotIoU": _OVERLAP,
    "OneHotMeanIoU": _OVERLAP,
    "PearsonCorrelation": _CORRELATION,
    "Poisson": replace(_ERROR, low=-math.inf),
    "Precision": _SHARE,
    "PrecisionAtRecall": _SHARE,
    "R2Score": MetricFacts("max", "numbers", low=-math.inf, high=1.0),
    "Recall": _SHARE,
    "RecallAtPrecision": _SHARE,
    "RootMeanSquaredError": _ERROR,
    "SensitivityAtSpecificity": _SHARE,
    "SparseCategoricalAccuracy": replace(_BEST_CLASS, takes_indices=True),
    "SparseCategoricalCrossentropy": replace(_CROSSENTROPY, takes_indices=True),
    "SparseTopKCategoricalAccuracy": replace(_BEST_CLASS, takes_indices=True),
    "SpecificityAtSensitivity": _SHARE,
    "SquaredHinge": MetricFacts("min", "margins"),
    "Sum": _VALUES,
    "TopKCategoricalAccuracy": _BEST_CLASS,
    "TrueNegatives": _COUNT,
    "TruePositives": _COUNT,
}
# Keras's shorthands, which become a class by the labels, and ours.
SHORTHANDS: Mapping[str, MetricFacts] = {
    **dict.fromkeys(("accuracy", "acc"), _SHARE),
    **dict.fromkeys(("crossentropy", "ce"), MetricFacts("min", "probabilities")),
    **dict.fromkeys(
        (BITS_PER_BYTE, PERPLEXITY), MetricFacts("min", "tokens", needs_several=True, takes_indices=True)
    ),
    WORD_ERROR_RATE: MetricFacts("min", "frames", needs_several=True, takes_indices=True),
    SPAN_F1: MetricFacts("max", "tags", needs_several=True, takes_indices=True, high=1.0),
    **dict.fromkeys(
        AFTER_EPOCHS, MetricFacts("max", "items", needs_several=True, takes_indices=True, high=1.0)
    ),
}
_IOU = frozenset({"IoU", "MeanIoU"})
_ONE_HOT_IOU = frozenset({"OneHotIoU", "OneHotMeanIoU"})


def class_name(component: Component) -> str:
    """Keras's class behind a loss or a metric: `MeanSquaredError` of `mse`; a shorthand stays as it is.

    That of the user's own is what it is derived from, or "".
    """
    if component.name in SHORTHANDS or component.own is not None:
        return base_of(component)
    return load_catalogue().identifiers(component.family).get(component.name) or component.name


def loss_facts(loss: Component) -> LossFacts:
    """What is known of the loss that a config names."""
    return OWN_LOSS if loss.own is not None and not base_of(loss) else LOSSES[class_name(loss)]


def metric_facts(metric: Component) -> MetricFacts:
    """What is known of the metric that a config names, with the arguments that it gives."""
    name = class_name(metric)
    own = None if metric.own is None else metric.own.own
    facts = SHORTHANDS.get(name) or METRICS.get(name, OWN_METRIC)
    if own is not None and facts.outputs == "values":
        # What is derived from `Mean` averages what it makes of labels and outputs.
        facts = OWN_METRIC
    if own is not None and own.better is not None:
        facts = replace(facts, better=own.better)
    if facts.instead is not None:
        facts = replace(facts, instead=facts.instead.format(name=name))
    return _as_arguments_say(name, facts, metric.arguments)


def _as_arguments_say(name: str, facts: MetricFacts, given: Mapping[str, Any]) -> MetricFacts:
    """Arguments that change what is measured."""
    if name in ("F1Score", "FBetaScore") and given.get("threshold") is not None:
        return _SHARE
    if given.get("top_k") is not None:
        return replace(_BEST_CLASS, instead=f"{name}, without top_k")
    if name in _IOU | _ONE_HOT_IOU:
        is_sparse = given.get("sparse_y_pred", name in _IOU)
        takes_indices = name in _IOU and given.get("sparse_y_true", True) is not False
        return replace(facts, outputs="indices" if is_sparse else "ranks", takes_indices=takes_indices)
    if given.get("from_sorted_ids") is True:
        return replace(facts, outputs="indices")
    if name in ("PearsonCorrelation", "ConcordanceCorrelation") and given.get("axis") == 0:
        return replace(facts, needs_several=False)
    return facts


def takes_logits(component: Component) -> bool:
    """Whether a loss or a metric makes probabilities of the outputs itself."""
    return component.arguments.get("from_logits") is True
