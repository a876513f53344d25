"""A run's model as files in other formats: written, run by their own runtimes, compared, kept or not."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import GateError, UsageError
from bigmodel_cli.exporting.calibration import Calibration
from bigmodel_cli.exporting.comparison import Comparison, Loss, allowed, compared, why_not
from bigmodel_cli.exporting.deployed import Deployed, deployed
from bigmodel_cli.exporting.format import Precision
from bigmodel_cli.exporting.keeping import keep_exports
from bigmodel_cli.exporting.manifest import write_manifest
from bigmodel_cli.exporting.measuring import Costs, measured
from bigmodel_cli.exporting.wanted import Wanted
from bigmodel_cli.inference.asked import Asked
from bigmodel_cli.inference.catalogue import with_items
from bigmodel_cli.inference.evaluation import Evaluation, Evaluator
from bigmodel_cli.inference.export_error import ExportError
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.inference.run_data import check_data, choose_split, load_splits, ready_to_evaluate
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.devices import choose_device
from bigmodel_cli.pipeline.splits import Splits
from bigmodel_cli.run_folder import CONCLUDED
from bigmodel_cli.sources.base import Examples
from bigmodel_cli.whole_files import naming_target, temporary_beside

_CALIBRATION = 500


@dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        wanted: The files.
        out: Where they go; None: into the run.
        calibrate: How many training examples ranges are found on.
        max_loss: What scores may lose, by name; nothing: what the report begins with may lose a little.
        batch_size: How many examples go in at once; None: as many as there are.
        offline: No download may be made.
        trust: Load the model even if it can run code.
    """

    wanted: Sequence[Wanted]
    out: Path | None = None
    calibrate: int = _CALIBRATION
    max_loss: Mapping[str, Loss] = field(default_factory=dict)
    batch_size: int | None = None
    offline: bool = False
    trust: bool = False


@dataclass(frozen=True)
class Exported:
    """A file, and how it compares with the run; or why there is none.

    Attributes:
        wanted: What was asked for.
        path: The folder; None where nothing is left of it.
        headline: The score that is shown of it, the first of those that may not be lost.
        reason: Why there is none, or why it is not kept.
        hint: What to do about it.
        comparison: How it answers beside the run.
        costs: What it takes.
    """

    wanted: Wanted
    path: Path | None = None
    headline: str = ""
    reason: str | None = None
    hint: str | None = None
    comparison: Comparison | None = None
    costs: Costs | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.wanted.name,
            "format": self.wanted.format.name,
            "quantize": self.wanted.quantize,
            "path": None if self.path is None else str(self.path),
            "reason": self.reason,
            **({} if self.comparison is None else {"comparison": self.comparison.as_json()}),
            **({} if self.costs is None else {"costs": self.costs.as_json()}),
        }


def export_run(opened: OpenRun, request: Request, listener: Listener) -> list[Exported]:
    """Export a run's best model.

    Args:
        opened: The run.
        request: What is asked for.
        listener: Is told how it goes.

    Raises:
        UsageError: If the run is a trial, a package is not installed, or a score that may not be lost is
            none of the run's.
        DataError: If the data is not there, or not what the model was trained with.
    """
    _require_concluded(opened)
    for wanted in request.wanted:
        wanted.format.require(wanted.quantize)
        _place_for(wanted, opened, request)
    experiment = read_experiment(opened.folder)
    splits = load_splits(experiment, listener, offline=request.offline)
    exporter = _Exporter.ready(opened, experiment, splits, request, listener)
    found = [exporter.export(wanted) for wanted in request.wanted]
    kept = [one.wanted.name for one in found if one.path is not None]
    if kept and request.out is None:
        keep_exports(opened.folder, kept, listener)
    return found


def _require_concluded(opened: OpenRun) -> None:
    """Raises:
    UsageError: If a run was only one of a search: there is no report that exports could stand in; or if what
        it predicts is searched for, which no file does.
    """
    if any(task.is_searched for task in opened.signature.targets.values()):
        raise UsageError(
            f"{opened.folder.title}: its texts are searched for, token by token, which no exported file does",
            hint="bigmodel predict and bigmodel serve use the run itself",
        )
    if opened.record.get(CONCLUDED) is False:
        opened.folder.require_weights()
        title = opened.folder.title
        raise UsageError(
            f"{title}: a trial of a search, which was not evaluated, so there is nothing to compare with",
            hint=f"evaluate it after all: bigmodel train --resume {shlex.quote(title)}",
        )


def require_all(found: Sequence[Exported]) -> None:
    """Raises:
    GateError: If a file answers otherwise than the run.
    UsageError: If the model cannot be had in a format.
    """
    missed = [f"{one.wanted.name}: {one.reason}" for one in found if one.path is None and one.comparison]
    if missed:
        raise GateError(f"not kept: {'; '.join(missed)}")
    lacking = [one.wanted.name for one in found if one.path is None]
    if lacking:
        raise UsageError(f"this model cannot be had as {', '.join(lacking)}")


@dataclass(frozen=True)
class _Exporter:
    """What all files of a request have in common."""

    opened: OpenRun
    request: Request
    listener: Listener
    evaluator: Evaluator
    split: str
    examples: Examples
    of_run: Evaluation
    may_lose: Mapping[str, float]
    whole: Deployed
    behind: Deployed | ExportError
    calibration: Calibration

    @classmethod
    def ready(
        cls,
        opened: OpenRun,
        experiment: Experiment,
        splits: Splits,
        request: Request,
        listener: Listener,
    ) -> _Exporter:
        """Evaluate the run itself, which all files are compared with."""
        split = choose_split(None, splits)
        check_data(opened, splits, split, listener)
        splits = ready_to_evaluate(
            splits, split, listener, skips_bad_files=experiment.data.on_bad_file == "skip"
        )
        asked, signature = Asked.by(experiment, opened.signature), opened.signature
        choose_device("cpu" if experiment.training.device == "cpu" else "auto")
        start(seed=experiment.seed)
        model = load_for_inference(opened.folder, "best", trust=request.trust)
        signature = with_items(signature, model, splits, lambda: opened.rows_written)
        evaluator = Evaluator.of(model, asked, signature)
        of_run = evaluator.evaluate(split, splits.parts[split], opened.rules)
        whole, behind = deployed(model, signature, asked.never_missing, batch_size=request.batch_size)
        return cls(
            opened,
            request,
            listener,
            evaluator,
            split,
            splits.parts[split],
            of_run,
            allowed(request.max_loss, of_run, signature),
            whole,
            behind,
            Calibration.drawn(splits.parts["train"], request.calibrate, experiment.seed),
        )

    def export(self, wanted: Wanted) -> Exported:
        """Write a file, run it, compare it; it takes its place if it answers as the run does."""
        self.listener.say(f"exporting {wanted.name}")
        place = _place_for(wanted, self.opened, self.request)
        with naming_target(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            temporary = temporary_beside(place)
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir()
        try:
            return self._export(wanted, temporary, place)
        except ExportError as error:
            return Exported(wanted, reason=error.message, hint=error.hint)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _export(self, wanted: Wanted, temporary: Path, place: Path) -> Exported:
        source = self.whole if wanted.format.takes_words else self.behind
        if isinstance(source, ExportError):
            raise source
        signature = self.opened.signature
        ranges = self._ranges(wanted)
        is_calibrated = wanted.needs_calibration and ranges is None
        calibration = self.calibration.for_model(source, signature) if is_calibrated else None
        wanted.format.write(source, temporary, Precision(wanted.quantize, calibration, ranges))
        found = measured(wanted.format, source, temporary, self.examples, signature)
        evaluation = self.evaluator.of_outputs(self.split, self.examples, found.outputs, self.opened.rules)
        comparison = compared(evaluation, self.of_run, signature, self.opened.rules)
        reason = why_not(comparison, self.may_lose, self.of_run, is_quantized=wanted.quantize is not None)
        headline = next(iter(self.may_lose))
        if reason is not None:
            return Exported(wanted, None, headline, reason, None, comparison, found.costs)
        more = {
            "headline": headline,
            "split": self.split,
            "comparison": comparison.as_json(),
            "costs": found.costs.as_json(),
            "calibration": self.calibration.as_json() if is_calibrated else None,
        }
        write_manifest(temporary, wanted, source, self.opened, more)
        self._keep(temporary, place)
        return Exported(wanted, place, headline, None, None, comparison, found.costs)

    def _ranges(self, wanted: Wanted) -> dict[str, tuple[float, float]] | None:
        """Those that the run was trained with, where a file can have them; None: there are none."""
        path = self.opened.folder.quantization
        if not (wanted.needs_calibration and wanted.format.takes_ranges and self.opened.folder.expects(path)):
            return None
        self.listener.say(f"{wanted.name}: by the ranges that the run was trained with")
        return {name: (low, high) for name, (low, high) in self.opened.folder.read_json(path).items()}

    def _keep(self, temporary: Path, place: Path) -> None:
        with naming_target(place):
            if place.exists():
                shutil.rmtree(place)
            temporary.replace(place)


def _place_for(wanted: Wanted, opened: OpenRun, request: Request) -> Path:
    """Where a file comes.

    Raises:
        UsageError: If something else is there; so this is asked before anything is written.
    """
    place = (opened.folder.exports if request.out is None else request.out) / wanted.name
    if place.exists() and not (place / "model.json").exists():
        raise UsageError(f"{place}: there is something that is no export", hint="name another with --out")
    return place
