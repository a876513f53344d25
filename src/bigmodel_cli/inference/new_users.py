"""Somebody who came after training, as a model sees them that knows who asks by what they had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from bigmodel_cli.inference.catalogue import vectors_of_rows
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.modeling.backend import import_tensorflow
from bigmodel_cli.modeling.towers import sides
from bigmodel_cli.recommending.recommend import Newcomer
from bigmodel_cli.run_folder import BEST
from bigmodel_cli.tasks.retrieval.task import Retrieval


def newcomer_of(opened: OpenRun, *, trust: bool = False) -> Newcomer | None:
    """What a run's model makes of the items that somebody had, the latest last.

    TensorFlow starts when it is asked.

    Args:
        opened: The run.
        trust: Load a model even if it can run code.

    Returns:
        None: It knows more of who asks than what they had, and that is not known of somebody new.
    """
    kinds = opened.signature.inputs
    found = [(name, task) for name, task in opened.signature.targets.items() if task.finds_items]
    if not found:
        return None
    ((item, task),) = found
    of_who_asks = [name for name in kinds if name not in cast(Retrieval, task).of_item]
    if not of_who_asks or any(kinds[name].words_of != item for name in of_who_asks):
        return None

    def vector(items: Sequence[str]) -> np.ndarray:
        import_tensorflow()
        asks: Any = sides(load_for_inference(opened.folder, BEST, trust=trust))[0]
        row = {name: [*items] for name in of_who_asks}
        found: np.ndarray = vectors_of_rows(asks, [row], opened.signature, opened.rows_written)[0]
        return found

    return vector
