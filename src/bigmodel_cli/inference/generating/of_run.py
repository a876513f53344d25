"""A run that writes: its model, and the text that it was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import OpenRun, reading_of_run
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.tasks.generation.task import Generation

if TYPE_CHECKING:
    from bigmodel_cli.inference.generating.writing import Writer
    from bigmodel_cli.listener import Listener
    from bigmodel_cli.vocabulary.vocabulary import Vocabulary


def require_writing(opened: OpenRun) -> None:
    """Raises:
    UsageError: If the run's model predicts something else than the next token.
    """
    if not opened.signature.writes:
        predicts = ", ".join(task.described for task in opened.signature.targets.values())
        raise UsageError(
            f"{opened.folder.title}: its model does not go on with a text ({predicts})",
            hint="give the run of a model of text: --run NAME; `bigmodel predict` is for the others",
        )


def vocabulary_of(opened: OpenRun) -> Vocabulary:
    """What the ids of a run that writes stand for."""
    return cast(Generation, opened.signature.task).vocabulary


def writer_of(opened: OpenRun, *, keeps: bool = True, trust: bool = False) -> Writer:
    """The best model of a run, ready to write.

    Raises:
        DataError: If it cannot be loaded.
    """
    from bigmodel_cli.inference.generating.writing import Writer
    from bigmodel_cli.modeling.backend import start

    start(seed=0)
    model = load_for_inference(opened.folder, "best", trust=trust)
    are_logits = reading_of_run(opened).activation == "softmax"
    return Writer(model, vocabulary_of(opened), are_logits=are_logits, keeps=keeps)


def training_text(opened: OpenRun, listener: Listener, *, offline: bool) -> str:
    """The text that a run was trained on, as its data are now.

    Raises:
        DataError: If they are not there any more.
    """
    splits = load_splits(read_experiment(opened.folder), listener, offline=offline)
    series = splits.train.series
    return "" if series is None else vocabulary_of(opened).decode(series.ids.tolist())
