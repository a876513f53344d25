"""A run's model on new examples."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from bigmodel_cli.csv_rows import csv_row
from bigmodel_cli.errors import DataError
from bigmodel_cli.inference.engines import Engine
from bigmodel_cli.inference.inputs import Input
from bigmodel_cli.inference.opened import OpenRun
from bigmodel_cli.inference.scores import as_probabilities

BATCH_SIZE = 64


@dataclass(frozen=True)
class Prediction:
    """What the model says of one example.

    Attributes:
        input: The example.
        scores: One per class, or the predicted numbers; None where the example could not be read.
        class_names: In index order; None where the model predicts numbers.
        error: Why it could not be read.
    """

    input: Input
    scores: np.ndarray | None
    class_names: Sequence[str] | None
    error: str | None = None

    def top(self, count: int) -> list[tuple[str, float]]:
        """The best classes with their scores, best first."""
        if self.scores is None or self.class_names is None:
            return []
        best = np.argsort(-self.scores, kind="stable")[:count]
        return [(self.class_names[index], float(self.scores[index])) for index in best]

    def as_json(self, count: int) -> dict[str, Any]:
        document: dict[str, Any] = {"input": self.input.name}
        if self.scores is None:
            return {**document, "error": self.error}
        if self.class_names is None:
            return {
                **document,
                "prediction": self.scores.item() if self.scores.size == 1 else self.scores.tolist(),
            }
        top = [{"class": name, "probability": score} for name, score in self.top(count)]
        return {**document, "prediction": top[0]["class"], "probability": top[0]["probability"], "top": top}


def predict(
    opened: OpenRun, engine: Engine, inputs: Iterable[Input], *, invert: bool = False
) -> Iterator[Prediction]:
    """Predict examples in batches; files are decoded ahead by threads.

    An example that cannot be read yields a prediction with an `error`; the others go on.

    Args:
        opened: The run.
        engine: Computes.
        inputs: What to predict.
        invert: Whether bright becomes dark first.
    """
    signature = opened.signature
    from_logits = bool(opened.record.get("from_logits"))

    def read(item: Input) -> np.ndarray | DataError:
        try:
            return item.read(signature, invert=invert)
        except DataError as error:
            return error

    waiting = iter(inputs)
    with ThreadPoolExecutor(os.cpu_count() or 1) as decoders:
        while batch := list(islice(waiting, BATCH_SIZE)):
            read_batch = list(decoders.map(read, batch)) if len(batch) > 1 else [read(batch[0])]
            features = [item for item in read_batch if not isinstance(item, DataError)]
            outputs = iter(engine.predict(np.stack(features))) if features else iter(())
            for item, result in zip(batch, read_batch, strict=True):
                if isinstance(result, DataError):
                    yield Prediction(item, None, signature.class_names, result.message)
                else:
                    yield Prediction(
                        item,
                        _scores(next(outputs), signature.class_names, from_logits),
                        signature.class_names,
                    )


def _scores(output: np.ndarray, class_names: Sequence[str] | None, from_logits: bool) -> np.ndarray:
    if class_names is None:
        return output
    return np.asarray(as_probabilities(output[np.newaxis], from_logits=from_logits)[0])


def write_csv(path: Path, predictions: Sequence[Prediction]) -> None:
    """Write predictions with a score per class; examples that could not be read have their reason instead."""
    names = list(predictions[0].class_names or ()) if predictions else []
    with path.open("w", encoding="utf-8", newline="") as file:
        probability = ["probability"] if names else []
        scores = [f"score_{name}" for name in names]
        file.write(csv_row(["input", "prediction", *probability, *scores, "error"]))
        for item in predictions:
            file.write(csv_row([item.input.name, *_cells(item, len(names)), item.error or ""]))


def _cells(item: Prediction, num_classes: int) -> list[str]:
    if item.scores is None:
        return [""] * (num_classes + 2 if num_classes else 1)
    if not num_classes:
        return [" ".join(f"{value:.6g}" for value in item.scores.ravel())]
    ((best, score),) = item.top(1)
    return [best, f"{score:.6g}", *(f"{value:.6g}" for value in item.scores)]
