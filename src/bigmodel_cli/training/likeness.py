"""What the examples of a run are like, for who predicts others."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.inference.asked import Asked
from bigmodel_cli.inference.evaluation import Evaluation
from bigmodel_cli.inference.familiar import keep_familiar, some_of
from bigmodel_cli.inference.inner import MOST_EXAMPLES, fit_inner
from bigmodel_cli.inference.rarity import LEAST_HELD_OUT, Rarity
from bigmodel_cli.modeling.cut import cut
from bigmodel_cli.modeling.inner import with_features
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.predictions import Predictions
from bigmodel_cli.training.trained import Trained


def keep_likeness(
    run: RunFolder, trained: Trained, best: Any, held_out: Examples, evaluation: Evaluation, asked: Asked
) -> Any:
    """Keep in the run what its examples are like.

    Args:
        run: Its folder.
        trained: What was trained, and on what.
        best: Its best checkpoint's model.
        held_out: What that was evaluated on.
        evaluation: How it fared.
        asked: For how outputs are read.

    Returns:
        What has to be exported for `predict`: the model, with its inner features where these are compared.
    """
    signature = trained.splits.signature
    train = trained.cache.kept(trained.splits.train)
    scores = rarity = whole = None
    # Of several targets no one decides what an example is like.
    if len(signature.targets) == 1:
        ((name, task),) = signature.targets.items()
        predictions, reading = part_of(task, Predictions), asked.readings[name]
        scores = predictions.probabilities(evaluation.by_target[name].values, reading)
        whole = None if signature.kind.is_composed else with_features(best)
        if whole is not None:
            as_probabilities = partial(_probabilities, predictions, reading)
            rarity = _inner_rarity(trained, best, held_out, as_probabilities, asked.batch_size)
    keep_familiar(run, train, held_out, scores, signature, rarity)
    return best if rarity is None else whole


def _probabilities(predictions: Predictions[Any], reading: Reading, outputs: np.ndarray) -> np.ndarray | None:
    return predictions.probabilities(predictions.values(outputs, reading), reading)


def _inner_rarity(
    trained: Trained, best: Any, held_out: Examples, probabilities: Any, batch_size: int
) -> Rarity | None:
    """How far from what is common the features before the last layer are.

    The limit is set on validation, which the model has not learned from, so that the test stays unseen.
    """
    signature = trained.splits.signature
    train, validation = trained.splits.train, trained.splits.validation
    others = held_out if validation is None or len(validation) < LEAST_HELD_OUT else validation
    chosen, held = some_of(train, signature, MOST_EXAMPLES), some_of(others, signature)
    halves = cut(best) if trained.fronts is not None and others is validation else None
    if halves is not None and trained.fronts is not None:
        # What does not learn has been computed for these.
        model = with_features(halves.back)
        train, others = trained.fronts["train"], trained.fronts["validation"]
    else:
        model, train, others = with_features(best), trained.cache.kept(train), trained.cache.kept(others)
    if model is None:
        return None
    return fit_inner(model, train.take(chosen), others.take(held), probabilities, batch_size)
