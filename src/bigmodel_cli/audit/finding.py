"""Something that is to be said of a data set, and what is to be said of any that has classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Literal

from bigmodel_cli.audit.features import imbalance
from bigmodel_cli.config.schema import Data
from bigmodel_cli.cut import some

MAX_IMBALANCE = 10.0
# A class with fewer training examples is hardly learned.
MIN_EXAMPLES = 10
NAMED = 5


@dataclass(frozen=True)
class Finding:
    """Something about the data.

    Attributes:
        severity: An error spoils training; a warning may be meant.
        kind: What it is about, in one word.
        message: What was found, where, and the first case of it.
        hint: What to do about it.
    """

    severity: Literal["error", "warning"]
    kind: str
    message: str
    hint: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def errors_first(found: Iterable[Iterable[Finding]]) -> list[Finding]:
    """All that finders have found, in their order, but errors before the rest."""
    return sorted(chain.from_iterable(found), key=lambda finding: finding.severity != "error")


def class_findings(
    classes: Sequence[Mapping[str, Any]], splits: Sequence[str], data: Data, of_one: str = ""
) -> Iterator[Finding]:
    """What is to be said of how many examples each class has.

    Args:
        classes: Counts by class, as the document has them; none where there are no classes.
        splits: All of them.
        data: What the config does about imbalance.
        of_one: Whose classes they are, where there are several targets.
    """
    for split in splits:
        missing = [row["class"] for row in classes if not row["examples"][split]]
        if not missing:
            continue
        message = f"{split} has no example of {some_of(missing)}{of_one}"
        if split == "train":
            hint = "add examples, or remove the class: it cannot be learned"
            yield Finding("error", "missing_class", message, hint)
        else:
            hint = "nothing is measured of it there; give the split more examples"
            yield Finding("warning", "missing_class", message, hint)
    counted = [row for row in classes if row["examples"]["train"]]
    small = [row for row in counted if row["examples"]["train"] < MIN_EXAMPLES]
    if small:
        names = some_of([f"{row['class']} ({row['examples']['train']})" for row in small])
        message = f"fewer than {MIN_EXAMPLES} training examples{of_one}: {names}"
        yield Finding("warning", "few_examples", message, "add examples, or join classes")
    ratio = imbalance(classes, "train")
    if ratio and ratio > MAX_IMBALANCE and data.class_weights is None and data.oversample is None:
        largest, smallest = (
            choose(counted, key=lambda row: row["examples"]["train"]) for choose in (max, min)
        )
        message = (
            f"the largest class{of_one} has {ratio:.1f} times the training examples of the smallest: "
            f"{largest['class']} {largest['examples']['train']:,}, "
            f"{smallest['class']} {smallest['examples']['train']:,}"
        )
        hint = "data.class_weights=balanced or data.oversample=balanced makes up for it"
        yield Finding("warning", "imbalance", message, hint)


def count_of(count: int, what: str) -> str:
    """`1 row`, `1,234 rows`."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def some_of(names: Sequence[str], count: int | None = None) -> str:
    """Names as a sentence has room for them; `count` where there are more than are given."""
    return some(names, NAMED, count=count)


def are(found: Sized) -> str:
    """The verb that fits to how many were found."""
    return "is" if len(found) == 1 else "are"


def have(found: Sized) -> str:
    """The verb that fits to how many were found."""
    return "has" if len(found) == 1 else "have"
