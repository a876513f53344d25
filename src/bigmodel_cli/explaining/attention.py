"""Which tokens of the text that is given each token of the text that is found looks at.

What is told is what a decoder's layers of cross-attention give (Bahdanau et al. 2015, figure 3), averaged
over their heads and over all layers. It says where a model looks, not what its decision rests on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.inference.loading import load_for_inference
from bigmodel_cli.inference.opened import OpenRun, reading_of_run
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.inference.translating.translator import Translator
from bigmodel_cli.modeling.attention import CROSS, WEIGHTS
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.devices import choose_device
from bigmodel_cli.parts import part_of
from bigmodel_cli.sources.stores import Store
from bigmodel_cli.tasks.explain import Explained
from bigmodel_cli.tasks.generation.predictions import written
from bigmodel_cli.tasks.translation.task import Translation
from bigmodel_cli.vocabulary.vocabulary import Vocabulary


@dataclass(frozen=True)
class Looks:
    """A text that was found, and where its tokens look.

    Attributes:
        name: What the example is called.
        column, target: What both texts are called.
        text: The one that was found.
        given: Tokens of the one that was given.
        found: Tokens of the one that was found, its end included.
        shares: Of each of these how much it looks at each of those, float64 (found, given); of a token they
            sum to 1.
        num_layers: Over so many layers they are averaged.
    """

    name: str
    column: str
    target: str
    text: str
    given: Sequence[str]
    found: Sequence[str]
    shares: np.ndarray
    num_layers: int

    def most(self, token: int, count: int) -> list[tuple[str, float]]:
        """What a token looks at most."""
        row = self.shares[token]
        return [(self.given[place], float(row[place])) for place in np.argsort(-row, kind="stable")[:count]]

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.name,
            "column": self.column,
            "target": self.target,
            "prediction": self.text,
            "given_tokens": list(self.given),
            "found_tokens": list(self.found),
            "attention": [[round(share, 6) for share in row] for row in self.shares.tolist()],
            "layers": self.num_layers,
        }


def is_explained_by_attention(opened: OpenRun) -> bool:
    """Whether of a run it is shown where tokens look."""
    targets = opened.signature.targets.values()
    return len(targets) == 1 and all(part_of(task, Explained).by_attention for task in targets)


class AttentionExplainer:
    """A run's model of translations, ready to be asked where it looks.

    Args:
        opened: The run.
        trust: Load the model even if it can run code.

    Raises:
        UsageError: If the model has no such layers, or takes several texts.
        DataError: If it cannot be loaded.
    """

    def __init__(self, opened: OpenRun, *, trust: bool) -> None:
        signature, title = opened.signature, opened.folder.title
        if len(signature.given) > 1:
            raise UsageError(
                f"{title}: its model takes several texts, and which one is looked at is not known"
            )
        ((self._column, kind),) = signature.given.items()
        self._given = cast(Vocabulary, kind.vocabulary)
        (self._target,), self._task = signature.targets, cast(Translation, signature.task)
        self._signature = signature
        experiment = read_experiment(opened.folder)
        choose_device("cpu" if experiment.training.device == "cpu" else "auto")
        start(seed=experiment.seed)
        model = load_for_inference(opened.folder, "best", trust=trust)
        self._translate = Translator(model, signature, reading_of_run(opened))
        self._model = _looking(model)
        if self._model is None:
            raise UsageError(
                f"{title}: its model has no layer that looks at the given text",
                hint="transformer_decoder has such layers",
            )

    def explain(self, name: str, row: Mapping[str, Store]) -> Looks:
        """Where the tokens of the likeliest text look.

        Args:
            name: What the example is called.
            row: One value in the column of the text.

        Raises:
            UsageError: If what is looked at are no tokens of it.
        """
        ids = np.asarray(row[self._column].read(0))
        (found,) = self._translate({self._column: ids[np.newaxis]})[:, 1:].astype(np.int32)
        known = self._task.vocabulary
        count = min(self._task.num_tokens(found) + 1, self._task.length)
        before = np.full(self._task.length, cast(int, known.padding), np.int32)
        before[:count] = [cast(int, known.begin), *found[: count - 1]]
        (so_far,) = (one for one, kind in self._signature.inputs.items() if kind.so_far is not None)
        slugs = self._signature.slugs
        given = {slugs[self._column]: ids[np.newaxis], slugs[so_far]: before[np.newaxis]}
        weights = self._model(given, training=False).values()
        layers = [np.asarray(one, np.float64)[0].mean(axis=0) for one in weights]
        if any(one.shape[1] != len(ids) for one in layers):
            raise UsageError(f"{self._column}: what the model looks at are no tokens of this text")
        there = np.flatnonzero(ids != self._given.padding)
        return Looks(
            name,
            self._column,
            self._target,
            self._task.text(found.tolist()),
            _names(self._given, ids[there]),
            _names(known, found[:count]),
            np.mean(layers, axis=0)[:count][:, there],
            len(layers),
        )


def _looking(model: Any) -> Any:
    """From a model's inputs to the weights of its layers that look at the other text; None: there are none.

    Of each layer they are (batch, heads, tokens, tokens of the other text).
    """
    from bigmodel_cli.modeling.cut import model_from

    layers = (one for one in model.layers if CROSS in one.name and one.name.endswith(WEIGHTS))
    weights = {one.name: one.output for one in layers}
    return model_from({tensor.name: tensor for tensor in model.inputs}, weights) if weights else None


def _names(vocabulary: Vocabulary, ids: np.ndarray) -> list[str]:
    ends = {vocabulary.begin: "⊢", vocabulary.end: "⊣"}
    return [ends.get(one) or written(vocabulary, one) for one in ids.tolist()]
