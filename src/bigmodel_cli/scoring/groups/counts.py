"""Examples by group and class, and the shares that follow from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bigmodel_cli.scoring.groups.grouping import Groups


@dataclass(frozen=True, eq=False)
class Counts:
    """Examples by group and class, int64 of shape (groups, classes).

    Attributes:
        hits: That are of the class and decided for it.
        labelled: That are of the class.
        decided: That are decided for it.
        sizes: Of the groups, shape (groups, 1).
    """

    hits: np.ndarray
    labelled: np.ndarray
    decided: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, labels: np.ndarray, decided: np.ndarray, groups: Groups, num_classes: int) -> Counts:
        def count(classes: np.ndarray, members: np.ndarray) -> np.ndarray:
            cells = np.bincount(members * num_classes + classes, minlength=len(groups.names) * num_classes)
            return cells.reshape(-1, num_classes)

        is_right = labels == decided
        return cls(
            count(labels[is_right], groups.members[is_right]),
            count(labels, groups.members),
            count(decided, groups.members),
            groups.sizes[:, np.newaxis],
        )

    def rate(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Of what a rate is a share, and how many of them: each of shape (groups, classes).

        `selection_rate` is the share of all examples that is decided for, `false_positive_rate` that of those
        of other classes.
        """
        hits, others = self.hits, self.decided - self.hits
        every = np.broadcast_to(self.sizes, hits.shape)
        return {
            "recall": (hits, self.labelled),
            "precision": (hits, self.decided),
            "selection_rate": (self.decided, every),
            "false_positive_rate": (others, every - self.labelled),
        }[name]
