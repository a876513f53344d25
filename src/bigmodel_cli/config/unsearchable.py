"""What may not be searched: what would make scores of trials incomparable, and what changes no score."""

from __future__ import annotations

from dataclasses import dataclass

from bigmodel_cli.config.by_name import SOURCE_PATH
from bigmodel_cli.config.naming import LOSS, VALIDATION
from bigmodel_cli.config.tree import dotted

Path = tuple[str, ...]

_OTHER_EXAMPLES = "trials would be scored on different examples, so that their scores could not be compared"
_OTHER_EPOCH = "it says which epoch of a trial counts, so that scores could not be compared"
_NO_SCORE = "it changes no score, so that a search tells nothing of it"
# Of these no trial can be compared with another one, or none is changed.
_REFUSED: dict[Path, str] = {
    ("name",): "trials are named by the search",
    ("code",): "its files are read before a search begins, and say which names there are",
    ("extends",): "files are put together before a search begins",
    ("tune",): "a search does not search itself",
    ("expect",): "gates are asked of a finished run, and change no trial",
    ("track",): "where trials are told of changes none of them",
    ("metrics",): "it changes what is measured, not what is trained",
    ("calibrate",): "it is decided after training, when trials are compared already",
    ("data", "validation"): _OTHER_EXAMPLES,
    ("data", "test"): _OTHER_EXAMPLES,
    ("data", "split_by"): _OTHER_EXAMPLES,
    ("data", "fold"): _OTHER_EXAMPLES,
    ("data", "on_bad_file"): _OTHER_EXAMPLES,
    ("training", "checkpoint", "monitor"): _OTHER_EPOCH,
    ("training", "checkpoint", "mode"): _OTHER_EPOCH,
}
# These may be meant.
_WARNED: dict[Path, str] = {
    ("seed",): "a seed is luck and no hyper-parameter: the best of many is not better on other data",
    ("training", "time"): "how far a trial gets in it depends on what else the machine does",
    ("data", "cache"): _NO_SCORE,
    ("training", "device"): _NO_SCORE,
    ("training", "deterministic"): _NO_SCORE,
    ("training", "steps_per_execution"): _NO_SCORE,
    ("training", "jit_compile"): _NO_SCORE,
    ("training", "checkpoint", "every"): _NO_SCORE,
    ("training", "checkpoint", "keep"): _NO_SCORE,
}
# Options of a source by which the same examples are read in another way.
_OF_READING = frozenset({"image_size", "color_mode", "interpolation", "aspect_ratio", "columns"})
_INSTEAD = {
    ("seed",): "to see the spread, train the best config with several seeds",
    ("data", "test"): "leave it as it is: a search does not look at the test split",
    ("training", "time"): "search training.epochs",
    ("expect",): "let it stand in the config: the best config is asked",
}


@dataclass(frozen=True)
class Why:
    """Why a key may not be searched.

    Attributes:
        message: The reason.
        suggestion: What to do instead.
        is_warning: It may be meant.
    """

    message: str
    suggestion: str | None = None
    is_warning: bool = False


def why_not(path: Path, metric: str | None, others: list[str]) -> Why | None:
    """Why a path of the config may not be searched; None where it may.

    Args:
        path: Its keys.
        metric: The column that trials are compared by, as far as it is known.
        others: Columns of the validation split that are no loss.
    """
    for known, reason in _REFUSED.items():
        if path[: len(known)] == known:
            return Why(f"it cannot be searched: {reason}", _INSTEAD.get(known))
        if known[: len(path)] == path:
            hint = f"search its keys, such as {_example(path)}; several at once by a preset"
            return Why(f"it cannot be searched as a whole: {dotted(known)} is in it", hint)
    for known, reason in _WARNED.items():
        if path[: len(known)] == known:
            return Why(reason, _INSTEAD.get(known), is_warning=True)
    if path[: len(SOURCE_PATH)] == SOURCE_PATH:
        return _of_source(path[len(SOURCE_PATH) :])
    if path[0] in (LOSS, "loss_weights") and metric is not None and is_loss(metric):
        return _of_loss(metric, others)
    return None


def is_loss(column: str) -> bool:
    """Whether a column is the loss, or that of one of several targets."""
    name = column.removeprefix(VALIDATION)
    return name == LOSS or name.endswith(f"_{LOSS}")


def _example(path: Path) -> str:
    examples: dict[Path, str] = {("data",): "data.batch_size", ("training",): "training.epochs"}
    return examples.get(path, f"{dotted(path)}.KEY")


def _of_source(path: Path) -> Why | None:
    """Of the source's options, the path behind `data.source`."""
    if len(path) < 2:
        return Why(f"it cannot be searched: {_OTHER_EXAMPLES}", "of a source, search image_size or the like")
    if path[1] in _OF_READING:
        return None
    return Why(
        f"it cannot be searched: {_OTHER_EXAMPLES}",
        f"of a source's options these may be searched: {', '.join(sorted(_OF_READING))}",
    )


def _of_loss(metric: str, others: list[str]) -> Why:
    hint = f"compare trials by another column: metric: {others[0]}" if others else None
    message = f"trials are compared by {metric}, which would be another loss in each of them"
    return Why(message, hint or "name a metric in metrics, and compare trials by it: metric: val_NAME")
