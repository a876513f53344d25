"""What advice is drawn from, and what follows from it for several rules."""

from __future__ import annotations

import math
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from bigmodel_cli.config.catalogue import load_catalogue
from bigmodel_cli.config.naming import OWN_COLUMNS, VALIDATION, named
from bigmodel_cli.evaluation_parts import of_target
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.parts import part_of
from bigmodel_cli.run_folder import ADOPTED
from bigmodel_cli.signature import Signature, signature_as_json, signature_from_json


@dataclass(frozen=True)
class Advice:
    """One thing to try.

    Attributes:
        finding: What was found, a sentence.
        advice: What may help, a sentence.
        words: For the command line or the config; empty where there is no such short form.
    """

    finding: str
    advice: str
    words: str = ""


@dataclass(frozen=True)
class Component:
    """A class of Keras in a config.

    Attributes:
        name: Of the class.
        arguments: As they are written.
    """

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Findings:
    """What advice is drawn from.

    Attributes:
        columns: Of metrics.csv, by name.
        evaluation: As evaluation/<split>.json has it.
        config: config.yaml as plain data.
        best_epoch: Of the checkpoint that was evaluated.
        record: run.json, for the sizes of the splits and what an example is.
        target: Which of several targets all of this is about; "" where there is one.
    """

    columns: Mapping[str, Sequence[float]]
    evaluation: Mapping[str, Any]
    config: Mapping[str, Any]
    best_epoch: int | None
    record: Mapping[str, Any]
    target: str = ""

    def of_targets(self) -> Iterator[Findings]:
        """The same as if each of several targets were the only one."""
        targets = self.signature.targets
        if len(targets) == 1:
            yield self
            return
        for name, task in targets.items():
            signature = signature_as_json(replace(self.signature, targets={name: task}))
            yield replace(
                self,
                columns=_of_target(self.columns, name),
                evaluation=of_target(self.evaluation, name),
                config=_config_of(self.config, name),
                record={**self.record, "signature": signature},
                target=name,
            )

    def words(self, key: str, value: str) -> str:
        """For the command line, a setting that each of several targets has for itself."""
        if not self.target:
            return f"{key}={value}"
        name = f'"{self.target}"' if "." in self.target else self.target
        return shlex.quote(f"{key}.{name}={value}")

    # How it went.

    @property
    def was_adopted(self) -> bool:
        """Whether the model was trained elsewhere, so that nothing is known of its training."""
        return ADOPTED in self.record

    @cached_property
    def num_epochs(self) -> int:
        return len(self.columns.get("epoch", ()))

    @cached_property
    def best_index(self) -> int | None:
        """The row of the best epoch."""
        epochs = list(self.columns.get("epoch", ()))
        return epochs.index(self.best_epoch) if self.best_epoch in epochs else None

    @cached_property
    def accuracy_name(self) -> str | None:
        """The column with the accuracy of training, whatever Keras calls it."""
        names = [name for name in self.columns if name.endswith("accuracy") and "top_k" not in name]
        return next((name for name in names if not name.startswith("val_")), None)

    @cached_property
    def training_accuracy(self) -> float | None:
        """At the end of training; None where it was not measured."""
        return self._at(self.accuracy_name, -1)

    @cached_property
    def training_accuracy_at_best(self) -> float | None:
        """Of the best epoch, as that of validation."""
        return None if self.best_index is None else self._at(self.accuracy_name, self.best_index)

    @cached_property
    def validation_accuracy(self) -> float | None:
        """Of the best epoch; None where it was not measured."""
        name = self.accuracy_name
        return None if name is None or self.best_index is None else self._at(f"val_{name}", self.best_index)

    def _at(self, name: str | None, index: int) -> float | None:
        column = self.columns.get(name, ()) if name is not None else ()
        return float(column[index]) if len(column) and math.isfinite(column[index]) else None

    # How good it is.

    @cached_property
    def accuracy(self) -> float | None:
        """On the held-out split; None of numbers."""
        accuracy: float | None = self.evaluation["metrics"].get("accuracy")
        return accuracy

    @cached_property
    def supports(self) -> dict[str, int]:
        """Examples of each class in the held-out split."""
        return {row["class"]: row["support"] for row in self.evaluation.get("per_class", [])}

    @cached_property
    def chance(self) -> float:
        """The accuracy of who always answers the largest class of the held-out split."""
        return max(self.supports.values(), default=0) / max(1, sum(self.supports.values()))

    @cached_property
    def is_imbalanced(self) -> bool:
        """Whether one class has many times the examples of another, and the config does nothing about it."""
        supports = [support for support in self.supports.values() if support]
        data = self.config.get("data", {})
        if not supports or data.get("class_weights") or data.get("oversample"):
            return False
        return max(supports) > _IMBALANCE * min(supports)

    @cached_property
    def only_answer(self) -> str | None:
        """The class that is answered for (nearly) every example, though there are others."""
        counts = self.evaluation.get("confusion_matrix")
        if counts is None or self.chance > _ALL_OF_ONE:
            return None
        answered = [sum(column) for column in zip(*counts, strict=True)]
        most = max(answered)
        return list(self.supports)[answered.index(most)] if most >= _ALL_OF_ONE * sum(answered) else None

    # On what.

    def num_examples(self, split: str) -> int | None:
        """The size of a split; None where the record does not say."""
        size: int | None = self.record.get("data", {}).get("splits", {}).get(split, {}).get("examples")
        return size

    @cached_property
    def signature(self) -> Signature:
        """What an example is.

        Raises:
            DataError: If the record is damaged.
        """
        return signature_from_json(self.record.get("signature") or {})

    @property
    def are_pixels(self) -> bool:
        """Whether examples are images whose values go to 255."""
        return part_of(self.signature.kind, Show).are_pixels

    @property
    def are_photographs(self) -> bool:
        """Whether examples are images of a size at which pretrained networks help."""
        return part_of(self.signature.kind, Show).are_photographs

    @cached_property
    def steps(self) -> int | None:
        """Training steps of the whole run; None where they cannot be told."""
        examples, size = self.num_examples("train"), self.config.get("data", {}).get("batch_size")
        if examples is None or not isinstance(size, int):
            return None
        return math.ceil(examples / size) * self.num_epochs

    # With what.

    def components(self, *sections: str) -> list[Component]:
        """Every class of Keras in some sections of the config, also inside blocks."""
        return [one for section in sections for one in _components(self.config.get(section))]

    def has(self, *names: str, section: str = "model") -> bool:
        """Whether a section has one of these classes, or one whose name begins so."""
        return any(one.name.startswith(names) for one in self.components(section))

    @cached_property
    def optimizer(self) -> Component:
        return next(_components(self.config.get("optimizer")), Component("", {}))

    @cached_property
    def is_pretrained(self) -> bool:
        """Whether training began from weights that somebody had trained."""
        is_loaded = any(one.arguments.get("weights") for one in self.components("model"))
        return is_loaded or bool(self.record.get("parent"))

    @cached_property
    def frozen_at_random(self) -> Component | None:
        """What of the model keeps random weights; None where nothing does, or another run gave it some."""
        if self.record.get("parent"):
            return None
        return next((one for one in self.components("model") if _keeps_random(one)), None)


_ALL_OF_ONE = 0.98
_IMBALANCE = 5.0
# What each of several targets has for itself in a config.
_BY_TARGET = (("loss",), ("metrics",), ("calibrate",), ("data", "class_weights"), ("data", "oversample"))


def _of_target(columns: Mapping[str, Sequence[float]], target: str) -> dict[str, Sequence[float]]:
    """Columns of metrics.csv as if there were one target alone, whose loss is the loss."""
    found: dict[str, Sequence[float]] = {name: columns[name] for name in columns if name in OWN_COLUMNS}
    for prefix in ("", VALIDATION):
        of_one = f"{prefix}{named(target, '')}"
        found |= {
            f"{prefix}{name.removeprefix(of_one)}": column
            for name, column in columns.items()
            if name.startswith(of_one)
        }
    return found


def _config_of(config: Mapping[str, Any], target: str) -> dict[str, Any]:
    """A config as if it had one target alone."""
    narrowed = {**config, "data": dict(config.get("data", {}))}
    for *sections, key in _BY_TARGET:
        holder: dict[str, Any] = narrowed[sections[0]] if sections else narrowed
        value = holder.get(key)
        if isinstance(value, dict) and target in value:
            holder[key] = value[target]
    return narrowed


def _keeps_random(component: Component) -> bool:
    """Whether no weight of a component was trained, and not all of it learns."""
    said = component.arguments.get("trainable", True)
    if load_catalogue().entry("applications", component.name) is not None:
        return said is not True and component.arguments.get("weights", "imagenet") is None
    # Normalization that is frozen changes nothing.
    return said is False and not component.name.endswith("Normalization")


def _components(value: Any) -> Iterator[Component]:
    if isinstance(value, str) and value[:1].isupper():
        yield Component(value, {})
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if str(key)[:1].isupper():
                yield Component(str(key), inner if isinstance(inner, Mapping) else {})
            if not isinstance(inner, str):
                yield from _components(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for item in value:
            yield from _components(item)
