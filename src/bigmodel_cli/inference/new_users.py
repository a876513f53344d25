"""Somebody who came after training, as a model sees them that knows who asks by what they had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np

from bigmodel_cli.inference.catalogue import sides_of_best, vectors_of_rows
from bigmodel_cli.inference.opened import open_folder
from bigmodel_cli.recommending.recommend import Newcomer
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.signature import recorded_signature
from bigmodel_cli.tasks.retrieval.task import Retrieval


def newcomer_of(folder: RunFolder, *, trust: bool = False) -> Newcomer | None:
    """What a run's model makes of the items that somebody had, the latest last.

    The model is loaded, and TensorFlow starts, when it is asked.

    Args:
        folder: Of the run.
        trust: Load a model even if it can run code.

    Returns:
        None: It knows more of who asks than what they had, and that is not known of somebody new.
    """
    signature = recorded_signature(folder.read_record())
    if signature is None or not signature.finds_items:
        return None
    ((item, task),) = cast(Mapping[str, Retrieval], signature.targets).items()
    of_who_asks = [name for name in signature.inputs if name not in task.of_item]
    if not of_who_asks or any(signature.inputs[name].words_of != item for name in of_who_asks):
        return None

    def vector(items: Sequence[str]) -> np.ndarray:
        opened = open_folder(folder)
        asks = sides_of_best(opened.folder, trust=trust)[0]
        row = {name: [*items] for name in of_who_asks}
        found: np.ndarray = vectors_of_rows(asks, [row], opened.signature, opened.rows_written)[0]
        return found

    return vector
