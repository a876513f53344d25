"""What a column of a data set that others keep can be here: an input, a target, neither for a reason."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bigmodel_cli.kinds.image.kind import ColorMode
from bigmodel_cli.kinds.kind import Kind

if TYPE_CHECKING:
    import numpy as np

    from bigmodel_cli.sources.hubs.options import HubOptions

# (height, width) and channels of all images of a column, found by looking at each.
Look = Callable[[], tuple[tuple[int, int], ColorMode]]


class Unfit(Exception):
    """Why a column cannot be used so, as the end of a sentence."""


class Column(ABC):
    """What one column holds.

    Attributes:
        described: The same in words for the user.
        names: What whole numbers stand for; None where they stand for nothing else.
        is_cell: Whether it is a cell of a table as an input: what kind it is, is found in its values.
        are_sets: Whether each row has any of `names`.
        is_picture: Whether other columns tell of it, where nobody says what they are for.
    """

    names: tuple[str, ...] | None = None
    is_cell: bool = False
    are_sets: bool = False
    is_picture: bool = False

    @property
    @abstractmethod
    def described(self) -> str: ...

    def kind(self, options: HubOptions, look: Look) -> Kind:
        """The kind that it is as an input.

        Args:
            options: Say how images are read.
            look: Finds out what images have in common, where nobody says.

        Raises:
            Unfit: If it cannot be one.
        """
        raise Unfit(f"{self.described} is no input that a model can take yet")

    def value(self, raw: Any, kind: Kind, called: str) -> np.ndarray:
        """What a model takes, of the kind's shape and dtype.

        Args:
            raw: As the rows have it.
            kind: What `kind` gave.
            called: Row and column, for errors.

        Raises:
            DataError: If it is damaged.
        """
        raise NotImplementedError

    def cells(self, raw: Sequence[Any]) -> Any:
        """Values of a cell: float64 with NaN, datetime64[us] with NaT, or texts with "" for what is missing.

        Args:
            raw: As the rows have them.
        """
        raise NotImplementedError

    def labels(self, raw: Sequence[Any]) -> np.ndarray:
        """Targets as an array of shape (n, …).

        Args:
            raw: As the rows have them.

        Raises:
            Unfit: If it cannot be one.
        """
        raise Unfit(f"{self.described} is no target that a model can predict yet")

    @property
    def is_target(self) -> bool:
        """Whether it can be one."""
        try:
            self.labels([])
        except Unfit:
            return False
        return True


@dataclass(frozen=True)
class Unread(Column):
    """What cannot be read here.

    Attributes:
        what: It, as what it is.
        reason: Why not.
    """

    what: str
    reason: str

    @property
    def described(self) -> str:
        return self.what

    def kind(self, options: HubOptions, look: Look) -> Kind:
        raise Unfit(f"{self.what}: {self.reason}")

    def labels(self, raw: Sequence[Any]) -> np.ndarray:
        raise Unfit(f"{self.what}: {self.reason}")
