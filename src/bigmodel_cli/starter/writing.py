"""A starter config as text: what was seen of the data, and a recipe, become commented YAML."""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.config.scalars import plain_scalar
from bigmodel_cli.sources.split_names import SPLIT_NAMES
from bigmodel_cli.starter.targets import Targets

# Editors with the YAML language server complete and explain the config by it.
MODELINE = "# yaml-language-server: $schema=bigmodel.schema.json"
_ODD = re.compile(r"[^ -~]")
_COMMENT_WIDTH = 100


@dataclass(frozen=True)
class Recipe:
    """How to train on some data.

    Attributes:
        source: The data source as YAML in one line.
        batch_size: Examples per step.
        epochs: So many that there are enough steps.
        learning_rate: At the start; it falls to 0 by a cosine.
        preprocessing: Steps as YAML, a line each.
        augmentation: The same.
        model: The same; without the last layers, which follow from the labels (see `ends_model`).
        multiply_adds: Of a whole training, for an estimate of its time.
        decisions: What was decided, and why: sentences for the person and for the head of the config.
        later: What may be done after a first run, as lines of comment.
        monitor: What decides which epoch is the best, as YAML; None: what `auto` takes.
        why_monitored: The same as a comment; None: the targets' own.
        ends_model: Whether `model` has the last layers, too.
        optimizer_options: Arguments of AdamW besides its learning rate, as YAML, a line each.
        is_too_sure: Whether it goes on learning where probabilities are too certain already, so that they are
            set right afterwards.
    """

    source: str
    batch_size: int
    epochs: int
    learning_rate: str
    preprocessing: Sequence[str]
    augmentation: Sequence[str]
    model: Sequence[str]
    multiply_adds: float
    decisions: Sequence[str]
    later: Sequence[str] = ()
    monitor: str | None = None
    why_monitored: str | None = None
    ends_model: bool = False
    optimizer_options: Sequence[str] = ()
    is_too_sure: bool = False


@dataclass(frozen=True)
class Written:
    """A config that is written as a whole.

    Attributes:
        text: YAML with comments.
        found: What was seen of the data.
        decisions: What was decided, and why.
    """

    text: str
    found: str
    decisions: Sequence[str]


def config_text(name: str, recipe: Recipe, targets: Targets) -> str:
    """The config."""
    parts = [
        MODELINE,
        "# Train with: bigmodel train THIS_FILE",
        *(line for decision in recipe.decisions for line in comment_lines(decision)),
        f"name: {_name(name)}",
        "seed: 0                                # the same seed gives the same splits, order and weights",
        "",
        "data:",
        "  source:" + (f"\n    {recipe.source}" if ":" in recipe.source else f" {recipe.source}"),
        "  # Where the data has no validation or test split of its own, a tenth of it is held out for each.",
        f"  batch_size: {recipe.batch_size}",
        "",
        *_section("preprocessing", recipe.preprocessing, "saved inside the model"),
        *_section("augmentation", recipe.augmentation, "active in training only"),
        "model:",
        *(f"  {line}" for line in [*recipe.model, *([] if recipe.ends_model else targets.head)]),
        "",
        *_goal(targets, recipe),
        "",
        "training:",
        f"  epochs: {recipe.epochs}",
        *_checkpoint(recipe, targets),
        *recipe.later,
    ]
    return "\n".join(parts) + "\n"


_CALIBRATE = "calibrate: {}".ljust(39) + "# after training: probabilities that mean what they say"


def _checkpoint(recipe: Recipe, targets: Targets) -> list[str]:
    if recipe.monitor is None:
        return []
    why = recipe.why_monitored or targets.why_monitored
    return [f"  checkpoint: {{monitor: {recipe.monitor}}}".ljust(39) + f"# {why}"]


def _section(name: str, lines: Sequence[str], comment: str) -> list[str]:
    return [f"{name}:".ljust(39) + f"# {comment}", *(f"  {line}" for line in lines), ""] if lines else []


def comment_lines(sentence: str) -> list[str]:
    """A sentence as lines of comment."""
    return textwrap.wrap(
        sentence,
        _COMMENT_WIDTH,
        initial_indent="# ",
        subsequent_indent="#   ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _goal(targets: Targets, recipe: Recipe) -> list[str]:
    schedule = f"CosineDecay: {{initial_learning_rate: {recipe.learning_rate}}}"
    return [
        f"loss: {targets.loss}",
        "optimizer:",
        "  AdamW:",
        *(f"    {option}" for option in recipe.optimizer_options),
        "    learning_rate:",
        f"      {schedule}".ljust(58) + "# down to 0 at the last step",
        f"metrics: {targets.metrics}",
        *([_CALIBRATE] if recipe.is_too_sure else []),
    ]


def path_from(folder: Path, data: Path) -> str:
    """The path to the data as YAML, relative to the folder of the config unless it was given in full."""
    return quoted(str(data) if data.is_absolute() else os.path.relpath(data, folder))


def quoted(text: str) -> str:
    """A text as YAML, in quotes unless it is surely read as a text without them."""
    is_plain = re.fullmatch(r"[\w./][\w./-]*", text) and plain_scalar(text) == text
    return text if is_plain else _ODD.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    return match.group() if match.group().isprintable() else f"\\U{ord(match.group()):08x}"


def own_name(path: Path) -> str:
    """What data in a file are called: as the file, or as its folder where that is called as a split is."""
    return path.stem if path.stem.lower() not in SPLIT_NAMES else path.resolve().parent.name


def plain_name(path: Path) -> str:
    """The same where it stands in a text that nobody quotes."""
    stem = own_name(path)
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in stem).strip("-_") or "text"


def _name(text: str) -> str:
    """A name that a run's folder can have."""
    kept = "".join(c if c.isalnum() or c in "_-" else "-" for c in text).strip("-")
    return quoted(kept or "model")
