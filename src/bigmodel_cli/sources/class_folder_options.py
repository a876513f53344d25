"""What all sources of folders by class share: where the folder is, and what its classes are."""

from __future__ import annotations

import os
from abc import ABC
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from bigmodel_cli.config.fields import ConfigPath
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.class_folders import ClassFolders, find_class_folders
from bigmodel_cli.sources.file_walk import Sought
from bigmodel_cli.sources.label_values import own_names
from bigmodel_cli.sources.listed_files import ListedFiles
from bigmodel_cli.sources.name_pattern import NamePattern
from bigmodel_cli.sources.name_pattern_option import NamePatternOptions
from bigmodel_cli.sources.named_files import NamesTell, find_named_files
from bigmodel_cli.tasks.classification.task import Classification


def _as_texts(written: Any) -> Any:
    """Parts of names are texts, also where YAML has numbers; one value stands for a list of it."""
    if not isinstance(written, dict):
        return written
    lists = {name: value if isinstance(value, list) else [value] for name, value in written.items()}
    return {name: [str(value) for value in values] for name, values in lists.items()}


# Values of parts of names.
_ONE = {"type": ["string", "number"]}
NamedSplit = Annotated[
    dict[str, list[str]],
    BeforeValidator(_as_texts),
    WithJsonSchema(
        {"type": "object", "additionalProperties": {"anyOf": [_ONE, {"type": "array", "items": _ONE}]}}
    ),
]


class ClassFolderOptions(NamePatternOptions, ABC):
    """A folder with a folder of files per class."""

    path: ConfigPath = Field(
        description="A folder with a folder per class, or with train/, val/ and test/ that have them."
    )
    class_names: tuple[str, ...] | None = Field(
        default=None,
        min_length=2,
        description="Names of all classes in index order, of which some may have no folder; without it, the "
        "folders' names in sorted order.",
    )
    label: str | None = Field(
        default=None,
        description="The part of name_pattern that is the class, where one folder has files of all classes.",
    )
    validation: NamedSplit = Field(
        default={},
        description="With label, which files are the validation split: {speaker: [theo, lucas]}.",
    )
    test: NamedSplit = Field(default={}, description="The same of the test split: {index: [0, 1, 2, 3, 4]}.")

    @model_validator(mode="after")
    def _by_name(self) -> Self:
        held_out = self._held_out
        if held_out and self.label is None:
            raise ValueError(f"{next(iter(held_out))}: splits by name need label, the part that is the class")
        for part in [
            *([self.label] if self.label else []),
            *(name for of in held_out.values() for name in of),
        ]:
            if part not in self.named_parts:
                known = ", ".join(sorted(self.named_parts)) or "none"
                raise ValueError(f"name_pattern has no part {part!r}; its parts: {known}")
        return self

    @property
    def _held_out(self) -> dict[SplitName, NamedSplit]:
        """Which files are held out, by what their names say."""
        asked: dict[SplitName, NamedSplit] = {"validation": self.validation, "test": self.test}
        return {split: parts for split, parts in asked.items() if parts}

    @field_validator("class_names")
    @classmethod
    def _class_names(cls, written: tuple[str, ...] | None) -> tuple[str, ...] | None:
        return None if written is None else own_names(written)

    @property
    def num_named(self) -> int | None:
        """How many classes there are, where they are named."""
        return None if self.class_names is None else len(self.class_names)

    def listed(
        self, sought: Sought, context: LoadContext
    ) -> tuple[dict[SplitName, ListedFiles], Classification]:
        """The files of each split with their classes, and what is predicted.

        Args:
            sought: Which files.
            context: Says what is asked for beside them, and is told what is passed over.

        Raises:
            DataError: If the folder is arranged in another way, or names tell not what is asked for.
        """
        import numpy as np

        found = self._found(sought, context)
        root = f"{self.path}{os.sep}"
        paths = {
            split: [path.removeprefix(root).replace(os.sep, "/") for path in found.in_order(split)]
            for split in found.files
        }
        every = [path for of_split in paths.values() for path in of_split]
        beside = self.parts_beside(self.path, every, context)
        listed: dict[SplitName, ListedFiles] = {}
        start = 0
        for split, of_split in paths.items():
            counts = found.counts(split)
            labels = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
            rows = np.arange(start, start + len(of_split))
            listed[split] = ListedFiles(
                of_split, labels, {name: store.take(rows) for name, store in beside.items()}
            )
            start += len(of_split)
        return listed, Classification(tuple(found.class_names))

    def _found(self, sought: Sought, context: LoadContext) -> ClassFolders:
        """The files by split and class: as folders say, or their own names."""
        names, is_lax = self.class_names, context.for_evaluation
        if self.label is None:
            return find_class_folders(self.path, sought, context.warn, names, for_evaluation=is_lax)
        told = NamesTell(NamePattern(self.name_pattern or ""), self.label, self._held_out)
        return find_named_files(self.path, sought, context.warn, told, names, for_evaluation=is_lax)
