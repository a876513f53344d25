"""A run opened for use: its record and what its examples are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.answering import Answering
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import OUTPUTS, ROWS_WRITTEN, ReadRun, RunFolder
from bigmodel_cli.run_search import find_run
from bigmodel_cli.scoring.rule import AS_IT_IS, DecisionRule
from bigmodel_cli.signature import Signature, signature_from_json
from bigmodel_cli.sources.kept_joins import JOINED, placed
from bigmodel_cli.tasks.predictions import Predictions


@dataclass(frozen=True)
class OpenRun:
    """A run with its checked record.

    Attributes:
        folder: Where it is.
        record: run.json.
        signature: What one raw example is, with the class names.
        rules: How probabilities become a decision, by target; those that have no such rule are not there.
    """

    folder: RunFolder
    record: dict[str, Any]
    signature: Signature
    rules: Mapping[str, DecisionRule] = field(default_factory=dict)

    @property
    def rule(self) -> DecisionRule:
        """Of the one target."""
        return next(iter(self.rules.values()), AS_IT_IS)

    @property
    def predictions(self) -> Predictions[Any]:
        """How the outputs of its model are understood."""
        return part_of(self.signature.task, Predictions)

    @cached_property
    def rows_written(self) -> Mapping[str, Any] | None:
        """How tables are written that its rows are from, and where those are that are joined to them.

        Raises:
            DataError: If one of these is missing or damaged.
        """
        written: Mapping[str, Any] | None = self.record.get(ROWS_WRITTEN)
        if written is None or JOINED not in written:
            return written
        return {**written, JOINED: placed(written[JOINED], self._kept_table)}

    def _kept_table(self, name: str) -> str:
        return str(self.folder.intact(self.folder.path / name))

    def examples_array(self) -> str:
        """What the array of examples was called that the run was trained with.

        Raises:
            DataError: If the run's config is damaged.
        """
        from bigmodel_cli.inference.run_config import read_experiment

        name: str = read_experiment(self.folder).data.source.options.examples_array
        return name

    def taking_files_as_they_are(self) -> OpenRun:
        """The same run, but nothing is drawn anew as its training data were made."""
        inputs = {name: kind.as_it_is() for name, kind in self.signature.inputs.items()}
        return replace(self, signature=replace(self.signature, inputs=inputs))


def readings_of_run(opened: OpenRun) -> dict[str, Reading]:
    """How the outputs of a run's model become scores, by target.

    Raises:
        DataError: If its config is needed for that, as of runs of early versions, and is damaged.
    """
    targets, recorded = opened.signature.targets, opened.record.get(OUTPUTS)
    if recorded is not None:
        of_targets = recorded if len(targets) > 1 else dict.fromkeys(targets, recorded)
        return {name: Reading.from_json(of_targets[name]) for name in targets}
    from bigmodel_cli.config.aim import aims_of
    from bigmodel_cli.inference.run_config import read_experiment

    return {name: aim.reading for name, aim in aims_of(read_experiment(opened.folder), targets).items()}


def reading_of_run(opened: OpenRun) -> Reading:
    """The same of the one target."""
    (reading,) = readings_of_run(opened).values()
    return reading


def answering_of(opened: OpenRun) -> Answering:
    """How the outputs of a run's model are understood.

    Raises:
        DataError: As `readings_of_run`.
    """
    return Answering(opened.signature, readings_of_run(opened), opened.rules)


def open_run(word: str | None, runs_dir: Path) -> OpenRun:
    """Open the run that a user means; None is the newest completed one.

    Raises:
        UsageError: If there is none.
        DataError: If a piece of it is missing or damaged.
    """
    return open_folder(find_run(word, runs_dir))


def open_folder(folder: RunFolder) -> OpenRun:
    """Open a run by its folder.

    Raises:
        DataError: If a piece of it is missing or damaged.
    """
    record = folder.read_record()
    folder = ReadRun(folder.path, record)
    folder.read_labels()
    signature = signature_from_json(record.get("signature") or {}, folder=folder.path)
    if signature.finds_items and folder.expects(folder.catalogue):
        from bigmodel_cli.inference.kept_items import with_kept

        signature = with_kept(signature, folder)
    opened = OpenRun(folder, record, signature)
    if not folder.expects(folder.decision):
        return opened
    written, targets = folder.read_json(folder.intact(folder.decision)), signature.targets
    of_targets = written if len(targets) > 1 else dict.fromkeys(targets, written)
    if not isinstance(of_targets, dict) or not of_targets.keys() <= targets.keys():
        raise DataError("decision.json: expected a decision rule by target")
    rules = {name: part_of(targets[name], Predictions).rule(rule) for name, rule in of_targets.items()}
    return replace(opened, rules=rules)
