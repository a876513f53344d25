"""Texts as `init` sees them: how long they are, and whether words stand apart; a folder of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bigmodel_cli.sources.class_folders import find_class_folders
from bigmodel_cli.sources.sought_texts import TEXTS
from bigmodel_cli.sources.text_folder import TEXT
from bigmodel_cli.sources.text_reading import read_text
from bigmodel_cli.starter.sizes import train_size
from bigmodel_cli.starter.targets import Targets, classes
from bigmodel_cli.starter.writing import path_from

# What is cut off is the ends of the longest twentieth.
_MOSTLY = 0.95
# Languages that write words apart have shorter ones.
_LETTERS_PER_WORD = 16
# Texts whose length is looked at.
_READ = 5_000


class InOrder(Protocol):
    """Texts, each by its place."""

    def __len__(self) -> int: ...

    def __getitem__(self, place: int, /) -> str: ...


@dataclass(frozen=True)
class _Read:
    """Texts of files, each read when it is asked for."""

    paths: Sequence[str]

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, place: int, /) -> str:
        return read_text(Path(self.paths[place]))


@dataclass(frozen=True)
class TextLengths:
    """How long texts are.

    Attributes:
        words: That most have at most.
        letters: The same.
        has_words: Whether words stand apart.
    """

    words: int
    letters: int
    has_words: bool

    @classmethod
    def of(cls, texts: InOrder) -> TextLengths:
        """Of texts by their places; of many, some that are spread evenly."""
        chosen = (texts[place] for place in range(0, len(texts), max(1, len(texts) // _READ)))
        counts = [(len(text.split()), len(text)) for text in chosen]
        words, letters = (sorted(number) for number in zip(*counts, strict=True)) if counts else ([0], [0])
        place = int(_MOSTLY * (len(words) - 1))
        return cls(
            max(1, words[place]), max(1, letters[place]), sum(letters) <= _LETTERS_PER_WORD * sum(words)
        )


@dataclass(frozen=True)
class SeenTexts:
    """What texts to learn from are like.

    Attributes:
        source: The data source as YAML.
        lengths: Of the texts of each column.
        targets: What is predicted.
        num_train: Texts of the training split.
        decisions: What was decided, and why.
    """

    source: str
    lengths: dict[str, TextLengths]
    targets: Targets
    num_train: int
    decisions: tuple[str, ...] = ()


def look_at_text_folder(folder: Path, written_in: Path, warn: Callable[[str], None]) -> tuple[SeenTexts, str]:
    """What is in a folder of texts by class, and a sentence about it.

    Args:
        folder: It.
        written_in: The folder of the config, which the path is relative to.
        warn: Told what is passed over.

    Raises:
        DataError: If it is not arranged as the source expects, or a text cannot be read.
    """
    found = find_class_folders(folder, TEXTS, warn)
    counts = {split: len(found.in_order(split)) for split in found.files}
    own = {split: count for split, count in counts.items() if split != "train"}
    lengths = TextLengths.of(_Read(found.in_order("train")))
    held_out = "".join(f", {count:,} of them for {split}" for split, count in own.items())
    sentence = f"{sum(counts.values()):,} texts, of {len(found.class_names)} classes{held_out}"
    seen = SeenTexts(
        f"text_folder: {{path: {path_from(written_in, folder)}}}",
        {TEXT: lengths},
        classes(len(found.class_names)),
        counts["train"] if own else train_size(counts["train"]),
    )
    return seen, sentence
