"""What is compared of masks: as comparisons.py, which has the rest."""

from __future__ import annotations

from comparisons import CONFIGS, Bar, Comparison, Workplace, steady, train
from processes import plain


class MasksFit(Comparison):
    """Training alone, without start-up and validation."""

    name = "Training configs/cells.yaml, beside a U-Net by `fit`"
    unit = "images/s"
    bars = (Bar("≥ 1.4 ×", at_least=1.4),)
    _epochs = 4

    def ours(self, place: Workplace) -> dict[str, float]:
        trained = train(
            CONFIGS / "cells.yaml",
            None,
            place.folder("masks"),
            f"data.source.mask_folder.path={place.data / 'wbc_seg'}",
            f"training.epochs={self._epochs}",
        )
        return {"value": steady(trained.images_per_second())}

    def plain(self, place: Workplace) -> dict[str, float]:
        words = place.data / "wbc_seg", str(self._epochs)
        found = plain("masks_fit.py", *words, folder=place.scratch).last_line
        return {"value": steady(found["images_per_second"]), "mean_iou": found["mean_iou"]}


MASKS: dict[str, Comparison] = {"masks": MasksFit()}
