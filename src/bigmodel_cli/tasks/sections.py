"""What a run's page says of a task, beside what it says of every run."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any, ClassVar, NamedTuple

from bigmodel_cli.config.measures import said_once
from bigmodel_cli.config.naming import named
from bigmodel_cli.evaluation_parts import by_target
from bigmodel_cli.parts import part_of
from bigmodel_cli.tasks.task import Task

_WRITTEN = {"roc": "ROC", "auc": "AUC", "f1": "F1", "brier": "Brier", "r2": "R²"}


class Section(NamedTuple):
    """One part of the page.

    Attributes:
        id: By which it is led to, and by which the page's script finds its data.
        menu: What the page's own menu calls it.
        title: Above it.
        template: Jinja's, for what is below the title.
        content: By the names that the template uses.
        data: For the page's script; None where that needs none.
    """

    id: str
    menu: str
    title: str
    template: str
    content: Mapping[str, Any]
    data: Mapping[str, Any] | None = None


class Sections(ABC):
    """The page's parts for a task.

    Attributes:
        headline: Metrics, of which the first that was measured is the page's heading.
        samples: What kinds of samples are called in a menu and in a heading, by their names in
            evaluation/samples_<split>.json.
    """

    headline: ClassVar[Sequence[str]]
    samples: ClassVar[Mapping[str, tuple[str, str]]]

    def __init__(self, task: Any) -> None:
        self.task = task

    def sections(
        self, evaluation: Mapping[str, Any], samples: Mapping[str, Sequence[Mapping[str, Any]]]
    ) -> Iterator[Section]:
        """What the page has between curves and scores.

        Args:
            evaluation: As evaluation/<split>.json has it.
            samples: As evaluation/samples_<split>.json has them.
        """
        for name, (menu, heading) in self.samples.items():
            if tiles := [self.tile(sample) for sample in samples.get(name, ())]:
                title = heading[0].upper() + heading[1:]
                yield Section(name, menu, title, template(__package__, "samples"), {"tiles": tiles})

    def scores(self, evaluation: Mapping[str, Any]) -> dict[str, float]:
        """The rows of the table of scores."""
        return said_once({**evaluation["metrics"], **evaluation["scores"]})

    def decision(self, evaluation: Mapping[str, Any]) -> str:
        """By what rule was decided, a sentence; empty where there is none."""
        return ""

    def headline_of(self, metrics: Mapping[str, float]) -> str:
        """The name of the number that the page begins with."""
        return next(name for name in self.headline if name in metrics)

    @abstractmethod
    def tile(self, sample: Mapping[str, Any]) -> dict[str, Any]:
        """A sample of evaluation/samples_<split>.json, written out."""


def headlines_of(targets: Mapping[str, Task], evaluation: Mapping[str, Any]) -> list[str]:
    """The numbers that the page begins with, one of each target, by the names that `metrics` has for them.

    Args:
        targets: What was evaluated.
        evaluation: As evaluation/<split>.json has it.
    """
    found = []
    for name, part in by_target(evaluation).items():
        task = targets[name] if name else next(iter(targets.values()))
        found.append(named(name, part_of(task, Sections).headline_of(part["metrics"])))
    return found


def template(package: str, name: str) -> str:
    """`<name>.html.j2` in the folder of a package."""
    return files(package).joinpath(f"{name}.html.j2").read_text("utf-8")


def titled(name: str) -> str:
    """`roc_auc` and `macro.f1` as people write them."""
    words = name.replace("_", " ").replace(".", " ").split(" ")
    return " ".join(_WRITTEN.get(word, word) for word in words)


def shown(name: str, value: float) -> str:
    """A metric as people read it: accuracies in percent."""
    if "accuracy" in name:
        return f"{value:.2%}"
    return f"{value:.4g}" if value != 0 and (abs(value) < 1e-3 or abs(value) >= 1e5) else f"{value:.4f}"
