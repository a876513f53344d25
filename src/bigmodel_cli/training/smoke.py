"""Two batches through everything that a run does, in a folder that goes away: does it work at all?"""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bigmodel_cli.config.callback_paths import written_path
from bigmodel_cli.config.compress import AUTO
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.errors import BigmodelError, Interrupted
from bigmodel_cli.inference.engines import open_engine
from bigmodel_cli.inference.export import features_of
from bigmodel_cli.inference.opened import answering_of, open_folder
from bigmodel_cli.listener import Listener, Progress, Silent
from bigmodel_cli.new_run import NewRun
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import RunFolder
from bigmodel_cli.training.passing import passing_folder
from bigmodel_cli.training.stopwatch import OTHER, PHASES, Stopwatch
from bigmodel_cli.training.train import How, resume, train

RESUME, PREDICTION = "resume", "prediction"
_DESCRIBED: Mapping[str, str] = {
    **PHASES,
    RESUME: "killed, and gone on with",
    PREDICTION: "with the model that was exported",
}
_NUM_BATCHES = 2
# The second one is trained by the resume.
_EPOCHS = 2
_MOST_PREDICTED = 4
# Where the config leaves the size of a batch open, since finding out takes longer than all the rest.
_BATCH_SIZE = 32
# No process receives this one, so that it is told from what somebody else sends.
_KILL = signal.SIGKILL


@dataclass(frozen=True)
class Stage:
    """A part of a run that works.

    Attributes:
        name: What is done, by the names that a session's times have.
        seconds: What it took.
    """

    name: str
    seconds: float

    @property
    def described(self) -> str:
        return _DESCRIBED[self.name]


class SmokeError(BigmodelError):
    """A stage does not work.

    Args:
        stage: Which one.
        error: Why not.
    """

    def __init__(self, stage: str, error: BigmodelError) -> None:
        super().__init__(f"{stage} ({_DESCRIBED[stage]}) does not work: {error.message}", hint=error.hint)
        self.exit_code = error.exit_code
        self.problems = list(getattr(error, "problems", ()))


class Killing(Silent):
    """Warns as another listener does, and ends training where the first epoch's states are saved.

    The run is not brought to an end, as nothing is where a process is killed.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    def warn(self, message: str) -> None:
        self._listener.warn(message)

    def download(self, label: str, done: int, total: int | None) -> None:
        self._listener.download(label, done, total)

    def epoch_ended(self, progress: Progress, row: Mapping[str, float]) -> None:
        raise Interrupted(_KILL)


@dataclass
class Smoke:
    """A config that is tried.

    Attributes:
        config: The config.
        listener: Is told of warnings and downloads.
        offline: No download may be made.
        trust: Whether a teacher may be loaded though that runs code.
        stages: What has worked so far, in order.
    """

    config: LoadedConfig
    listener: Listener
    offline: bool = False
    trust: bool = False
    stages: list[Stage] = field(default_factory=list)

    def run(self) -> list[Stage]:
        """Train two batches, be killed, go on, evaluate, export, draw, report, predict.

        Raises:
            SmokeError: If a stage does not work.
        """
        config = replace(self.config, experiment=shortened(self.config))
        with passing_folder("smoke") as folder:
            new = NewRun(folder, "smoke", "run")
            # Nothing else is told before all is done.
            self.listener.say("training two batches, up to a checkpoint")
            self._train(config, new)
            run = RunFolder(new.runs_dir / new.name / "run")
            self.listener.say("killed; going on, up to the report")
            splits = self._resume(run, config)
            with self._stage(PREDICTION):
                _predict(run, splits, self.listener)
        return self.stages

    def _train(self, config: LoadedConfig, new: NewRun) -> None:
        watch = Stopwatch()
        with self._naming(watch):
            try:
                train(config, new, [Killing(self.listener)], how=self._how(config, watch, []))
            except Interrupted as error:
                if error.signal_number != _KILL:
                    raise
        self.stages += [Stage(name, s) for name, s in watch.as_json().items() if name != OTHER]

    def _resume(self, run: RunFolder, config: LoadedConfig) -> Splits:
        watch, seen = Stopwatch(), list[Splits]()
        with self._naming(watch):
            resume(run, (), [Silent()], how=self._how(config, watch, seen))
        seconds = watch.as_json()
        known = {stage.name for stage in self.stages}
        again = sum(seconds.get(name, 0.0) for name in known)
        self.stages.append(Stage(RESUME, round(again + seconds[OTHER], 3)))
        self.stages += [Stage(n, s) for n, s in seconds.items() if n not in known and n != OTHER]
        return seen[0]

    def _how(self, config: LoadedConfig, watch: Stopwatch, seen: list[Splits]) -> How:
        size = _NUM_BATCHES * config.experiment.data.pinned_batch_size

        def narrow(splits: Splits) -> Splits:
            seen.append(spread(splits, size))
            return seen[-1]

        return How(offline=self.offline, narrow=narrow, watch=watch, trust=self.trust)

    @contextmanager
    def _naming(self, watch: Stopwatch) -> Iterator[None]:
        """Name the stage in an error."""
        try:
            yield
        except BigmodelError as error:
            raise SmokeError(watch.now or OTHER, error) from error

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        watch = Stopwatch()
        with self._naming(watch), watch.phase(name):
            yield
        self.stages.append(Stage(name, round(watch.seconds[name], 3)))


def shortened(config: LoadedConfig) -> Any:
    """The experiment of a config as it is tried: what it computes is the same, how often is not.

    Nothing outside of the run's folder is written, and no gate is asked for.
    """
    experiment = config.experiment
    training, data = experiment.training, experiment.data
    checkpoint = training.checkpoint.model_copy(update={"every": "epoch"})
    callbacks = [one for one in training.callbacks if not _writes_elsewhere(one)]
    shorter = {"epochs": _EPOCHS, "time": None, "checkpoint": checkpoint, "callbacks": callbacks}
    # What is pruned, and by how much, is the same; when, follows from the number of epochs.
    compress = experiment.compress
    if compress is not None and compress.prune is not None:
        prune = compress.prune.model_copy(update={"begin": AUTO, "end": AUTO})
        compress = compress.model_copy(update={"prune": prune})
    if compress is not None and compress.rounding is not None:
        rounding = compress.rounding.model_copy(update={"begin": AUTO})
        compress = compress.model_copy(update={"quantize": rounding})
    smaller: dict[str, Any] = {"cache": "memory"} if data.cache == "disk" else {}
    if data.batch_size == "auto":
        smaller["batch_size"] = _BATCH_SIZE
    return experiment.model_copy(
        update={
            "training": training.model_copy(update=shorter),
            "data": data.model_copy(update=smaller),
            "compress": compress,
            "expect": {},
            "track": [],
        }
    )


def _writes_elsewhere(callback: Any) -> bool:
    path = written_path(callback)
    return path is not None and path.is_absolute()


def spread(splits: Splits, size: int) -> Splits:
    """So many examples of each split, spread over all of it, so that most classes are among them."""
    parts = {
        name: part.take(np.unique(np.linspace(0, len(part) - 1, min(size, len(part))).astype(np.int64)))
        for name, part in splits.parts.items()
    }
    return replace(splits, parts=parts)


def _predict(run: RunFolder, splits: Splits, listener: Listener) -> None:
    """Let the run's own engine predict some examples.

    Raises:
        BigmodelError: If an answer is no number.
    """
    opened = open_folder(run)
    engine = open_engine(opened.folder, "auto", warn=listener.warn).engine
    examples = next(splits.parts[name] for name in ("test", "validation", "train") if name in splits.parts)
    chosen = np.arange(min(_MOST_PREDICTED, len(examples)))
    found = answering_of(opened).understood(engine.predict(features_of(examples, opened.signature, chosen)))
    if not found.are_finite.all():
        raise BigmodelError("the model's output is NaN or infinite")
    for answer in found.answers:
        answer.as_json(1)
