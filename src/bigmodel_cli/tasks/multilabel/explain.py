"""Each label is explained by its log-odds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bigmodel_cli.config.reading import Activation
from bigmodel_cli.kinds.kind import Kind
from bigmodel_cli.modeling.surgery import final_activation
from bigmodel_cli.scoring.label_sets import average_precisions, mean_of_known
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.tasks.classification.explain import ClassificationExplained
from bigmodel_cli.tasks.explain import LOG_ODDS, OUTPUT, Score
from bigmodel_cli.tasks.multilabel.predictions import label_rule
from bigmodel_cli.tasks.predictions import Answer


class MultilabelExplained(ClassificationExplained):
    """Labels by their names, the most probable first."""

    one = "label"
    many = "labels"

    def ranked(self, answer: Answer) -> Sequence[int]:
        indices: list[int] = np.argsort(-answer.values, kind="stable").tolist()
        return indices

    def measures(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule) -> dict[str, float]:
        truth = np.asarray(labels, bool)
        decided = label_rule(rule, self.task).decided(values)
        return {
            "mean_average_precision": mean_of_known(average_precisions(truth, values)),
            "hamming_loss": float((truth != decided).mean()),
        }

    def score(self, model: object, kind: Kind, of_logits: Activation | None, temperature: float) -> Score:
        bare, activation = (None, of_logits) if of_logits else final_activation(model)
        # What stands before a sigmoid is the log-odds of the label.
        name = LOG_ODDS if activation == "sigmoid" else OUTPUT
        return Score(
            name, lambda outputs, target: outputs[:, target], bare if activation == "sigmoid" else None
        )
