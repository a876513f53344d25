"""How the cells of a table's column become values of a kind, and which kind a column is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from bigmodel_cli.parts import class_called
from bigmodel_cli.words import Piece

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.kinds.kind import Kind
    from bigmodel_cli.tasks.task import Task


@dataclass(frozen=True, eq=False)
class Held:
    """A column's values as they are kept in memory.

    Attributes:
        array: Of shape (n, …): the values, or the place of each one among `names`.
        names: Texts that places stand for; the place behind the last one stands for "". None: the array has
            the values.
        texts: Of each value the text that its tokens, or words, were made of; None: it was made of none.
    """

    array: np.ndarray
    names: Sequence[str] | None = None
    texts: Sequence[str] | None = None

    def __len__(self) -> int:
        return len(self.array)

    def take(self, rows: np.ndarray | slice) -> Held:
        """The values of some rows: by their places, as a mask, or from one to another."""
        array = self.array[rows]
        if self.texts is None:
            return Held(array, self.names)
        import numpy as np

        return Held(array, self.names, np.array(self.texts, object)[rows].tolist())

    def values(self) -> np.ndarray:
        """The values themselves, texts among them as objects."""
        if self.names is None:
            return self.array
        import numpy as np

        values: np.ndarray = np.array([*self.names, ""], object)[self.array]
        return values


@dataclass(frozen=True)
class EarlierRows:
    """What a column is made of that stands in no file: what earlier rows have in another one.

    Attributes:
        of: The column whose values they are.
        by: Rows with the same value of this column belong together.
        time: The column that says which rows are earlier; None: those that stand above.
        length: How many values there are at most, the last ones.
    """

    of: str
    by: str
    time: str | None
    length: int

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that have to be there."""
        return tuple(name for name in (self.of, self.by, self.time) if name is not None)


def kinds_of_columns() -> list[str]:
    """The kinds that columns with names may have, of whatever source."""
    return sorted(place.parent.name for place in Path(__file__).parent.glob("*/cells.py"))


def column_kinds() -> list[str]:
    """Those that the columns of a table may have."""
    return [name for name in kinds_of_columns() if class_called("kinds", name, "cells", "Cells").in_tables]


def found_kinds() -> list[str]:
    """Those that a column may be of although nobody says so."""
    return [
        name for name in column_kinds() if not class_called("kinds", name, "cells", "Cells").needs_options
    ]


class WrongOptionError(ValueError):
    """An option of a column's kind that there is not, or that has a wrong value.

    Args:
        option: Its name.
        message: What is wrong with it.
        hint: What to write instead, where the message does not say it.
    """

    def __init__(self, option: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.option, self.message, self.hint = option, message, hint


class Cells(ABC):
    """Cells of a kind's columns.

    Attributes:
        kind: The kind.
        may_spill: Whether a column that is larger than memory goes into a file.
        are_paths: Whether a cell is the path of a file that has the value.
        needs_options: Whether the config has to say something of such a column.
        labels: What labels are called where a column of it is predicted, as far as the kind alone says that.
        searched_with: What a config may say of how such a text is searched for.
        is_given: Whether a model may get a column of it.
        looked_at_as: The kind that its cells look like; None: its own.
        in_tables: Whether a config may say that a table's column is of the kind.
    """

    may_spill: ClassVar[bool] = True
    are_paths: ClassVar[bool] = False
    needs_options: ClassVar[bool] = False
    labels: ClassVar[Literal["texts", "transcripts", "masks"] | None] = None
    searched_with: ClassVar[Sequence[str]] = ()
    is_given: ClassVar[bool] = True
    looked_at_as: ClassVar[str | None] = None
    in_tables: ClassVar[bool] = True

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    @classmethod
    @abstractmethod
    def learnt(cls, facts: Any, options: Mapping[str, Any]) -> Kind:
        """The kind of a column whose cells were all looked at.

        Args:
            facts: What is known of them, `tables.facts.ColumnFacts`.
            options: What the config says of the column.

        Raises:
            ValueError: If an option, which `check_options` let pass, does not fit the cells; a sentence.
        """

    @classmethod
    def check_options(cls, options: Mapping[str, Any]) -> None:
        """Check what a config says of a column, as far as it can be without its cells.

        Raises:
            WrongOptionError: If an option is none of the kind's, or has a wrong value.
        """
        no_options(options)

    @classmethod
    def made_of(cls, options: Mapping[str, Any]) -> EarlierRows | None:
        """What such a column is made of where a table has rows; None: its cells stand in the table's files.

        Args:
            options: Of the column, which are sound.
        """
        return None

    @classmethod
    def misfit_beside(
        cls, options: Mapping[str, Any], told: Mapping[str, tuple[str, Mapping[str, Any]]]
    ) -> WrongOptionError | None:
        """What of sound options does not fit those of other columns.

        Args:
            options: Of the column.
            told: What is said of all columns, by name: the kind, and its options.
        """
        return None

    @classmethod
    def why_not_searched(cls, options: Mapping[str, Any], search: Mapping[str, Any]) -> str | None:
        """Why such a text is not searched for like that, a sentence; None: it is.

        Args:
            options: What a config says of the column.
            search: What it says of the search, some of `searched_with`.
        """
        return None

    @property
    def expected(self) -> str:
        """What a cell should be, in words."""
        return f"a {self.kind.noun}"

    @property
    def noted(self) -> Mapping[str, Any]:
        """Options of the column, as far as the cells told what was not: other files are read alike."""
        return {}

    @abstractmethod
    def reading(self) -> dict[str, Any]:
        """How cells are read, as attributes of `ColumnFacts`."""

    def order(self, values: Any) -> np.ndarray | None:
        """What says which of a column's values are earlier; None where they have no order."""
        return None

    @abstractmethod
    def held(self, values: Any) -> Held:
        """What is kept of a column, read as one of `tables.columns.Values`."""

    def task(self, **options: Any) -> Task | None:
        """What it is to predict a column of it, where the kind says that; None: its values do.

        Args:
            options: What the config says of how it is looked for, some of `searched_with`.
        """
        return None

    @property
    def masks_of(self) -> str | None:
        """The column of images whose masks its cells are paths of; None: they are no such paths."""
        return None

    def misfits(self, values: Any) -> Mapping[int, str]:
        """What is there instead in rows whose value the model does not take, by their places."""
        return {}

    def pieces(self, text: str) -> Sequence[Piece] | None:
        """A text in the values that it is; None where no text is a value, or several.

        White space round a text is none of it, but counts where places in it are told.
        """
        return [Piece(text.strip(), 0, [])] if self.kind.has_words else None

    def of_pieces(self, pieces: Sequence[Piece]) -> Held:
        """Those values, where `pieces` gives some."""
        return self.held([piece.text for piece in pieces])

    def later(self, held: Held, of_rows: Mapping[str, Held]) -> Held:
        """What rows right behind some rows of the same users would have in a column.

        Args:
            held: The column.
            of_rows: All columns of these rows.
        """
        return held

    def written(self, value: np.ndarray) -> str | None:
        """A value of an example as a person writes it; None where it is missing, or no line says it."""
        return str(value) if value.ndim == 0 else None


def no_options(options: Mapping[str, Any], *known: str) -> None:
    """Refuse options that there are not.

    Raises:
        WrongOptionError: For the first one, with what there is.
    """
    for name in options:
        if name not in known:
            there_are = f"its options: {', '.join(known)}" if known else "it takes no options"
            raise WrongOptionError(str(name), f"no option {name!r}", there_are)


def paths_held(values: Any) -> Held:
    """Paths of files, each a text of its own."""
    import numpy as np

    texts = [values[row] for row in range(len(values))]
    return Held(np.where([bool(text) for text in texts], np.arange(len(texts)), len(texts)), texts)


def of_texts(places: np.ndarray, names: tuple[str, ...]) -> Held:
    """Texts by their places; -1 stands for none."""
    import numpy as np

    return Held(np.where(places < 0, len(names), places).astype(np.int32), names)
