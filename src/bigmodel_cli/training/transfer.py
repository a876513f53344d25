"""A new run that starts from the weights of another: fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.run_files import checkpoint_entry
from bigmodel_cli.run_folder import BEST, RunFolder


@dataclass(frozen=True)
class Transfer:
    """What came from another run.

    Attributes:
        run: The other run.
        sha256: Of the checkpoint.
        loaded: Names of the layers whose weights were taken.
        new: Names of the layers with weights that start anew.
        unused: Names of the other run's layers that found no place.
        parameters: How many weights were taken.
    """

    run: RunFolder
    sha256: str
    loaded: list[str]
    new: list[str]
    unused: list[str]
    parameters: int

    def describe(self) -> str:
        """One sentence for people."""
        parts = [
            f"weights of {len(self.loaded)} layers ({self.parameters:,} parameters) are from {self.run.title}"
        ]
        if self.new:
            parts.append(f"new: {', '.join(self.new)}")
        if self.unused:
            parts.append(f"not used of it: {', '.join(self.unused)}")
        return "; ".join(parts)

    def as_json(self) -> dict[str, Any]:
        return {
            "run": str(self.run.path),
            "checkpoint": BEST,
            "sha256": self.sha256,
            "loaded": self.loaded,
            "new": self.new,
            "unused": self.unused,
        }


@dataclass(frozen=True)
class Parent:
    """The run that a new one starts from.

    Attributes:
        run: Its folder.
        trust: Whether its model is loaded even if it can run code.
    """

    run: RunFolder
    trust: bool = False


def take_weights(model: Any, parent: Parent) -> Transfer:
    """Give a model the weights of a run's best checkpoint, layer by layer.

    Layers are matched in order, by their class and the shapes of their weights, so that a step that was put
    in, or another number of classes at the end, leaves the rest in place.

    Raises:
        DataError: If the checkpoint is missing or damaged.
        UsageError: If no layer fits.
    """
    run = parent.run
    sha256 = checkpoint_entry(run, BEST)["sha256"]
    theirs = list(_layers(load_checkpoint(run, BEST, trust=parent.trust)))
    ours = list(_layers(model))
    matcher = SequenceMatcher(None, [_kind(x) for x in theirs], [_kind(x) for x in ours], autojunk=False)
    pairs = [
        (theirs[block.a + offset], ours[block.b + offset])
        for block in matcher.get_matching_blocks()
        for offset in range(block.size)
    ]
    if not pairs:
        raise UsageError(
            f"--from {run.title}: no layer of the model has the class and the shapes of one of that run's",
            hint=f"see its layers: bigmodel show --model {run.config}",
        )
    for source, target in pairs:
        target.set_weights(source.get_weights())
    taken_from, given_to = {id(source) for source, _ in pairs}, {id(target) for _, target in pairs}
    return Transfer(
        run,
        sha256,
        [layer.name for layer in ours if id(layer) in given_to],
        [layer.name for layer in ours if id(layer) not in given_to],
        [layer.name for layer in theirs if id(layer) not in taken_from],
        sum(layer.count_params() for layer in ours if id(layer) in given_to),
    )


def take_weights_again(model: Any, parent: Mapping[str, Any]) -> None:
    """Give a model the weights that its run began with, where no checkpoint has them.

    Args:
        model: As the run's config has it.
        parent: What run.json says of the other run.

    Raises:
        DataError: If that run's checkpoint is not there any more, or is another one by now.
    """
    run = RunFolder(Path(parent["run"]))
    hint = "start again: bigmodel train CONFIG --from RUN"
    try:
        is_the_same = checkpoint_entry(run, BEST)["sha256"] == parent["sha256"]
    except DataError as error:
        raise DataError(
            f"the weights that the run began with are gone: {error.message}", hint=hint
        ) from error
    if not is_the_same:
        what = f"{run.checkpoint(BEST)} is not the one that the run began with"
        raise DataError(f"{what}, and no checkpoint has its weights", hint=hint)
    take_weights(model, Parent(run))


def _layers(model: Any) -> Iterator[Any]:
    """The layers with weights, inner ones of models in models included, in order."""
    for layer in model.layers:
        if getattr(layer, "layers", None):
            yield from _layers(layer)
        elif layer.weights:
            yield layer


def _kind(layer: Any) -> tuple[Any, ...]:
    return type(layer).__name__, tuple(tuple(weight.shape) for weight in layer.weights)
