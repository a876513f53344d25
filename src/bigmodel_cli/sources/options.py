"""What a data source is: options from the config in, splits and a signature out.

A source is one module in this package with one `SourceOptions` subclass. Nothing else lists it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.strings_option import Strings


class SourceOptions(BaseModel, ABC):
    """The options of one source as the config writes them; `load` turns them into examples.

    Attributes:
        source_name: What configs call it.
        example: One line of YAML that shows its use.
        beside_hint: What to do where splits are to follow what the source does not know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    source_name: ClassVar[str]
    example: ClassVar[str]
    beside_hint: ClassVar[str] = "write split_by: random"

    @property
    def examples_array(self) -> str:
        """What the array of examples is called in .npz files that are like the source's data."""
        return "x"

    @property
    def target_names(self) -> tuple[str, ...]:
        """The columns that are to be predicted, where the data have columns with names."""
        return ()

    @property
    def named_columns(self) -> Collection[str]:
        """The columns of which the options say what they are, so that somebody knows of them."""
        return ()

    @property
    def unknown_targets(self) -> str | None:
        """Why the names of targets are not known where losses and metrics ask for them, and what to do."""
        return None

    @property
    def put_together(self) -> Strings | None:
        """What examples are put together to strings by; None: each is one by itself."""
        return None

    @property
    def rows_written(self) -> Mapping[str, Any] | None:
        """How the tables of rows are written, and what columns are called in them; None for no rows."""
        return None

    @property
    def why_not_packed(self) -> str | None:
        """What packed data would lack, in a sentence; None: nothing."""
        return None

    @property
    def tables_beside(self) -> Mapping[str, Path]:
        """Files that a run keeps, by their names there, since rows to predict get columns from them."""
        return {}

    @property
    def as_files(self) -> SourceOptions:
        """What says of the same data how they stand in files, so that others are read alike."""
        return self

    def with_tokenizer(self, name: str, told: Mapping[str, Any]) -> SourceOptions:
        """The same, with another tokenizer where a column or a target has one."""
        raise TypeError(f"{self.source_name} has no tokenizer")

    def facts(self) -> DataFacts:
        """What is known of the data from these options alone; nothing is read for it."""
        return DataFacts()

    @abstractmethod
    def load(self, context: LoadContext) -> Source:
        """Find or fetch the data.

        Raises:
            DataError: If it is missing, unreadable or not what the options say.
        """
