"""A model that was trained elsewhere to a run that is evaluated, exported and drawn like any other."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bigmodel_cli.adopting.config import Draft
from bigmodel_cli.adopting.data import (
    Wanted,
    data_section,
    fit_images,
)
from bigmodel_cli.adopting.fitting import Fitting
from bigmodel_cli.adopting.kept import Adopted, keep_model, recorded
from bigmodel_cli.adopting.labels import LabelFile
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.listener import Listener, Silent
from bigmodel_cli.modeling.backend import import_tensorflow, start
from bigmodel_cli.modeling.build import BuiltModel, build_model
from bigmodel_cli.modeling.foreign import described, load_foreign
from bigmodel_cli.modeling.replicas.distribution import distribute
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.cache_choice import CacheChoice
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.pipeline.training_examples import TrainingExamples
from bigmodel_cli.run_lock import locked
from bigmodel_cli.training.conclusion import TrainingResult, conclude
from bigmodel_cli.training.log import LoggedListener
from bigmodel_cli.training.pin import Decisions, pinned
from bigmodel_cli.training.plan import make_plan
from bigmodel_cli.training.settled import Settled
from bigmodel_cli.training.stopwatch import DATA, MODEL, START, Stopwatch
from bigmodel_cli.training.trained import Trained
from bigmodel_cli.whole_files import sha256_of


@dataclass(frozen=True)
class Request:
    """What is to be adopted.

    Attributes:
        file: With the model.
        data: What it is evaluated on.
        name: Of the run; None: the file's.
        labels: Files with the classes in the order of an output, by target; "" where none is named. Nothing:
            in that of the data.
        output: Of several outputs the one that is for the data's target; None: the one that is called so.
        rescale: What each pixel is multiplied by, and what is added, before the model gets it.
        overrides: Words that change the config.
        offline: No download may be made.
        exports: Whether there is to be a model.tflite.
    """

    file: Path
    data: Wanted
    name: str | None = None
    labels: Mapping[str, Path] = field(default_factory=dict)
    output: str | None = None
    rescale: tuple[float, float] | None = None
    overrides: Sequence[str] = ()
    offline: bool = False
    exports: bool = True


def adopt(request: Request, runs_dir: Path, listener: Listener) -> TrainingResult:
    """Make a run of a model that was trained elsewhere, and conclude it as if it had been trained here.

    Args:
        request: What is to be adopted.
        runs_dir: Where runs are kept.
        listener: Is told how it goes.

    Returns:
        What it came to.

    Raises:
        UsageError: If the data are not what the model takes.
        DataError: If the file or the data are damaged, or the file holds code.
        ResourceError: If the folder cannot be written.
    """
    NewRun(runs_dir, "new").require_writable()
    logged, watch = LoggedListener([_Once(listener)]), Stopwatch()
    labels = {name: LabelFile.read(path) for name, path in request.labels.items()}
    with logged.keeping_warnings(), tempfile.TemporaryDirectory() as scratch:
        with watch.phase(START):
            import_tensorflow()
        draft = _draft(request, logged)
        path = Path(scratch) / "config.yaml"
        with watch.phase(DATA):
            fitting = Fitting(draft, request.overrides, request.output, labels, path, logged, request.offline)
            loaded, splits = fitting.fit()
        _say_range(draft, splits, loaded, logged)
        logged.say(
            f"data: {', '.join(f'{size:,} {name}' for name, size in splits.sizes.items())}; "
            f"{splits.signature.described}"
        )
        for problem in loaded.warnings:
            logged.warn(str(problem.message))
        with watch.phase(MODEL):
            adopted, built = _built(draft, loaded, splits, logged)
        run = NewRun(runs_dir, loaded.experiment.name).create()
        with locked(run):
            logged.open(run.log)
            with recorded(run, adopted, loaded, request.file, watch):
                logged.say(f"run: {run.title}")
                keep_model(run, built.model)
                best = {"epoch": 0, "monitor": None, "value": None}
                trained = Trained(built, splits, CacheChoice("none"), [], best, None, 1, 0.0)
                return conclude(run, trained, adopted.settled.asked, logged, watch, exports=request.exports)


class _Once(Silent):
    """Passes on what is said, each warning once: data are read again as the model takes them.

    Args:
        listener: Is told.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._warned: set[str] = set()

    def say(self, message: str) -> None:
        self._listener.say(message)

    def warn(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._listener.warn(message)

    def download(self, label: str, done: int, total: int | None) -> None:
        self._listener.download(label, done, total)


def _draft(request: Request, listener: Listener) -> Draft:
    """What is known of model and data before the data are read."""
    file = request.file.absolute()
    model = described(load_foreign(file))
    inputs = ", ".join(map(str, model.inputs))
    outputs = "; ".join(output.described for output in model.outputs)
    listener.say(f"model: {request.file}, {model.parameters:,} parameters; takes {inputs}; gives {outputs}")
    section = data_section(request.data, listener.warn, listener.say)
    fit_images(section, model)
    name = request.name or "".join(c if c.isalnum() or c in "_-." else "-" for c in request.file.stem)
    names_targets = bool(request.data.targets) or request.data.is_config
    return Draft(
        name.strip("-.") or "model", file, sha256_of(file), model, section, request.rescale, names_targets
    )


def _say_range(draft: Draft, splits: Splits, loaded: LoadedConfig, listener: Listener) -> None:
    """Pixels that nothing brings to another range may be others than those of training."""
    is_scaled = draft.model.scales or loaded.experiment.preprocessing
    if part_of(splits.signature.kind, Show).are_pixels and not is_scaled:
        listener.warn(
            "the model has no layer that rescales pixels, and gets them from 0 to 255; if it was trained on "
            "values from 0 to 1, say --rescale 1/255 (from -1 to 1: --rescale 1/127.5,-1)"
        )


def _built(
    draft: Draft, loaded: LoadedConfig, splits: Splits, listener: Listener
) -> tuple[Adopted, BuiltModel]:
    experiment = loaded.experiment
    plan = make_plan(experiment.training)
    distribute(plan.device, None)
    start(seed=experiment.seed, precision="float32", deterministic=plan.deterministic)
    plan = replace(plan, precision="float32", steps_per_execution=1)
    built = build_model(
        experiment,
        splits.signature,
        total_steps=1,
        data=TrainingExamples(splits.train, None),
        warn=listener.warn,
    )
    size = experiment.data.batch_size
    decided = Decisions(32 if size == "auto" else size, "none", plan, 1, None)
    settled = Settled.by(pinned(experiment, splits, decided), splits.signature)
    return Adopted(settled, splits, plan, built, draft.sha256), built
