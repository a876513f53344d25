"""What is compared of recommendation: as comparisons.py, which has the rest."""

from __future__ import annotations

from comparisons import CONFIGS, Bar, Comparison, Workplace, steady, train
from processes import plain


class TowersFit(Comparison):
    """Training alone, without start-up and evaluation."""

    name = "Training configs/two_towers.yaml, beside `fit`"
    unit = "interactions/s"
    bars = (Bar("≥ 5 ×", at_least=5),)
    _epochs = 4

    def ours(self, place: Workplace) -> dict[str, float]:
        ratings, items = self._files(place)
        trained = train(
            CONFIGS / "two_towers.yaml",
            None,
            place.folder("towers"),
            f"data.source.table.path={ratings}",
            f"data.source.table.join.item.path={items}",
            f"training.epochs={self._epochs}",
        )
        return {"value": steady(trained.images_per_second())}

    def plain(self, place: Workplace) -> dict[str, float]:
        found = plain("towers_fit.py", *self._files(place), str(self._epochs), folder=place.scratch).last_line
        return {"value": steady(found["interactions_per_second"])}

    def _files(self, place: Workplace) -> tuple[str, str]:
        folder = place.data / "movietweetings_100k"
        return str(folder / "ratings.csv"), str(folder / "items.csv")


INTERACTIONS: dict[str, Comparison] = {"towers": TowersFit()}
