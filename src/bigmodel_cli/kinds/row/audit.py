"""What an audit looks at in rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from bigmodel_cli.kinds.audit import Features
from bigmodel_cli.kinds.profile import Profile
from bigmodel_cli.parts import part_of

if TYPE_CHECKING:
    import numpy as np


class RowFeatures(Features):
    """Each column by itself."""

    constant: ClassVar[str] = "of one value"
    are_seen: ClassVar[bool] = False

    @property
    def columns(self) -> Mapping[str, Profile]:
        """What looks at each column."""
        return {name: part_of(kind, Profile) for name, kind in self.kind.columns.items()}

    def channels(self, values: np.ndarray) -> np.ndarray:
        raise TypeError("the columns of a row have no channels in common")

    def thumbnails(self, values: np.ndarray) -> None:
        return None
