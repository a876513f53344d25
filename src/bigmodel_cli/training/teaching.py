"""The teacher of a run: asked once for all examples, or in each step, and the same one after a break."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from bigmodel_cli.compressing.distillation import Teaching, load_teacher, taught
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import DataError
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.teachers import distill_of
from bigmodel_cli.pipeline.draws import are_drawn
from bigmodel_cli.run_files import checkpoint_entry
from bigmodel_cli.run_folder import BEST, TEACHER, RunFolder
from bigmodel_cli.training.gauges import free_memory
from bigmodel_cli.training.work import Work


def with_teaching(work: Work, listener: Listener, *, trust: bool = False) -> Work:
    """The same with the teacher that its config names, and its answers with the examples where these stay.

    Args:
        work: What is trained.
        listener: Is told how it goes.
        trust: Whether the teacher may be loaded though that runs code.

    Raises:
        DataError: If the teacher is missing or damaged or holds code that may not run, or an example cannot
            be read.
        ResourceError: If there is no room for its answers.
    """
    distill = distill_of(work.experiment)
    if distill is None:
        return work
    is_kept = not (work.experiment.augmentation or are_drawn(work.splits.train))
    teacher = load_teacher(distill, work.distribution, trust=trust)
    teaching = Teaching.of(distill, teacher, work.splits.signature, is_kept=is_kept)
    splits = work.splits
    if is_kept:
        free = min(free_memory().values(), default=None)
        splits = taught(teaching, splits, work.skipped, listener, free)
    return replace(work, splits=splits, teaching=teaching)


def teacher_record(experiment: Experiment) -> dict[str, Any]:
    """What run.json says of a config's teacher; nothing where there is none."""
    distill = distill_of(experiment)
    if distill is None:
        return {}
    return {TEACHER: {"run": distill.teacher, "checkpoint": BEST, "sha256": _sha256(distill.teacher)}}


def require_same_teacher(run: RunFolder, experiment: Experiment) -> None:
    """A run that goes on learns from the teacher that it began with.

    Raises:
        DataError: If that is gone, or another one by now.
    """
    distill = distill_of(experiment)
    recorded = run.read_record().get(TEACHER)
    if distill is None or recorded is None:
        return
    hint = "bring it back, or start a new run"
    try:
        is_same = _sha256(distill.teacher) == recorded["sha256"]
    except DataError as error:
        raise DataError(f"the teacher of the run is gone: {error.message}", hint=hint) from error
    if not is_same:
        raise DataError(f"{distill.teacher}: not the teacher that the run began with", hint=hint)


def _sha256(teacher: str) -> str:
    return str(checkpoint_entry(RunFolder(Path(teacher)), BEST)["sha256"])
