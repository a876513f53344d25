"""What is found out about columns: over a split, and for one row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bigmodel_cli.explaining.rows.effects import Effects
from bigmodel_cli.explaining.rows.importance import Importance
from bigmodel_cli.explaining.rows.words import WordEffect
from bigmodel_cli.tasks.explain import Explained


@dataclass(frozen=True)
class ColumnImportances:
    """What columns are worth for a target.

    Attributes:
        target: Its name.
        split: On which.
        num_examples: Rows that were taken.
        of: Rows of the split.
        measures: How good predictions are as they are; the first one is what columns are compared by.
        columns: The most important one first.
        repeats: How often each was shuffled.
    """

    target: str
    split: str
    num_examples: int
    of: int
    measures: Mapping[str, float]
    columns: Sequence[Importance]
    repeats: int

    @property
    def headline(self) -> str:
        return next(iter(self.measures))

    def as_json(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "split": self.split,
            "examples": self.num_examples,
            "of": self.of,
            "measure": self.headline,
            "measures": dict(self.measures),
            "repeats": self.repeats,
            "columns": [column.as_json(self.headline) for column in self.columns],
        }


@dataclass(frozen=True)
class RowFinding:
    """One class, or one predicted number, with what moves it.

    Attributes:
        label: The class; None for a single number.
        value: Its probability, or the number.
        score: What is explained of it.
        usual: The mean of that over training rows.
        effects: By method.
        words: By column of texts what each of its words adds, in their order.
        word_details: By column what integrated gradients of its words have to say, as JSON.
    """

    label: str | None
    value: float
    score: float
    usual: float
    effects: Mapping[str, Effects]
    words: Mapping[str, Sequence[WordEffect]] = field(default_factory=dict)
    word_details: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class RowExplanation:
    """What moves the prediction of a target for one row.

    Attributes:
        name: What the row is called.
        target: The target.
        explained: The part of its task that knows names.
        score_name: What scores are: `log-odds` or `output`.
        values: The row, as people read it.
        findings: One for each class or number.
        are_probabilities: Whether values are shares of 1.
    """

    name: str
    target: str
    explained: Explained
    score_name: str
    values: Mapping[str, Any]
    findings: Sequence[RowFinding]
    are_probabilities: bool

    def shown(self, value: float) -> str:
        """A value as people read it."""
        return self.explained.shown(value, are_probabilities=self.are_probabilities)

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.name,
            "target": self.target,
            "explained": self.score_name,
            self.explained.many: [self._finding(finding) for finding in self.findings],
        }

    def _finding(self, finding: RowFinding) -> dict[str, Any]:
        name = {} if finding.label is None else {self.explained.one: finding.label}
        value = self.explained.value_name(are_probabilities=self.are_probabilities)
        return {
            **name,
            value: finding.value,
            "score": finding.score,
            "usual_score": finding.usual,
            "columns": [
                {
                    "column": column,
                    "value": self.values[column],
                    **{
                        method.replace("-", "_"): one.by_column[column]
                        for method, one in finding.effects.items()
                    },
                    **{
                        f"{method.replace('-', '_')}_error": one.errors[column]
                        for method, one in finding.effects.items()
                        if one.errors
                    },
                }
                for column in in_order(finding)
            ],
            **_words(finding),
            "methods": {method: dict(one.details) for method, one in finding.effects.items()},
        }


def _words(finding: RowFinding) -> dict[str, Any]:
    """Words of texts as JSON; nothing where there are none."""
    if not finding.words:
        return {}
    words = {
        column: [
            {
                "word": one.word,
                "start": one.start,
                "effect": one.effect,
                **({} if one.gradient is None else {"integrated_gradients": one.gradient}),
            }
            for one in words
        ]
        for column, words in finding.words.items()
    }
    return {"words": words, **({"word_methods": finding.word_details} if finding.word_details else {})}


def in_order(finding: RowFinding) -> list[str]:
    """Columns, those first that move the score most by the first method."""
    effects = next(iter(finding.effects.values())).by_column
    return sorted(effects, key=lambda name: -abs(effects[name]))
