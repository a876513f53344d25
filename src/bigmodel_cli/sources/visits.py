"""Made-up visits of people to places: recommendation with no data at hand.

They are written as tables, as such data come, below the folder of Keras's data sets, and read from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationError, model_validator

from bigmodel_cli.config.facts import DataFacts
from bigmodel_cli.config.fields import WholeNumber
from bigmodel_cli.network import keras_home
from bigmodel_cli.sources.base import LoadContext, Source
from bigmodel_cli.sources.made_visits import Made
from bigmodel_cli.sources.options import SourceOptions
from bigmodel_cli.sources.table import TableOptions
from bigmodel_cli.sources.table_columns import Told
from bigmodel_cli.sources.table_join import JoinOptions
from bigmodel_cli.sources.table_targets import TargetOptions
from bigmodel_cli.whole_files import write_text

_RATING = "rating"
_COLUMNS: Mapping[str, Told] = {
    "user": "category",
    "place": "category",
    "time": "ignore",
    "kind": "category",
    "district": "category",
}


class Visits(SourceOptions):
    """Made-up visits of users to places: columns user, place, time, rating (1 to 5), kind and district."""

    source_name: ClassVar[str] = "visits"
    example: ClassVar[str] = "{visits: {target: rating}}"

    num_users: Annotated[WholeNumber, Field(ge=10, le=100_000)] = Field(
        default=600, description="How many users there are."
    )
    num_places: Annotated[WholeNumber, Field(ge=10, le=100_000)] = Field(
        default=200, description="How many places there are."
    )
    num_visits: Annotated[WholeNumber, Field(ge=100, le=10_000_000)] = Field(
        default=20_000, description="How many visits there are, before splits are held out."
    )
    target: str | list[str] | dict[str, TargetOptions] = Field(
        default=_RATING, description="The column that is to be predicted, as of tables."
    )
    columns: dict[str, Told] = Field(
        default={},
        description="What columns are, as of tables, where it is other than this: names are categories, time "
        "is ignored, and so is rating where it is no target.",
    )

    @model_validator(mode="after")
    def _is_table(self) -> Visits:
        try:
            self.table  # noqa: B018
        except ValidationError as error:
            raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        return self

    @property
    def table(self) -> TableOptions:
        """The same as a table in files, which `written` writes."""
        return TableOptions(
            path=self._folder / "visits.csv",
            target=self.target,
            join={"place": JoinOptions(path=self._folder / "places.csv")},
            columns={**_COLUMNS, **self._rating, **self.columns},
        )

    def told_target(self, name: str) -> TargetOptions:
        return self.table.told_target(name)

    @property
    def _rating(self) -> Mapping[str, Told]:
        is_target = _RATING in ([self.target] if isinstance(self.target, str) else [*self.target])
        return {_RATING: "number" if is_target else "ignore"}

    @property
    def _made(self) -> Made:
        return Made(self.num_users, self.num_places, self.num_visits)

    @property
    def _folder(self) -> Path:
        name = hashlib.sha256(repr(self._made).encode()).hexdigest()[:8]
        return keras_home() / "datasets" / f"bigmodel-visits-{name}"

    def _written(self) -> TableOptions:
        """The table, with its files there."""
        for name, text in self._made.files().items():
            path = self._folder / name
            if not path.is_file() or path.read_text("utf-8") != text:
                write_text(path, text)
        return self.table

    @property
    def target_names(self) -> tuple[str, ...]:
        return self.table.target_names

    @property
    def named_columns(self) -> Collection[str]:
        return self.table.named_columns

    @property
    def rows_written(self) -> Mapping[str, Any] | None:
        return self._written().rows_written

    @property
    def why_not_packed(self) -> str | None:
        return self.table.why_not_packed

    @property
    def tables_beside(self) -> Mapping[str, Path]:
        return self._written().tables_beside

    def facts(self) -> DataFacts:
        return self.table.facts()

    @property
    def as_files(self) -> SourceOptions:
        return self._written()

    def load(self, context: LoadContext) -> Source:
        source = self._written().load(context)
        looked: Any = source.looked_at
        return replace(source, looked_at=self.model_copy(update={"columns": looked.columns}))
