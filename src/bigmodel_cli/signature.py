"""What an example is made of: named inputs, each of a kind, and named targets, each with its task."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.array.kind import ArrayKind
from bigmodel_cli.kinds.image.kind import ImageKind
from bigmodel_cli.kinds.kind import Kind, kind_from_json
from bigmodel_cli.kinds.row.kind import RowKind
from bigmodel_cli.tasks.classification.task import Classification
from bigmodel_cli.tasks.regression.task import Regression
from bigmodel_cli.tasks.task import Task, task_from_json
from bigmodel_cli.vocabulary.vocabulary import VOCABULARY_SIZE

# What the one input and the one target are called where the data give them no names.
INPUT, TARGET = "input", "label"
# The number that sounds of one rate have in common.
SAMPLE_RATE = "sample_rate"
Owner = TypeVar("Owner", Kind, Task)


@dataclass(frozen=True)
class Signature:
    """What one example is.

    Attributes:
        inputs: Kinds of what a model may take, by the names of columns.
        targets: What is predicted, by the names of columns.
    """

    inputs: Mapping[str, Kind]
    targets: Mapping[str, Task]

    @classmethod
    def of(cls, kind: Kind, task: Task) -> Signature:
        """Of one input and one target that have no names of their own."""
        return cls({INPUT: kind}, {TARGET: task})

    @property
    def given(self) -> Mapping[str, Kind]:
        """The inputs that whoever predicts gives: all but texts so far, which the search writes."""
        return {name: kind for name, kind in self.inputs.items() if kind.so_far is None}

    @property
    def kind(self) -> Kind:
        """Of an example as a model takes it: that of the one input of one target, or of a row."""
        return self.seen if len(self.targets) == 1 else RowKind(self.given)

    @property
    def seen(self) -> Kind:
        """Of what there is to see of an example, whatever is predicted: of the one input, or of a row."""
        kinds = list(self.given.values())
        return kinds[0] if len(kinds) == 1 and kinds[0].stands_alone else RowKind(self.given)

    @property
    def has_any_length(self) -> bool:
        """Whether a model of it takes texts of any length: that of a text so far is another one each time."""
        return len(self.given) < len(self.inputs)

    @property
    def label_names(self) -> Any:
        """Names of classes, None where labels are numbers; of several targets by target."""
        names = self.label_names_by_target
        return next(iter(names.values())) if len(names) == 1 else names

    @property
    def label_names_by_target(self) -> dict[str, tuple[str, ...] | None]:
        """Names of classes, None where labels are numbers, by target."""
        return {name: task.label_names for name, task in self.targets.items()}

    @property
    def slugs(self) -> Mapping[str, str]:
        """What the inputs are called in a saved model, by the names of columns."""
        return slugs(self.inputs)

    @property
    def task(self) -> Task:
        """Of the one target."""
        (task,) = self.targets.values()
        return task

    @property
    def described(self) -> str:
        """In words for the user."""
        tasks = ", ".join(task.described for task in self.targets.values())
        return f"{tasks}; each example {self.kind.described}"

    @property
    def finds_items(self) -> bool:
        """Whether a model of it finds items among all that there are."""
        return any(task.finds_items for task in self.targets.values())

    @property
    def writes(self) -> bool:
        """Whether a model of it goes on with a text."""
        return all(task.goes_on for task in self.targets.values())

    @property
    def used_by(self) -> str:
        """What somebody types behind `bigmodel` to use a model of it."""
        if self.writes:
            return 'generate "A beginning"'
        if self.finds_items:
            return "recommend USER"
        return f"predict {self.kind.to_predict}"

    @property
    def numbers(self) -> Mapping[str, int | None]:
        """Numbers of the data that a config may use by name."""
        by_target = {
            f"{target}.{name}": number
            for target, task in self.targets.items()
            for name, number in task.numbers.items()
        }
        of_columns = {
            f"{column}.{name}": number
            for column, kind in self._columns
            for name, number in kind.numbers.items()
        }
        alone = self.task.numbers if len(self.targets) == 1 else {}
        rates = {kind.sample_rate for kind in self.inputs.values()} - {None}
        shared = {SAMPLE_RATE: rates.pop()} if len(rates) == 1 else {}
        return {**alone, **by_target, **of_columns, **shared}

    @property
    def padded(self) -> frozenset[str]:
        """Those of the numbers that are sizes of vocabularies in which 0 stands for no token."""
        owners: list[tuple[str, Kind | Task]] = [*self._columns, *self.targets.items()]
        named = (
            (f"{name}.{VOCABULARY_SIZE}", owner.vocabulary)
            for name, owner in owners
            if owner.vocabulary is not None
        )
        return frozenset(name for name, vocabulary in named if vocabulary.padding is not None)

    @property
    def _columns(self) -> Sequence[tuple[str, Kind]]:
        """The inputs that have names of their own."""
        return [(name, kind) for name, kind in self.inputs.items() if not kind.stands_alone]

    @property
    def files(self) -> dict[str, str]:
        """Contents of the files that a run keeps so that examples can be read, by their names."""
        owners: list[Kind | Task] = [*self.inputs.values(), *self.targets.values()]
        known = (owner.vocabulary for owner in owners)
        files = [one.files for one in known if one is not None]
        return {name: content for some in files for name, content in some.items()}

    def found_in(self, folder: Path) -> Signature:
        """The same, whose files are in a folder."""
        inputs = {name: _found_in(folder, kind) for name, kind in self.inputs.items()}
        return Signature(inputs, {name: _found_in(folder, task) for name, task in self.targets.items()})


def _found_in(folder: Path, owner: Owner) -> Owner:
    """A kind or a task whose vocabulary's file is in a folder."""
    known = owner.vocabulary
    return owner if known is None else owner.with_vocabulary(known.found_in(folder))


def slugs(names: Iterable[str]) -> dict[str, str]:
    """Names as Keras and SavedModel take them: ASCII letters, digits and `_`, each another one.

    >>> slugs(["age", "Größe (cm)", "Große (cm)", "1st"])
    {'age': 'age', 'Größe (cm)': 'Gr_e_cm', 'Große (cm)': 'Gro_e_cm', '1st': 'x_1st'}
    """
    found: dict[str, str] = {}
    for name in names:
        slug = re.sub(r"[^A-Za-z0-9]+", "_", name).strip("_") or "x"
        slug = slug if slug[0].isalpha() else f"x_{slug}"
        taken, number = {other.lower() for other in found.values()}, 2
        unique = slug
        while unique.lower() in taken:
            unique, number = f"{slug}_{number}", number + 1
        found[name] = unique
    return found


def signature_as_json(signature: Signature) -> dict[str, Any]:
    """A signature for run.json and packed data: what prepares an example and reads a prediction."""
    return {
        "inputs": {name: {"kind": kind.name, **kind.as_json()} for name, kind in signature.inputs.items()},
        "targets": {name: {"task": task.name, **task.as_json()} for name, task in signature.targets.items()},
    }


def signature_from_json(
    record: Mapping[str, Any], where: str = "run.json", folder: Path | None = None
) -> Signature:
    """The signature that `signature_as_json` wrote.

    Args:
        record: What it wrote.
        where: The file, for errors.
        folder: Where the files are that examples are read by; None: none of them is asked for.

    Raises:
        DataError: If it is damaged.
    """
    try:
        inputs = {name: kind_from_json(written) for name, written in record["inputs"].items()}
        targets = {name: task_from_json(written) for name, written in record["targets"].items()}
        found = Signature(inputs, targets)
        return found if folder is None else found.found_in(folder)
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{where}: the signature of the data is damaged: {error!r}") from None


def recorded_signature(record: Mapping[str, Any]) -> Signature | None:
    """What a run's record says an example is; None where it does not say, or is damaged."""
    try:
        return signature_from_json(record.get("signature") or {})
    except DataError:
        return None


def with_named_columns(record: Mapping[str, Any], labels: Sequence[str] | None) -> dict[str, Any]:
    """What versions before 0.2 wrote of an example, one array with one label, as it is written now.

    Args:
        record: With `shape`, `dtype`, `target_shape` and `image_format`.
        labels: What stood in labels.json: the classes, or null where labels are numbers.

    Raises:
        KeyError: If it is damaged.
    """
    image = record["image_format"]
    array = {"kind": ArrayKind.name, "shape": record["shape"], "dtype": record["dtype"]}
    numbers = {"task": Regression.name, "shape": record["target_shape"]}
    classes = {"task": Classification.name, "class_names": labels}
    return {
        "inputs": {INPUT: array if image is None else {"kind": ImageKind.name, **image}},
        "targets": {TARGET: numbers if labels is None else classes},
    }
