"""The run that a config's `compress.distill` names: found, and whether a model can learn from it.

Needs no TensorFlow: `check` says what cannot be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bigmodel_cli.config.compress import Distill
from bigmodel_cli.config.facts import facts_of
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.config.problems import Problem, config_error
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.config.tree import ConfigPathKeys, place_at
from bigmodel_cli.errors import BigmodelError
from bigmodel_cli.run_folder import BEST, COMPLETED, RunFolder
from bigmodel_cli.run_search import find_run
from bigmodel_cli.runs_dir import default_runs_dir
from bigmodel_cli.signature import Signature, signature_from_json

PATH: ConfigPathKeys = ("compress", "distill", "teacher")


def distill_of(experiment: Experiment) -> Distill | None:
    """What a config says of a teacher."""
    return None if experiment.compress is None else experiment.compress.distill


def with_teacher(loaded: LoadedConfig, runs_dir: Path | None = None) -> LoadedConfig:
    """A config whose teacher is a folder, whatever it was named by.

    Args:
        loaded: The config.
        runs_dir: Where runs are kept; None: where they are by default.

    Raises:
        ConfigError: If there is no such run, or nothing can be learned from it; it points at the name.
    """
    distill = distill_of(loaded.experiment)
    if distill is None:
        return loaded
    place = place_at(loaded.stack[-1], PATH)
    try:
        run = _found(distill.teacher, place.folder, default_runs_dir() if runs_dir is None else runs_dir)
        reason, hint = _why_not(loaded.experiment, run), None
    except BigmodelError as error:
        reason, hint = error.message, error.hint
    if reason is not None:
        raise config_error([Problem(place, PATH, reason, suggestion=hint)])
    assert loaded.experiment.compress is not None
    named = distill.model_copy(update={"teacher": str(run.path.resolve())})
    compress = loaded.experiment.compress.model_copy(update={"distill": named})
    return replace(loaded, experiment=loaded.experiment.model_copy(update={"compress": compress}))


def require_same_classes(loaded: LoadedConfig, signature: Signature) -> None:
    """The data are such as the teacher knows.

    Args:
        loaded: The config.
        signature: Of the data.

    Raises:
        ConfigError: If classes, or what an example is, are others; it points at the teacher.
    """
    distill = distill_of(loaded.experiment)
    if distill is None:
        return
    theirs = signature_of(RunFolder(Path(distill.teacher)))
    reason = why_others(theirs, signature)
    if reason is not None:
        raise config_error([Problem(place_at(loaded.stack[-1], PATH), PATH, reason)])


def signature_of(run: RunFolder) -> Signature:
    """What a run's examples are.

    Raises:
        DataError: If its record is damaged.
    """
    return signature_from_json(run.read_record()["signature"], str(run.record), run.path)


def why_others(theirs: Signature, ours: Signature) -> str | None:
    """Why a teacher with one signature cannot judge examples of another; None where it can."""
    if len(ours.targets) != 1 or not ours.task.is_of_classes:
        return "there are classes to be learned of one target, and these data have something else"
    names, known = _names(ours), _names(theirs)
    if sorted(names) != sorted(known):
        return f"the teacher has the classes {_listed(known)}, and the data {_listed(names)}"
    for name, kind in theirs.inputs.items():
        other = ours.inputs.get(name)
        if other is None:
            return f"the teacher takes {name!r}, and the data have no such column"
        if (other.name, other.shape, other.dtype) != (kind.name, kind.shape, kind.dtype):
            return f"the teacher takes examples of {kind.described}, and these are {other.described}"
    return None


def _found(word: str, folder: Path, runs_dir: Path) -> RunFolder:
    beside = RunFolder(folder / Path(word).expanduser())
    return beside if beside.record.is_file() else find_run(word, runs_dir)


def _why_not(experiment: Experiment, run: RunFolder) -> str | None:
    """Why nobody can learn from a run; None where nothing speaks against it yet."""
    record = run.read_record()
    if record.get("status") != COMPLETED:
        return f"{run.title} is not complete: {record.get('status')}"
    if not run.checkpoint(BEST).is_file():
        return f"{run.title} has no weights any more"
    theirs = signature_of(run)
    if len(theirs.targets) != 1 or not theirs.task.is_of_classes:
        return f"{run.title} has no classes of one target to teach"
    count, own = facts_of(experiment).num_classes, len(_names(theirs))
    if count is not None and count != own:
        return f"{run.title} has {own} classes, and the data {count}"
    return None


def _names(signature: Signature) -> Sequence[str]:
    names = signature.label_names
    return tuple(names) if names is not None else ()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:5])
    return f"{shown}, … ({len(names)})" if len(names) > 5 else shown
