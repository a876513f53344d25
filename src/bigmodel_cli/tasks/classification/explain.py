"""Classes are explained by their log-odds.

A softmax that is sure has no slope left: at a probability of 0.9999 no pixel seems to matter. So the
number that is explained is the log-odds of a class, log(p / (1 - p)), computed from what stands before
the last softmax or sigmoid: the logit of the class against all others together. Unlike the bare logit it
tells this class from the others (what raises every logit alike explains nothing), and unlike the
log-probability it goes on growing where p is nearly 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from bigmodel_cli.class_names import class_name
from bigmodel_cli.config.reading import Activation
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.cut import some
from bigmodel_cli.errors import UsageError
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.modeling.surgery import final_activation
from bigmodel_cli.scoring.classes import probability_losses
from bigmodel_cli.scoring.probabilities import are_probabilities as are_distributions
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.classification.predictions import Ranked, score_name
from bigmodel_cli.tasks.explain import LOG_ODDS, OUTPUT, Explained, Score
from bigmodel_cli.tasks.predictions import Answer

_SMALLEST = 1e-7


class ClassificationExplained(Explained):
    """Classes by their names, those first that `predict` ranks first."""

    one: ClassVar[str] = "class"
    many: ClassVar[str] = "classes"

    def index(self, name: str) -> int:
        names: Sequence[str] = self.task.class_names
        if class_name(name) in names:
            return names.index(class_name(name))
        near = closest(name, names)
        known = f"classes: {some(names)}"
        raise UsageError(
            f"--class {name}: the run has no such class", hint=f"did you mean {near}?" if near else known
        )

    def ranked(self, answer: Ranked) -> Sequence[int]:
        indices: list[int] = answer.ranking.tolist()
        return indices

    def label(self, target: int, answer: Answer) -> str:
        name: str = self.task.class_names[target]
        return name

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        probabilities = rule.probabilities(values)
        found = {"accuracy": float((rule.decide(probabilities) == labels).mean())}
        if are_distributions(values):
            found["log_loss"] = float(probability_losses(labels, probabilities)["log_loss"].mean())
        return found

    def value_name(self, *, are_probabilities: bool) -> str:
        return score_name(are_probabilities=are_probabilities)

    def shown(self, value: float, *, are_probabilities: bool) -> str:
        """`97.6%`, or `1.976` where it is no probability."""
        plain = super().shown(value, are_probabilities=are_probabilities)
        return f"{value:.1%}" if are_probabilities else plain

    def score(self, model: Any, kind: Kind, of_logits: Activation | None, temperature: float) -> Score:
        bare, activation = (None, of_logits) if of_logits else final_activation(model)
        if model.output_shape[-1] == 1:
            found = _of_one_for_two(temperature if activation else None)
        elif activation is None and not kind.is_composed and _gives_probabilities(model, kind):
            known = super().score(model, kind, "softmax", temperature)
            return replace(known, of=lambda outputs, target: known.of(_logarithms(outputs), target))
        else:
            found = super().score(model, kind, activation, temperature)
        return replace(found, bare=bare if activation else None)


def _of_one_for_two(temperature: float | None) -> Score:
    """The one output for two classes; the temperature where it is a logit."""

    def of(outputs: Any, target: int) -> Any:
        score = outputs[:, 0] if target == 1 else -outputs[:, 0]
        return score if temperature is None else score / temperature

    return Score(OUTPUT if temperature is None else LOG_ODDS, of)


def _logarithms(probabilities: Any) -> Any:
    import keras

    return keras.ops.log(keras.ops.maximum(probabilities, _SMALLEST))


def _gives_probabilities(model: Any, kind: Kind) -> bool:
    """Whether a model whose last step is unknown gives probabilities, as two images of one grey each tell."""
    pixels = np.stack([np.full(kind.shape, value, kind.dtype) for value in (0, 128)])
    return are_distributions(np.asarray(model(pixels, training=False), np.float64))
