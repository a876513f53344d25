"""What is compared of sounds: as comparisons.py, which has the rest."""

from __future__ import annotations

import tarfile
from pathlib import Path

from comparisons import CONFIGS, Bar, Comparison, Workplace, steady, train
from processes import plain


class SoundsFit(Comparison):
    """Training alone, without start-up and validation."""

    name = "Training configs/spoken_digits.yaml, beside soundfile and `fit`"
    unit = "clips/s"
    bars = (Bar("≥ 1.4 ×", at_least=1.4),)
    _epochs = 10

    def ours(self, place: Workplace) -> dict[str, float]:
        trained = train(
            CONFIGS / "spoken_digits.yaml",
            None,
            place.folder("sounds"),
            f"data.source.audio_folder.path={self._recordings(place)}",
            f"training.epochs={self._epochs}",
        )
        return {"value": steady(trained.images_per_second()), "accuracy": trained.accuracy}

    def plain(self, place: Workplace) -> dict[str, float]:
        words = self._recordings(place), str(self._epochs)
        found = plain("sounds_fit.py", *words, folder=place.scratch).last_line
        return {"value": steady(found["clips_per_second"]), "accuracy": found["accuracy"]}

    def _recordings(self, place: Workplace) -> Path:
        folder = place.folder("fsdd") / "recordings"
        if not folder.is_dir():
            with tarfile.open(place.data / "fsdd" / "recordings.tar.gz") as archive:
                archive.extractall(folder.parent, filter="data")
        return folder


SOUNDS: dict[str, Comparison] = {"sounds": SoundsFit()}
