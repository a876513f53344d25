"""How well the items are found that users have next, among all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bigmodel_cli.config.reading import Reading
from bigmodel_cli.known_items import rows_of
from bigmodel_cli.scoring.groups.gaps import GroupScores
from bigmodel_cli.scoring.groups.grouping import Groups
from bigmodel_cli.scoring.ranking_scores import Asked, lists_of, ranking_scores
from bigmodel_cli.scoring.rankings import Ranked
from bigmodel_cli.scoring.rule import DecisionRule
from bigmodel_cli.scoring.scores import Scores
from bigmodel_cli.tasks.figures import Cells
from bigmodel_cli.tasks.retrieval.ranking import NUMBERS, as_array, known_of, of_array, ranked, simply_ranked
from bigmodel_cli.tasks.retrieval.task import Retrieval
from bigmodel_cli.tasks.scores import NUM_SAMPLES, Sample, Scored, SequenceScoring


@dataclass(frozen=True)
class ScoredItems(Scored):
    """Where the items of rows stand among all.

    Attributes:
        values: As `ranking.as_array` has them.
        task: With the names of items.
        asked: Whose rows are, and which items.
    """

    task: Retrieval
    asked: Asked

    def columns(self) -> list[str]:
        return ["label", "prediction", *NUMBERS, "user", "had", "list", "best"]

    def rows(self) -> Iterator[list[str]]:
        asked = self.asked
        lists = asked.users if asked.lists is None else asked.lists
        of_users = zip(*(array.tolist() for array in (asked.users, asked.had, lists)), strict=True)
        for label, numbers, of_user in zip(
            asked.wanted.tolist(), self.values.tolist(), of_users, strict=True
        ):
            best = [place for place in numbers[len(NUMBERS) :] if place >= 0]
            yield [
                self._name(label),
                self._name(best[0] if best else -1),
                *map(str, numbers[: len(NUMBERS)]),
                *map(str, of_user),
                json.dumps(best),
            ]

    def _name(self, place: int) -> str:
        return known_of(self.task).items[place] if place >= 0 else ""

    def samples(self) -> dict[str, list[Sample]]:
        """Items of users that are known which stand furthest behind, and rare ones that stand in front."""
        ranking, asked = of_array(self.values), self.asked
        counted = np.flatnonzero((asked.had >= self.task.least) & ranking.found)
        place = ranking.better[counted]
        popular = known_of(self.task).counts[asked.wanted[counted]]
        worst, best = np.lexsort((-popular, -place)), np.lexsort((popular, place))
        found = {"mistakes": worst[place[worst] > 0], "best": best[place[best] < self.task.top[0]]}
        return {
            name: [self._sample(ranking, row) for row in counted[rows[:NUM_SAMPLES]].tolist()]
            for name, rows in found.items()
        }

    def _sample(self, ranking: Ranked, row: int) -> Sample:
        """With the item's place instead of a probability."""
        label, said = self._name(int(self.asked.wanted[row])), self._name(int(ranking.top[row, 0]))
        return Sample(row, label, said, None, float(ranking.better[row] + 1))

    def by_group(self, groups: Groups, *, seed: int) -> GroupScores:
        of_each = [
            scores_of(self.task, self.values[rows], self.asked.take(rows), seed)
            for rows in (np.flatnonzero(groups.members == number) for number in range(len(groups.names)))
        ]
        return GroupScores.of_headlines(of_each, groups)


def scores_of(task: Retrieval, values: np.ndarray, asked: Asked, seed: int) -> Scores:
    """Of some rows."""
    return ranking_scores(
        of_array(values), asked, known_of(task).counts, ks=task.top, least=task.least, seed=seed
    )


class RetrievalScoring(SequenceScoring[Retrieval]):
    """Of items. Values are vectors of who asks, float32 (n, d); rankings as `ranking.as_array` has them; or
    the number of a simple model, int8 (n,).

    Labels are rows of `known_items.ROW`, or items alone, of which each is somebody's whom nobody knows.
    """

    def scored(self, labels: np.ndarray, values: np.ndarray, rule: DecisionRule, *, seed: int) -> Scored:
        known = known_of(self.task)
        if labels.dtype.names is None:
            labels = rows_of(labels, len(known.users) + np.arange(len(labels)), None)
        users, wanted = labels["user"], labels["item"]
        lists = None
        if values.dtype.kind == "f":
            lists = lists_of(users, values)
            values = as_array(ranked(self.task, users, wanted, values, lists))
        elif values.ndim == 1:
            # A model that asks anew in each row has a ranking for each, and is compared with as many.
            lists = np.arange(len(users)) if self.task.asks_anew else None
            values = as_array(simply_ranked(self.task, users, wanted, int(values[0])))
        return self._scored(values, Asked(users, wanted, known.times_had(users), lists), seed)

    def _scored(self, values: np.ndarray, asked: Asked, seed: int) -> ScoredItems:
        scores = scores_of(self.task, values, asked, seed)
        return ScoredItems(asked.wanted, values, scores, self.task, asked)

    def of_kept(self, kept: np.ndarray, reading: Reading) -> np.ndarray:
        return kept

    def scored_again(self, cells: Cells, rule: DecisionRule, *, seed: int) -> Scored:
        known = known_of(self.task)
        wanted = np.array([known.place_of_item.get(name, -1) for name in cells("label")], np.int64)
        numbers = [np.array(cells(name), np.int64) for name in NUMBERS]
        best = np.full((len(wanted), self.task.most), -1, np.int64)
        for row, cell in enumerate(cells("best")):
            places = json.loads(cell)
            best[row, : len(places)] = places
        values = np.concatenate(
            [np.stack(numbers, axis=1), best[:, : min(self.task.most, len(known.items))]], 1
        )
        users, had, lists = (np.array(cells(name), np.int64) for name in ("user", "had", "list"))
        return self._scored(values, Asked(users, wanted, had, lists), seed)

    def has_labels_of(self, of_data: Retrieval) -> bool:  # type: ignore[override]
        return getattr(of_data, "digest", None) == self.task.digest
