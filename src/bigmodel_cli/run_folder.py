"""A run's folder: the one place that knows the names in it, and how a file gets there whole.

runs/<name>/<YYYYmmdd-HHMMSS>/
  config.yaml            resolved: every default and every auto pinned
  source.yaml            what the user wrote
  code/                  copies of the Python files that the config names, where it names some
  run.json               status, times, seed, versions, device, data fingerprint, sha256 of the other files
  labels.json            class names in index order
  metrics.csv            a row per epoch
  tokenizer_<name>.json  what cuts the texts of a column into tokens; of a text that goes on tokenizer.json
  texts.json             what a model of text wrote after each epoch
  joined_<n>.csv         tables that rows get columns of, as they were
  checkpoints/           best.keras, last.keras with all that training goes on from, a .json beside each
  model.tflite           the inference model
  front.json             what stands before it where it takes rows: words and their places
  example_limits.npz     what training examples are like, so that predict can say which inputs are not
  trained_on.npy         digests of the examples that the weights have learned from
  catalogue.json         which items and users are known, of a run that recommends
  catalogue/             what is known of them: names, vectors, who had what
  decision.json          temperature and threshold, where the config has `calibrate`
  evaluation/            <split>.json, predictions_<split>.csv, samples_<split>.json and
                         label_problems_<split>.json; <split>_last.json and so on for another checkpoint
  baselines.json         what simple models reach on the same splits, where that was asked for
  importance.json        what columns of a table are worth to the model, where that was asked for
  plots/                 *.png
  profile/               a trace for TensorBoard, where one was asked for
  tensorboard/           what its callback logs, where there is one
  callbacks/             what other callbacks write under a relative path
  tracking/              what trackers have of it, <tracker>.json, and the files of the tracker tensorboard
  exports/               the model in other formats, a folder for each
  report.html            one page with all of it
  train.log
  .lock                  held by the process that trains
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigmodel_cli.class_names import class_name
from bigmodel_cli.errors import DataError
from bigmodel_cli.signature import with_named_columns
from bigmodel_cli.whole_files import read_sealed, sha256_of, write_sealed

SCHEMA_VERSION = 2
# What a checkpoint has of training itself, beside the model: a document, and arrays.
STATE_MEMBER = "bigmodel/state.json"
STATE_ARRAYS_MEMBER = "bigmodel/state.npz"
COMPLETED = "completed"
RUNNING = "running"
# Checkpoints that every run has.
BEST = "best"
LAST = "last"
# The key of run.json with size and sha256 of every file that is complete.
FILES = "files"
# The folder with copies of the Python files that the config names.
CODE = "code"
# The key of run.json with what tells a run from all others, wherever its folder is.
RUN_ID = "id"
# The key of run.json with the sha256 of the config that it was trained under; a user may change the file.
TRAINED_CONFIG = "config_sha256"
# The key of run.json with how model.tflite compared with the model, or the reason for which there is none.
LITERT = "litert"
# The key of run.json that says how outputs become scores, as `config/model_outputs.py` has it.
OUTPUTS = "outputs"
# The key of run.json that says which value of the loss and of each metric is better.
BETTER = "better"
# The key of run.json with the keys of its config that were `auto`.
AUTO = "auto"
# The key of run.json with what decided a learning rate that was `auto`.
RATE_TEST = "learning_rate_test"
# The key of run.json with one entry per process that trained the run.
SESSIONS = "sessions"
# The key of run.json that says how the tables are written that its rows are from.
ROWS_WRITTEN = "rows"
# The key of run.json with the callback that ended training before its last epoch, and why; null for none.
STOPPED = "stopped"
# The key of run.json that says whether a complete run was evaluated, exported and drawn; a trial is not. Runs
# of earlier versions, which all were, do not have it.
CONCLUDED = "concluded"
# The key of run.json with what became smaller while the model was trained, and by how much.
COMPRESSED = "compressed"
# The key of run.json of a run in which whole channels become 0: its model is used without them.
LOSES_CHANNELS = "loses_channels"
# The key of run.json with the run whose answers the model was taught by.
TEACHER = "teacher"
# The key of run.json that says why a run has no checkpoints any more.
WEIGHTS_REMOVED = "weights_removed"
# The key of run.json of the best trial of a search: of how many it was chosen, and by what.
CHOSEN = "chosen"
# The key of run.json of a run whose model was trained elsewhere: the file, its size and sha256.
ADOPTED = "adopted"


@dataclass(frozen=True)
class RunFolder:
    """One run's folder; the attributes are where its files are, whether they exist yet or not."""

    path: Path

    @property
    def config(self) -> Path:
        return self.path / "config.yaml"

    @property
    def source_config(self) -> Path:
        return self.path / "source.yaml"

    @property
    def code(self) -> Path:
        """Copies of the Python files that the config names."""
        return self.path / CODE

    @property
    def record(self) -> Path:
        return self.path / "run.json"

    @property
    def quantization(self) -> Path:
        """The range of what each layer gives, by its name, where training knew of int8."""
        return self.path / "quantization.json"

    @property
    def labels(self) -> Path:
        return self.path / "labels.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.csv"

    @property
    def log(self) -> Path:
        return self.path / "train.log"

    @property
    def lock(self) -> Path:
        return self.path / ".lock"

    @property
    def profile(self) -> Path:
        """Where TensorBoard finds a trace of training steps."""
        return self.path / "profile"

    @property
    def tensorboard(self) -> Path:
        """Where TensorBoard finds what its callback logs."""
        return self.path / "tensorboard"

    @property
    def callbacks(self) -> Path:
        """What relative paths of callbacks are relative to."""
        return self.path / "callbacks"

    @property
    def tracking(self) -> Path:
        """What trackers have of the run; no part of what was trained."""
        return self.path / "tracking"

    @property
    def litert_model(self) -> Path:
        return self.path / "model.tflite"

    @property
    def front(self) -> Path:
        """What is computed before model.tflite, where that takes rows."""
        return self.path / "front.json"

    @property
    def example_limits(self) -> Path:
        """What training examples are like."""
        return self.path / "example_limits.npz"

    @property
    def trained_on(self) -> Path:
        """Digests of the examples that its weights have learned from."""
        return self.path / "trained_on.npy"

    @property
    def catalogue(self) -> Path:
        """Which items and users a run that recommends knows."""
        return self.path / "catalogue.json"

    def catalogue_array(self, name: str) -> Path:
        """One of the arrays with what is known of them."""
        return self.path / "catalogue" / f"{name}.npy"

    @property
    def decision(self) -> Path:
        return self.path / "decision.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def checkpoint(self, name: str) -> Path:
        """A saved model: `best`, `last`, or one that `epoch_checkpoint` names."""
        return self.checkpoints / f"{name}.keras"

    def checkpoint_names(self) -> list[str]:
        """The saved models that are there."""
        return sorted(path.stem for path in self.checkpoints.glob("[!.]*.keras"))

    def all_checkpoint_names(self) -> list[str]:
        """The saved models of which there is anything, the model or its JSON file."""
        files = [*self.checkpoints.glob("[!.]*.keras"), *self.checkpoints.glob("[!.]*.json")]
        return sorted({path.stem for path in files})

    def checkpoint_state(self, name: str) -> Path:
        """What is known of a saved model: epoch, monitored value, sha256."""
        return self.checkpoints / f"{name}.json"

    def evaluation(self, split: str, checkpoint: str = "best") -> Path:
        return self.path / "evaluation" / f"{_evaluated(split, checkpoint)}.json"

    def predictions(self, split: str, checkpoint: str = "best") -> Path:
        return self.path / "evaluation" / f"predictions_{_evaluated(split, checkpoint)}.csv"

    def samples(self, split: str, checkpoint: str = "best") -> Path:
        """Examples that tell most, with thumbnails."""
        return self.path / "evaluation" / f"samples_{_evaluated(split, checkpoint)}.json"

    def label_problems(self, split: str, checkpoint: str = "best") -> Path:
        """Labels that may be wrong."""
        return self.path / "evaluation" / f"label_problems_{_evaluated(split, checkpoint)}.json"

    @property
    def texts(self) -> Path:
        """What a model of text wrote after each epoch."""
        return self.path / "texts.json"

    @property
    def baselines(self) -> Path:
        """What simple models reach on the same splits."""
        return self.path / "baselines.json"

    @property
    def importance(self) -> Path:
        """What columns of a table are worth to the model."""
        return self.path / "importance.json"

    @property
    def exports(self) -> Path:
        """The model in other formats, a folder for each."""
        return self.path / "exports"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def plot(self, name: str) -> Path:
        return self.path / "plots" / f"{name}.png"

    @property
    def title(self) -> str:
        """The run as a user would name it: relative to the current folder where that is shorter."""
        try:
            return str(self.path.resolve().relative_to(Path.cwd()))
        except ValueError:
            return str(self.path)

    def read_record(self) -> dict[str, Any]:
        """The contents of run.json.

        Raises:
            DataError: If it is missing or damaged.
        """
        record = self.written_record()
        return record if record["schema_version"] == SCHEMA_VERSION else self._upgraded(record)

    def written_record(self) -> dict[str, Any]:
        """run.json as it is, of this version or an earlier one."""
        try:
            record = read_sealed(self.require(self.record))
        except DataError as error:
            raise DataError(error.message, hint=error.hint or PIECE_HINT) from None
        version = record.get("schema_version")
        if not isinstance(version, int) or version < 1:
            raise DataError(f"{self.record}: not the record of a run")
        if version > SCHEMA_VERSION:
            raise DataError(
                f"{self.record}: its schema_version is {version}; this bigmodel knows up to {SCHEMA_VERSION}",
                hint="pip install --upgrade bigmodel-cli",
            )
        return record

    def _upgraded(self, record: dict[str, Any]) -> dict[str, Any]:
        """The record of an earlier version as this one writes it; the file stays as it is.

        Version 1 knew one array and one label, whose classes stand in labels.json alone.
        """
        upgraded = {**record, "schema_version": SCHEMA_VERSION}
        # What is damaged is said by whoever needs it.
        with suppress(KeyError, TypeError, DataError):
            upgraded["signature"] = with_named_columns(record["signature"], self.read_json(self.labels))
        return upgraded

    def read_labels(self) -> Any:
        """Class names in index order; None where the labels are numbers; of several targets by target.

        Raises:
            DataError: If they are missing, damaged, or not those that the model was trained with.
        """
        names = self.read_json(self.intact(self.labels))
        of_targets = names if isinstance(names, dict) else {"": names}
        for given in of_targets.values():
            if given is not None and not (isinstance(given, list) and all(isinstance(n, str) for n in given)):
                raise DataError(f"{self.labels}: expected a list of class names")
        if labels_hash(names) != self.read_record().get("labels_sha256"):
            raise DataError(
                f"{self.labels}: these are not the class names that the model was trained with",
                hint="restore the file, or train again",
            )
        read = {
            name: None if given is None else tuple(map(class_name, given))
            for name, given in of_targets.items()
        }
        return read if isinstance(names, dict) else read[""]

    def read_json(self, path: Path) -> Any:
        """A JSON file of the run.

        Raises:
            DataError: If it is missing or damaged.
        """
        try:
            return json.loads(self.require(path).read_text("utf-8"))
        except (ValueError, RecursionError) as error:
            raise DataError(f"{path}: damaged: {error}", hint=PIECE_HINT) from None

    def intact(self, path: Path) -> Path:
        """`path`, if it is there and is what run.json says; what run.json does not list is taken as it is.

        Raises:
            DataError: If it is missing, damaged or was changed.
        """
        listed = self.read_record().get(FILES, {}).get(self.inside(path))
        if listed is not None and sha256_of(self.require(path)) != listed.get("sha256"):
            raise DataError(
                f"{path}: damaged or changed: its sha256 is not the one in run.json",
                hint=f"restore it; if you changed it yourself: bigmodel runs verify {self.title} --accept",
            )
        return self.require(path)

    def expects(self, path: Path) -> bool:
        """Whether `path` is there, or should be."""
        return path.exists() or self.inside(path) in self.read_record().get(FILES, {})

    def inside(self, path: Path) -> str:
        """A file's name in the run, with `/` between its parts."""
        return path.relative_to(self.path).as_posix()

    def require(self, path: Path) -> Path:
        """`path`, if it is there.

        Raises:
            DataError: If it is not.
        """
        if not path.is_file():
            if path.parent == self.checkpoints:
                self.require_weights()
            missing = path.relative_to(self.path)
            raise DataError(f"{self.title}: the run has no {missing}", hint=PIECE_HINT)
        return path

    def require_weights(self) -> None:
        """Raises:
        DataError: If its checkpoints were removed to make room; says why, and how to have them again.
        """
        why = self.read_record().get(WEIGHTS_REMOVED)
        if why is not None and not self.checkpoints.is_dir():
            raise DataError(
                f"{self.title}: its weights were removed: {why}",
                hint=f"train them again, to the same digits: bigmodel train {self.config}",
            )


@dataclass(frozen=True)
class ReadRun(RunFolder):
    """A run whose record was read and verified once; who changes the record takes the folder anew."""

    kept: Mapping[str, Any] = field(repr=False, compare=False)

    def read_record(self) -> dict[str, Any]:
        return dict(self.kept)


# What the tokenizer of a text that goes on is called in the folder of a run.
TOKENIZER = "tokenizer.json"


def tokenizer_file(name: str) -> str:
    """What the tokenizer of a column or a target is called in a run's folder."""
    return f"tokenizer_{name}.json"


def epoch_checkpoint(epoch: int) -> str:
    """The name of the saved model of one epoch: `epoch-0007`."""
    return f"epoch-{epoch:04d}"


def _evaluated(split: str, checkpoint: str) -> str:
    """Another checkpoint than the best has files of its own, so that it does not pass for the best."""
    return split if checkpoint == "best" else f"{split}_{checkpoint}"


PIECE_HINT = "the run is incomplete or was changed by hand; name another with --run, or train again"


def labels_hash(names: Any) -> str:
    """A sha256 of the class names and their order."""
    return hashlib.sha256(json.dumps(names, ensure_ascii=True).encode()).hexdigest()


def update_record(run: RunFolder, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Put `changes` into run.json, which keeps its version, and return the whole of it."""
    record = run.written_record() if run.record.exists() else {"schema_version": SCHEMA_VERSION}
    record.update(changes)
    write_sealed(run.record, record)
    return record
