"""What is compared of texts: as comparisons.py, which has the rest."""

from __future__ import annotations

import os
from pathlib import Path

from comparisons import CONFIGS, HERE, Bar, Comparison, Workplace, steady, train
from processes import plain, run


class TextFit(Comparison):
    """Training alone, without start-up and validation."""

    unit = "texts/s"
    _epochs = 6

    def __init__(self, batch_size: int, bar: Bar) -> None:
        self.name = f"Training on means of words' vectors (AG's news), batches of {batch_size}, beside `fit`"
        self.bars = (bar,)
        self._batch_size = batch_size

    def ours(self, place: Workplace) -> dict[str, float]:
        trained = train(
            HERE / "texts.yaml",
            None,
            place.folder(f"texts-{self._batch_size}"),
            f"data.source.table.path={place.data / 'ag_news' / 'train.csv'}",
            f"data.source.table.test={place.data / 'ag_news' / 'test.csv'}",
            f"data.batch_size={self._batch_size}",
            f"training.epochs={self._epochs}",
        )
        return {"value": steady(trained.images_per_second()), "accuracy": trained.accuracy}

    def plain(self, place: Workplace) -> dict[str, float]:
        files = (place.data / "ag_news" / f"{split}.csv" for split in ("train", "test"))
        words = str(self._batch_size), str(self._epochs)
        found = plain("text_fit.py", *files, *words, folder=place.scratch).last_line
        return {"value": steady(found["texts_per_second"]), "accuracy": found["accuracy"]}


class TokensFit(Comparison):
    """Training alone, without start-up and validation.

    Args:
        beside: What the name says of the other side.
        script: The other side.
        bar: What is to hold.
        python: That which runs the script, where another one does.
    """

    unit = "windows/s"
    _steps, _epochs = 250, 3

    def __init__(self, beside: str, script: str, bar: Bar, python: str | None = None) -> None:
        self.name = f"Training configs/shakespeare_char.yaml, beside {beside}"
        self.bars = (bar,)
        self._script, self._python = script, python

    def ours(self, place: Workplace) -> dict[str, float]:
        trained = train(
            CONFIGS / "shakespeare_char.yaml",
            None,
            place.folder("tokens"),
            f"data.source.text_files.path={self._text(place)}",
            f"training.epochs={self._epochs}",
        )
        return {"value": steady(trained.images_per_second())}

    def plain(self, place: Workplace) -> dict[str, float]:
        words = self._text(place), str(self._steps), str(self._epochs)
        if self._python is None:
            found = plain(self._script, *words, folder=place.scratch)
        else:
            found = run([self._python, HERE / "plain" / self._script, *words], place.scratch)
        return {"value": steady(found.last_line["windows_per_second"])}

    def _text(self, place: Workplace) -> Path:
        return place.data / "tiny_shakespeare" / "input.txt"


class PairsFit(Comparison):
    """Training alone, without start-up and validation.

    Args:
        length: What the script fills all texts up to; 0: up to the longest of their batch.
        bar: What is to hold.
    """

    unit = "pairs/s"
    _epochs = 3

    def __init__(self, length: int, bar: Bar) -> None:
        padded = f"texts of {length} tokens" if length else "texts as long as their batch's longest"
        self.name = f"Training configs/multi30k.yaml, beside `fit` on {padded}"
        self.bars = (bar,)
        self._length = length

    def ours(self, place: Workplace) -> dict[str, float]:
        # What is written of held-out texts is not measured here, and takes as long as an epoch.
        splits = {"path": "train", "validation": "val", "test": "val"}
        files = (f"data.source.table.{option}={self._file(place, split)}" for option, split in splits.items())
        few = (f"training.epochs={self._epochs}", "data.source.table.target={de: {beams: 1}}")
        trained = train(CONFIGS / "multi30k.yaml", None, place.folder("pairs"), *files, *few)
        return {"value": steady(trained.images_per_second())}

    def plain(self, place: Workplace) -> dict[str, float]:
        words = str(self._epochs), str(self._length)
        found = plain("pairs_fit.py", self._file(place, "train"), *words, folder=place.scratch).last_line
        return {"value": steady(found["pairs_per_second"])}

    def _file(self, place: Workplace, split: str) -> Path:
        return place.data / "multi30k_en_de" / f"{split}.tsv"


TEXTS: dict[str, Comparison] = {
    "texts-32": TextFit(32, Bar("≥ 2 ×", at_least=2)),
    "texts-256": TextFit(256, Bar("≥ 3 ×", at_least=3)),
    "pairs": PairsFit(0, Bar("≥ 1.4 ×", at_least=1.4)),
    "pairs-64": PairsFit(64, Bar("≥ 1.4 ×", at_least=1.4)),
    "tokens": TokensFit("the same network by `fit`", "tokens_fit.py", Bar("≥ 1.3 ×", at_least=1.3)),
}
# PyTorch lives in an environment of its own, whose Python this names.
if python := os.environ.get("TORCH_PYTHON"):
    bar = Bar("≥ 1.2 ×", at_least=1.2)
    TEXTS["tokens-torch"] = TokensFit("the same network in PyTorch", "tokens_torch.py", bar, python)
