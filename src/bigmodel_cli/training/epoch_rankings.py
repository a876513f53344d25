"""How well the items of the validation split are found among all, after each epoch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bigmodel_cli.inference.catalogue import vectors_of_latest, with_items
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.modeling.towers import sides
from bigmodel_cli.parts import part_of
from bigmodel_cli.scoring.rule import AS_IT_IS
from bigmodel_cli.tasks.scores import Scoring

if TYPE_CHECKING:
    from bigmodel_cli.run_folder import RunFolder
    from bigmodel_cli.training.prepared import Prepared


def epoch_rankings(prepared: Prepared, run: RunFolder) -> Callable[[], Mapping[str, float]] | None:
    """What ranks all items for the validation split by the weights of now, and gives metrics by name.

    Args:
        prepared: What trains.
        run: Its folder, which knows the tables that are joined.

    Returns:
        None where no metric needs it, or nothing is held out.
    """
    examples, told = prepared.splits.validation, prepared.built.tasks.told
    if examples is None or not told:
        return None
    (target,), metrics = {target for target, _ in told}, [metric for _, metric in told]

    def written() -> Mapping[str, Any] | None:
        return open_folder(run).rows_written

    def measured() -> Mapping[str, float]:
        model = prepared.built.model
        signature = with_items(prepared.splits.signature, model, prepared.splits, written)
        asks, _ = sides(model)
        queries = vectors_of_latest(asks, examples, signature, np.arange(len(examples)))
        scoring, labels = part_of(signature.targets[target], Scoring), examples.compared(target)
        scores = scoring.scored(labels, queries, AS_IT_IS, seed=prepared.settled.asked.seed).scores
        return {metric: scores.all[metric] for metric in metrics}

    return measured
