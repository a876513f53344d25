"""Config and data of a model from elsewhere: read, looked at, and read again as the model takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from bigmodel_cli.adopting.config import Draft
from bigmodel_cli.adopting.data import (
    can_name_classes,
    fit_columns,
    in_own_unit,
    is_table,
    with_class_names,
    with_held_out,
    with_targets,
)
from bigmodel_cli.adopting.labels import LabelFile, knows_by_number, order_of
from bigmodel_cli.adopting.outputs import End, ends_of, paired, targets_among
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.run_data import load_splits
from bigmodel_cli.listener import Listener
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.pipeline.splits import OWN, Splits
from bigmodel_cli.tasks.task import Task


@dataclass
class Fitting:
    """A draft whose data are read.

    Attributes:
        draft: What is known of model and data before.
        overrides: Words that change the config.
        asked: The output that is meant; None: nobody said.
        labels: The classes in the order of an output, by target; "" where no target was named.
        path: Where the config is written.
        listener: Is told how it goes.
        offline: No download may be made.
    """

    draft: Draft
    overrides: Sequence[str]
    asked: str | None
    labels: Mapping[str, LabelFile]
    path: Path
    listener: Listener
    offline: bool
    _inputs: list[str] | None = field(default=None, init=False)

    def fit(self) -> tuple[LoadedConfig, Splits]:
        """The config and the data.

        Raises:
            UsageError, DataError: If the data are not what the model takes.
        """
        draft = self.draft
        if (only := self.labels.get("")) is not None and can_name_classes(draft.data, needs_all=True):
            # Splits with other classes than training are refused, unless all classes are named.
            self._change(with_class_names(draft.data, None, only.names))
        splits = self._load()
        splits = self._fit_targets(splits)
        has_own = any(origin == OWN for name, origin in splits.origins.items() if name != "train")
        # Changes to it must not be ones to the draft's, which it is compared with.
        section = with_held_out(deepcopy(self.draft.data), has_own)
        if splits.signature.kind.is_composed:
            self._inputs = fit_columns(section, draft.model, splits.signature.inputs)
        tasks = splits.signature.targets
        section = in_own_unit(section, tasks)
        outputs = paired(list(tasks), draft.model.outputs, self.asked, draft.file)
        orders: dict[str, Sequence[int] | None] = {}
        for target, labels in self._labels_of(tasks).items():
            section, orders[target] = self._with_classes(
                section, tasks, target, labels, outputs[target].port.shape[-1] or 0
            )
        if section != self.draft.data or self._inputs is not None:
            self._change(section)
            splits = self._load()
        ends = ends_of(splits.signature.targets, outputs, orders, draft.file)
        self._say_order(splits.signature.targets)
        return self._read(ends), splits

    def _change(self, section: dict[str, Any]) -> None:
        self.draft = replace(self.draft, data=section)

    def _load(self) -> Splits:
        """The data, for which it does not matter what is measured."""
        return load_splits(self._read(None).experiment, self.listener, offline=self.offline)

    def _read(self, ends: Sequence[End] | None) -> LoadedConfig:
        self.path.write_text(self.draft.text(ends, self._inputs), "utf-8")
        return read_config(self.path, self.overrides, was_trained=ends is None)

    def _fit_targets(self, splits: Splits) -> Splits:
        """Of a table what several outputs are named like is predicted, unless columns were named."""
        draft = self.draft
        if draft.names_targets or not is_table(draft.data):
            return splits
        columns = [*splits.signature.inputs, *splits.signature.targets]
        names = targets_among(columns, draft.model.outputs)
        if names is None or set(names) == set(splits.signature.targets):
            return splits
        self.listener.say(f"targets: {', '.join(names)}, as the model's outputs are called")
        self._change(with_targets(deepcopy(draft.data), names))
        return self._load()

    def _labels_of(self, tasks: Mapping[str, Task]) -> dict[str, LabelFile]:
        """The file with the classes of each target.

        Raises:
            UsageError: If a file is for no target, or for one of several.
        """
        of_classes = [name for name, task in tasks.items() if task.label_names is not None]
        found = {}
        for name, labels in self.labels.items():
            if name and name not in tasks:
                raise UsageError(
                    f"--labels {name}={labels.path}: no target is called so",
                    hint=f"targets: {', '.join(tasks)}",
                )
            if not name and len(of_classes) > 1:
                raise UsageError(
                    f"--labels {labels.path}: there are several targets of classes: {', '.join(of_classes)}",
                    hint=f"say of which it is: --labels {of_classes[0]}={labels.path}",
                )
            found[name or next(iter(of_classes), next(iter(tasks)))] = labels
        return found

    def _with_classes(
        self,
        section: dict[str, Any],
        tasks: Mapping[str, Task],
        target: str,
        labels: LabelFile,
        num_outputs: int,
    ) -> tuple[dict[str, Any], Sequence[int] | None]:
        """The section, or the order of an output's numbers, by which the data have a file's classes.

        Raises:
            DataError: If they are other classes.
        """
        ours = tasks[target].label_names
        if ours is None:
            raise DataError(f"{labels.path}: names classes, and the labels of the data are numbers")
        if num_outputs not in (len(labels.names), 1):
            raise DataError(
                f"{labels.path}: {len(labels.names)} classes, and the model has {num_outputs} outputs"
            )
        if list(ours) == list(labels.names):
            return section, None
        # Labels of which an example has several are in the order of the table.
        is_named = tasks[target].is_of_classes or not is_table(section)
        if is_named and can_name_classes(section, len(tasks)):
            if not knows_by_number(ours, labels.names):
                labels.require_all(ours)
            return with_class_names(section, target, labels.names), None
        return section, order_of(labels, ours, num_outputs)

    def _say_order(self, tasks: Mapping[str, Task]) -> None:
        """Whoever names no classes is told in which order they are taken."""
        for name, task in tasks.items():
            if task.label_names is not None and not {"", name} & set(self.labels):
                of = f" of {name}" if len(tasks) > 1 else ""
                self.listener.say(
                    f"outputs{of} are taken in the order of the data's classes, {task.listed}; "
                    "--labels FILE says another"
                )
