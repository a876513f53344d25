"""What the examples of a run are like, for who predicts others."""

from __future__ import annotations

from typing import Any

import numpy as np

from bigmodel_cli.inference.asked import Asked
from bigmodel_cli.inference.evaluation import Evaluation
from bigmodel_cli.inference.inner import Inner
from bigmodel_cli.inference.measure import Some, keep_familiar, read_some
from bigmodel_cli.modeling.cut import cut
from bigmodel_cli.modeling.inner import map_shape, with_features
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.tasks.predictions import Predictions
from bigmodel_cli.training.stopwatch import VALIDATION
from bigmodel_cli.training.trained import Trained


def keep_likeness(
    run: RunFolder, trained: Trained, best: Any, held_out: Examples, evaluation: Evaluation, asked: Asked
) -> Any:
    """Keep in the run what its examples are like.

    Args:
        run: Its folder.
        trained: What was trained, and on what.
        best: Its best checkpoint's model.
        held_out: Examples that limits are set on; best those of validation, so that the test stays unseen.
        evaluation: How the model fared on these.
        asked: For how outputs are read.

    Returns:
        What has to be exported for `predict`: the model, with its inner features where these are compared.
    """
    signature = trained.splits.signature
    train = trained.cache.kept(trained.splits.train)
    # Of several targets no one decides what an example is like.
    target = next(iter(signature.targets)) if len(signature.targets) == 1 else None
    scores = None
    if target is not None:
        train = train.having(target)
        predictions = part_of(signature.targets[target], Predictions)
        scores = predictions.probabilities(evaluation.values[target], asked.readings[target])
    if signature.kind.is_composed:
        keep_familiar(run, train, held_out, scores, signature)
        return best
    # Read once, since files may have to be decoded.
    learned, held = read_some(train, signature), read_some(held_out, signature)
    scores = None if scores is None else scores[held.indices]
    if not len(learned.indices) or not len(held.indices):
        return best
    whole = None if target is None else with_features(best)
    inner = None
    if whole is not None and target is not None:
        is_validation = evaluation.split == VALIDATION
        source = _frozen(trained, best, learned, held, target) if is_validation else None
        model, given, others = source or (whole, learned.examples, held.examples)
        compute = _computing_features(model)
        features, of_others = (_features(compute, some, asked.batch_size) for some in (given, others))
        inner = Inner.fit(features, learned.examples.labels, of_others, scores, map_shape(model))
    keep_familiar(run, learned.examples, held.examples, scores, signature, inner)
    return best if inner is None else whole


def _frozen(
    trained: Trained, best: Any, learned: Some, held: Some, target: str
) -> tuple[Any, Examples, Examples] | None:
    """The model behind what does not learn, and what has been computed of that; None where nothing has."""
    halves = None if trained.fronts is None else cut(best)
    if trained.fronts is None or halves is None:
        return None
    train = trained.fronts["train"].having(target).take(learned.indices)
    return with_features(halves.back), train, trained.fronts["validation"].take(held.indices)


def _computing_features(model: Any) -> Any:
    """Computes what the last layer of a model is given, one batch after the other.

    Args:
        model: As `with_features` gives it.
    """
    import tensorflow as tf

    return tf.function(
        lambda features: model(features, training=False)[1], autograph=False, reduce_retracing=True
    )


def _features(compute: Any, examples: Examples, batch_size: int) -> np.ndarray:
    """What the last layer of a model is given, float32 of shape (n, features).

    Args:
        compute: As `_computing_features` gives it.
        examples: What it takes; all of them can be read.
        batch_size: No larger than in training: what fits there fits here.
    """
    import tensorflow as tf

    found = []
    for start in range(0, len(examples), batch_size):
        indices = range(start, min(start + batch_size, len(examples)))
        found.append(compute(tf.constant(np.stack([examples.read(index) for index in indices]))).numpy())
    return np.concatenate(found).astype(np.float32)
