"""A commented starter config for data that a user points at."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from bigmodel_cli.config.reader import plain_scalar
from bigmodel_cli.config.shipped import find_shipped
from bigmodel_cli.errors import DataError, UsageError
from bigmodel_cli.sources.image_decoding import image_size_and_mode
from bigmodel_cli.sources.image_names import is_image_name

SAMPLE_FILES = 200
# Editors with the YAML language server complete and explain the config by it.
_MODELINE = "# yaml-language-server: $schema=bigmodel.schema.json"
_ODD = re.compile(r"[^ -~]")
# Sizes that halve well in the pooling layers of the starter models.
SIZES = (28, 32, 48, 64, 96, 128, 160, 224)


@dataclass(frozen=True)
class Starter:
    """A config as text.

    Attributes:
        text: YAML with comments.
        found: What was seen of the data, in a sentence.
    """

    text: str
    found: str


@dataclass(frozen=True)
class _Images:
    """What a sample of a folder's images is like."""

    num_classes: int
    num_images: int
    side: int
    color_mode: str


def make_starter(data: Path | None, *, written_in: Path = Path()) -> Starter:
    """A starter config.

    Args:
        written_in: The folder that the config will be in, which its path to the data is relative to.
        data: A folder with an image folder per class, a .csv of paths and labels, or an .npz; None for the
            handwritten digits that come with scikit-learn.

    Raises:
        UsageError: If there is no such file, or it is none of these.
        DataError: If the folder is not arranged as expected.
    """
    if data is None:
        return Starter(
            _config(name="digits", source="digits", images=_Images(10, 1797, 8, "grayscale")), "no data given"
        )
    if data.is_dir():
        return _for_folder(data, _path_from(written_in, data))
    if not data.exists():
        raise UsageError(f"{data}: no such file or folder")
    if data.suffix.lower() == ".npz":
        source = f"npz: {{path: {_path_from(written_in, data)}}}"
        return Starter(_array_config(data, source), "an .npz file; its arrays decide the shapes")
    if data.suffix.lower() == ".csv":
        path = _path_from(written_in, data)
        source = f"image_csv: {{path: {path}, image_size: [96, 96], color_mode: rgb}}"
        images = _Images(0, 1000, 96, "rgb")
        return Starter(
            _config(name=data.stem, source=f"\n    {source}", images=images),
            "a CSV of image paths and labels",
        )
    raise UsageError(
        f"{data}: expected a folder of images, a .csv or an .npz file",
        hint="bigmodel list sources shows all sources",
    )


def shipped_starter(word: str, output: Path | None) -> Starter:
    """A config that comes with bigmodel.

    Args:
        word: Its name.
        output: The file that it will be in, which its header names.

    Raises:
        UsageError: If there is none of this name.
    """
    config = find_shipped(word)
    return Starter(config.text_for(str(output or "THIS_FILE")), f"{config.name}: {config.doc}")


def _for_folder(folder: Path, path: str) -> Starter:
    root = folder / "train" if (folder / "train").is_dir() else folder
    classes = sorted(
        path for path in root.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))
    )
    files = [file for each in classes for file in _images_in(each)]
    if len(classes) < 2 or not files:
        raise DataError(
            f"{folder}: expected a folder per class with images in it, found {len(classes)} folders and "
            f"{len(files)} images",
            hint="arrange them as FOLDER/<class>/<image>.jpg, or the same in FOLDER/train/ and FOLDER/test/",
        )
    images = _look(len(classes), files)
    source = (
        f"image_folder: {{path: {path}, image_size: [{images.side}, {images.side}], "
        f"color_mode: {images.color_mode}}}"
    )
    size = f"{images.side} × {images.side}"
    found = f"{len(files):,} {images.color_mode} images of {len(classes)} classes, taken as {size}"
    return Starter(_config(name=folder.resolve().name, source=f"\n    {source}", images=images), found)


def _images_in(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if is_image_name(path.name) and path.is_file())


def _look(num_classes: int, files: list[Path]) -> _Images:
    """Sizes and modes of a sample, spread over all classes."""
    sides, modes = [], set()
    for path in islice(files, 0, None, max(1, len(files) // SAMPLE_FILES)):
        (width, height), mode = image_size_and_mode(path)
        sides.append(min(width, height))
        modes.add(mode)
    side = max((size for size in SIZES if size <= median(sides)), default=SIZES[0])
    color_mode = "grayscale" if modes <= {"1", "L", "LA", "I", "I;16"} else "rgb"
    # The starter trains from scratch on whatever machine: more pixels would cost time before they help.
    return _Images(num_classes, len(files), min(side, 128), color_mode)


def _path_from(folder: Path, data: Path) -> str:
    """The path to the data as YAML."""
    return _quoted(str(data) if data.is_absolute() else os.path.relpath(data, folder))


def _quoted(text: str) -> str:
    """A text as YAML, in quotes unless it is surely read as a text without them."""
    is_plain = re.fullmatch(r"[\w./][\w./-]*", text) and plain_scalar(text) == text
    return text if is_plain else _ODD.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    return match.group() if match.group().isprintable() else f"\\U{ord(match.group()):08x}"


def _config(*, name: str, source: str, images: _Images) -> str:
    flip = (
        ""
        if images.color_mode == "grayscale"
        else "  - RandomFlip: {mode: horizontal}      # not for text or digits\n"
    )
    epochs = 20 if images.num_images < 20_000 else 10
    return f"""\
{_MODELINE}
# Train with: bigmodel train THIS_FILE
name: {_name(name)}
seed: 0                                # the same seed gives the same splits, order and weights

data:
  source:{source if source.startswith(chr(10)) else " " + source}
  # Where the data has no validation or test split of its own, a tenth of it is held out for each.
  batch_size: {32 if images.num_images < 5000 else 128}

preprocessing:                         # saved inside the model
  - Rescaling: {{scale: 1/255}}

augmentation:                          # active in training only
  - RandomTranslation: {{height_factor: 0.1, width_factor: 0.1}}
{flip}
model:
{_blocks(images.side)}  - GlobalAveragePooling2D
  - Dropout: {{rate: 0.3}}
  - Dense: {{units: num_classes, activation: softmax}}   # num_classes is known from the data

loss: CategoricalCrossentropy
optimizer:
  AdamW:
    learning_rate:
      CosineDecay: {{initial_learning_rate: 2e-3}}       # down to 0 at the last step
metrics: [accuracy]

training:
  epochs: {epochs}
"""


def _blocks(side: int) -> str:
    """Convolutions and pooling until some four to eight pixels are left on a side."""
    filters, lines = 32, ""
    while True:
        lines += f"  - Conv2D: {{filters: {filters}, kernel_size: 3, padding: same, use_bias: false}}\n"
        lines += "  - BatchNormalization\n  - Activation: {activation: relu}\n"
        if side < 8:
            return lines
        lines += "  - MaxPooling2D\n"
        side //= 2
        filters = min(2 * filters, 256)


def _array_config(data: Path, source: str) -> str:
    return f"""\
{_MODELINE}
# Train with: bigmodel train THIS_FILE
name: {_name(data.stem)}
seed: 0

data:
  source:
    {source}
  batch_size: 32

model:
  - Flatten
  - Dense: {{units: 128, activation: relu}}
  - Dense: {{units: num_classes, activation: softmax}}   # for numbers as labels: {{Dense: {{units: 1}}}}

loss: CategoricalCrossentropy                          # for numbers as labels: MeanSquaredError
optimizer: Adam
metrics: [accuracy]                                    # for numbers as labels: [mae]

training:
  epochs: 20
"""


def _name(text: str) -> str:
    """A name that a run's folder can have."""
    kept = "".join(c if c.isalnum() or c in "_-" else "-" for c in text).strip("-")
    return _quoted(kept or "model")
