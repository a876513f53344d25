"""A new run that starts from the weights of another: fine-tuning."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from bigmodel_cli.config.frozen import without_weights_of
from bigmodel_cli.config.load import LoadedConfig
from bigmodel_cli.cut import some
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.inference.loading import load_checkpoint
from bigmodel_cli.inference.run_config import read_experiment
from bigmodel_cli.modeling.build import BuiltModel
from bigmodel_cli.modeling.cut import is_frozen, leaves
from bigmodel_cli.run_files import checkpoint_entry
from bigmodel_cli.run_folder import BEST, RunFolder
from bigmodel_cli.signature import slugs
from bigmodel_cli.sources.base import SplitName
from bigmodel_cli.training.by_name import Head, base_weights, vocabularies
from bigmodel_cli.training.from_file import FileTransfer, assign_stored
from bigmodel_cli.training.weight_files import digest_of, read_weight_file

# Names of classes in index order, None where labels are numbers; of several targets by target.
Labels = Any


@dataclass(frozen=True)
class Copied:
    """Which layers of a model have weights of another.

    Attributes:
        loaded: Names of the layers whose weights were taken.
        new: Names of the layers with weights that start anew.
        reasons: Why some of these do although there is a layer for them, by name.
        unused: Names of the other model's layers that found no place.
        parameters: How many weights were taken.
    """

    loaded: list[str]
    new: list[str]
    reasons: Mapping[str, str]
    unused: list[str]
    parameters: int


@dataclass(frozen=True)
class Transfer:
    """What came from another run.

    Attributes:
        run: The other run.
        sha256: Of the checkpoint.
        copied: Which layers have its weights.
        seen: How many held-out examples it was trained on, by split, where there are some.
    """

    run: RunFolder
    sha256: str
    copied: Copied
    seen: Mapping[SplitName, int] = field(default_factory=dict)

    def describe(self) -> str:
        """One sentence for people."""
        copied = self.copied
        what = f"weights of {len(copied.loaded)} layers ({copied.parameters:,} parameters)"
        parts = [f"{what} are from {self.run.title}"]
        if copied.new:
            parts.append(f"new: {', '.join(map(self._named, copied.new))}")
        if copied.unused:
            parts.append(f"not used of it: {', '.join(copied.unused)}")
        return "; ".join(parts)

    def _named(self, layer: str) -> str:
        reason = self.copied.reasons.get(layer)
        return layer if reason is None else f"{layer} ({reason})"

    @property
    def new(self) -> list[str]:
        """Layers that keep their own weights."""
        return self.copied.new

    def as_json(self) -> dict[str, Any]:
        return {
            "run": str(self.run.path),
            "checkpoint": BEST,
            "sha256": self.sha256,
            "loaded": self.copied.loaded,
            "new": self.copied.new,
            "reasons": dict(self.copied.reasons),
            "unused": self.copied.unused,
            "trained_on": dict(self.seen),
        }


def still_random(transfer: Transfer | FileTransfer, built: BuiltModel) -> list[str]:
    """Names of layers that do not learn, and got weights neither from an application nor from elsewhere."""
    found, new = [], set(transfer.new)
    for layer in built.model.layers:
        origin = built.origins.get(layer.name)
        if origin is None or origin.family != "applications" or origin.arguments.get("weights", "") is None:
            inside = leaves(layer) if getattr(layer, "layers", None) else [layer]
            found += [one.name for one in inside if is_frozen(one) and one.name in new]
    return found


@dataclass(frozen=True)
class Parent:
    """The run that a new one starts from.

    Attributes:
        run: Its folder.
        trust: Whether its model is loaded even if it can run code.
    """

    run: RunFolder
    trust: bool = False

    @property
    def title(self) -> str:
        """As a person calls it."""
        return self.run.title


@dataclass(frozen=True)
class ParentFile:
    """A file, or a SavedModel's folder, whose weights a run starts from.

    Attributes:
        path: Where it is.
        trust: Whether its weights are taken even if it holds code, which is not run.
    """

    path: Path
    trust: bool = False

    @property
    def title(self) -> str:
        """As a person calls it."""
        return str(self.path)


def without_fetching(config: LoadedConfig, parent: Parent | ParentFile) -> LoadedConfig:
    """A config whose applications need no weights of ImageNet, of those that the other run has as well."""
    if isinstance(parent, ParentFile):
        return config
    try:
        others = read_experiment(parent.run).model
    except DataError:
        return config
    experiment = config.experiment
    steps = without_weights_of(experiment.model, others)
    return replace(config, experiment=experiment.model_copy(update={"model": steps}))


def take_weights(model: Any, parent: Parent | ParentFile, labels: Labels) -> Transfer | FileTransfer:
    """Give a model the weights of a run's best checkpoint, or of a file, layer by layer.

    Layers are matched in order, by their class and the shapes of their weights, so that a step that was put
    in, or another number of classes at the end, leaves the rest in place. What `adapt()` has learnt stays: it
    is of the new data. What stands for classes or words goes by their names.

    Args:
        model: Built, with adapted layers.
        parent: The other run, or the file.
        labels: Names of the new run's classes, in index order; None where labels are numbers; of several
            targets by target.

    Raises:
        DataError: If the checkpoint is missing or damaged.
        UsageError: If no layer fits.
    """
    if isinstance(parent, ParentFile):
        return _take_from_file(model, parent)
    run = parent.run
    sha256 = checkpoint_entry(run, BEST)["sha256"]
    source = load_checkpoint(run, BEST, trust=parent.trust)
    copied = copy_weights(source, model, run.read_labels(), labels)
    if copied is None:
        raise UsageError(
            f"--from {run.title}: no layer of the model has the class and the shapes of one of that run's",
            hint=f"see its layers: bigmodel show --model {run.config}",
        )
    return Transfer(run, sha256, copied)


def _take_from_file(model: Any, parent: ParentFile) -> FileTransfer:
    stored = read_weight_file(parent.path, trust=parent.trust)
    found = assign_stored(list(_layers(model)), stored, model)
    if not found.taken:
        raise UsageError(
            f"--from {parent.path}: no layer of the model has the shapes of one of the file's "
            f"{len(stored)}: {some([one.described for one in stored], 5)}",
            hint="build the model as the file's was, or leave out what is another: bigmodel show CONFIG",
        )
    return FileTransfer(parent.path, digest_of(parent.path), found)


def copy_weights(source: Any, model: Any, their_labels: Labels, our_labels: Labels) -> Copied | None:
    """Give a model the weights of another where layers fit; None where no layer fits."""
    theirs, ours = list(_layers(source)), list(_layers(model))
    heads = _heads(theirs, ours, their_labels, our_labels)
    if heads is None:
        heads = [Head(ours[-1], theirs[-1], their_labels, our_labels)]
        pairs = list(_pairs(theirs, ours))
    else:
        # Heads go to heads of the same target, whatever order they are in.
        own, others = _heads_of(ours, our_labels), _heads_of(theirs, their_labels)
        pairs = list(
            _pairs(
                [layer for layer in theirs if layer not in others.values()],
                [layer for layer in ours if layer not in own.values()],
            )
        )
        pairs += [(others[name], layer) for name, layer in own.items() if _fits(others.get(name), layer)]
    if not pairs:
        return None
    words_differ = vocabularies(source) != vocabularies(model)
    reasons: dict[str, str] = {}
    taken_from, given_to = set(), set()
    for source_layer, layer in pairs:
        head = next((one for one in heads if one.is_of(layer)), heads[0])
        reason = head.reason_against(source_layer, layer)
        if type(layer).__name__ in ("Embedding", "ReversibleEmbedding") and words_differ:
            reason = "the vocabulary is another"
        if reason is not None:
            reasons[layer.name] = reason
            continue
        for weight, value in zip(base_weights(layer), head.weights_for(source_layer, layer), strict=True):
            weight.assign(value)
        taken_from.add(id(source_layer))
        given_to.add(id(layer))
    return Copied(
        [layer.name for layer in ours if id(layer) in given_to],
        [layer.name for layer in ours if id(layer) not in given_to],
        reasons,
        [layer.name for layer in theirs if id(layer) not in taken_from],
        sum(layer.count_params() for layer in ours if id(layer) in given_to),
    )


def take_weights_again(model: Any, parent: Mapping[str, Any], labels: Labels) -> None:
    """Give a model the weights that its run began with, where no checkpoint has them.

    Args:
        model: As the run's config has it.
        parent: What run.json says of the other run.
        labels: As for `take_weights`.

    Raises:
        DataError: If that run's checkpoint is not there any more, or is another one by now.
    """
    if "file" in parent:
        _take_from_file_again(model, Path(parent["file"]), parent["sha256"])
        return
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
    take_weights(model, Parent(run), labels)


def _take_from_file_again(model: Any, path: Path, sha256: str) -> None:
    hint = "bring it back, or start again: bigmodel train CONFIG --from FILE"
    if not path.exists():
        raise DataError(f"{path}: the weights that the run began with are gone", hint=hint)
    if digest_of(path) != sha256:
        raise DataError(f"{path}: not the weights that the run began with", hint=hint)
    # What it holds was looked at when the run began.
    _take_from_file(model, ParentFile(path, trust=True))


def _heads_of(layers: Sequence[Any], labels: Labels) -> dict[str, Any]:
    """The layers that give the outputs of a model, by target."""
    if not isinstance(labels, Mapping):
        return {"": layers[-1]}
    by_name = {layer.name: layer for layer in layers}
    return {name: by_name[slug] for name, slug in slugs(labels).items() if slug in by_name}


def _heads(
    theirs: Sequence[Any], ours: Sequence[Any], their_labels: Labels, our_labels: Labels
) -> list[Head] | None:
    """What stands for classes of each of several targets; None where both models have one."""
    if not isinstance(their_labels, Mapping) and not isinstance(our_labels, Mapping):
        return None
    others = _heads_of(theirs, their_labels)
    known = their_labels if isinstance(their_labels, Mapping) else {}
    wanted = our_labels if isinstance(our_labels, Mapping) else {"": our_labels}
    found = [
        Head(layer, others.get(name), known.get(name), wanted[name])
        for name, layer in _heads_of(ours, our_labels).items()
    ]
    return found or [Head(None, None, None, None)]


def _fits(source: Any, layer: Any) -> bool:
    return source is not None and _kind(source) == _kind(layer)


def _layers(model: Any) -> Iterator[Any]:
    """The layers whose weights gradients can change, those inside applications in their place, in order."""
    return (layer for layer in leaves(model) if layer.weights and not hasattr(layer, "adapt"))


def _pairs(theirs: Sequence[Any], ours: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    matcher = SequenceMatcher(None, [_kind(x) for x in theirs], [_kind(x) for x in ours], autojunk=False)
    for block in matcher.get_matching_blocks():
        yield from zip(
            theirs[block.a : block.a + block.size], ours[block.b : block.b + block.size], strict=True
        )


def _kind(layer: Any) -> tuple[Any, ...]:
    return type(layer).__name__, tuple(tuple(weight.shape) for weight in base_weights(layer))
