"""The config for images with masks: a U-Net, from scratch or around an application that knows images."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.errors import DataError
from bigmodel_cli.kinds.mask.classes import MaskClasses, found_classes
from bigmodel_cli.sources.base import LoadContext, SplitName
from bigmodel_cli.sources.file_walk import FileWalk, subfolders
from bigmodel_cli.sources.mask_pairs import Folders, Pairs, find_pairs
from bigmodel_cli.sources.mask_reading import MaskFile, look_for_classes
from bigmodel_cli.sources.sought_images import IMAGES
from bigmodel_cli.sources.split_names import split_named
from bigmodel_cli.starter.images import Images, look_at
from bigmodel_cli.starter.pretrained import NoWeights, Pretrained
from bigmodel_cli.starter.sizes import train_size
from bigmodel_cli.starter.writing import MODELINE, Written, comment_lines, path_from, plain_name

# What the two folders are called, in lower case.
_OF_IMAGES = ("images", "image", "imgs", "img", "jpegimages", "photos", "pictures")
_OF_MASKS = (
    *("masks", "mask", "segmentation", "segmentations", "segmentationclass", "annotations", "labels"),
    *("label", "ground_truth", "gt", "seg"),
)
# The value that data sets give to pixels of which nobody says what they are.
_VOID = 255
_LEAST_SIDE, _LARGEST_SIDE, _MULTIPLE = 32, 128, 8
_BATCH_SIZE = 8
# So many steps are about enough, whatever the data's size.
_STEPS, _STEPS_OF_PRETRAINED, _FEWEST_EPOCHS, _MOST_EPOCHS = 600, 300, 5, 60
# Masks that are looked at for their values: a config that lacks one does not train.
_LOOKED_AT = 2_000


@dataclass(frozen=True)
class Masked:
    """A folder of images with masks.

    Attributes:
        folders: What is called how.
        images: What the images are like.
        classes: What the masks' values are.
        pairs: How many images each split has.
    """

    folders: Folders
    images: Images
    classes: MaskClasses
    pairs: dict[str, int]


def find_masks(folder: Path) -> Folders | None:
    """Where images and masks are in a folder; None where it is none of these."""
    splits = [folder / entry.name for entry in subfolders(folder) if split_named(entry.name) is not None]
    for place in (folder, *splits):
        names = [entry.name for entry in subfolders(place)]
        images, masks = _named(names, _OF_IMAGES), _named(names, _OF_MASKS)
        if images is None or masks is None:
            continue
        suffix = _suffix(list(_stems(place / images)), set(_stems(place / masks)))
        if suffix is not None:
            return Folders(folder, images, masks, suffix)
    return None


def _named(names: Sequence[str], known: Sequence[str]) -> str | None:
    return next((name for one in known for name in names if name.lower() == one), None)


def _stems(folder: Path) -> Iterator[str]:
    return (
        str(Path(path).relative_to(folder).with_suffix("")) for path in FileWalk(IMAGES).files_below(folder)
    )


def _suffix(images: Sequence[str], masks: Collection[str]) -> str | None:
    """What masks are called beside images: "" as these, `_mask` so behind; None where they are of others."""
    if not images or not masks:
        return None
    behind = {mask.removeprefix(images[0]) for mask in masks if mask.startswith(images[0])}
    for suffix in sorted(behind, key=len):
        if 2 * sum(f"{image}{suffix}" in masks for image in images) > len(images):
            return suffix
    return None


def look_at_masks(folders: Folders, context: LoadContext) -> Masked:
    """What is in a folder of images and masks.

    Raises:
        DataError: If masks are none.
    """
    pairs = find_pairs(folders, context)
    counts = {str(split): len(part.images) for split, part in pairs.items()}
    num_train = counts["train"] if len(counts) > 1 else train_size(counts["train"])
    paths = [folders.root / path for part in pairs.values() for path in part.images]
    return Masked(folders, look_at(paths, num_train), _classes(folders, pairs, context), counts)


def _classes(folders: Folders, pairs: Mapping[SplitName, Pairs], context: LoadContext) -> MaskClasses:
    files = [
        MaskFile(folders.root / mask, folders.root / image)
        for part in pairs.values()
        for image, mask in zip(part.images, part.masks, strict=True)
        if mask is not None
    ]
    if not files:
        raise DataError(f"{folders.root}: no image has a mask", hint=folders.hint)
    every = files[:: max(1, len(files) // _LOOKED_AT)]
    found = look_for_classes(every, frozenset(), context)
    values = [code for (code,) in found.codes]
    *classes, last = values
    if last == _VOID and len(classes) > 1 and classes == list(range(len(classes))):
        return found_classes(classes, [last])
    return found


def masks_starter(seen: Masked, start: Pretrained | NoWeights, written_in: Path) -> Written:
    """The config.

    Args:
        seen: What is in the folder.
        start: What the encoder begins with.
        written_in: The folder that the config will be in.
    """
    images, folder = seen.images, seen.folders.root
    # As many pixels as the images have: thin things are lost in fewer.
    side = max(_LEAST_SIDE, min(_LARGEST_SIDE, round(math.sqrt(images.height * images.width))))
    height, width = (-(-length // _MULTIPLE) * _MULTIPLE for length in images.scaled(side, 1))
    steps = _STEPS_OF_PRETRAINED if isinstance(start, Pretrained) else _STEPS
    epochs = max(_FEWEST_EPOCHS, min(_MOST_EPOCHS, steps * _BATCH_SIZE // max(1, images.num_train)))
    scale, model, decision = _model(start)
    voids = [
        f"The value {code} counts nowhere, as data sets say of pixels of which nobody knows what they are: "
        "if it is a class, write it under classes."
        for code in sorted(seen.classes.ignored)
    ]
    decisions = [
        decision,
        *voids,
        f"Images and masks are brought to {height} × {width} pixels; predict writes masks in the size of "
        "the images.",
    ]
    comments = "\n".join(line for one in decisions for line in comment_lines(one))
    rate = "1e-3" if isinstance(start, Pretrained) else "3e-3"
    yaml = f"""\
{MODELINE}
# Train with: bigmodel train THIS_FILE
# Then:       bigmodel predict photo.png --out mask.png
{comments}
name: {plain_name(folder.resolve())}
seed: 0                                # the same seed gives the same splits, order and weights

data:
  source:
    mask_folder:
      path: {path_from(written_in, folder)}
{_options(seen, (height, width))}
  # Where the data has no validation or test split of its own, a tenth of it is held out for each.
  batch_size: {_BATCH_SIZE}

preprocessing:                         # saved inside the model
{scale}

augmentation:                          # active in training only; moves masks with their images
  - RandomFlip: {{mode: horizontal}}

model:
{model}
  - Conv2D: {{filters: num_classes, kernel_size: 1, activation: softmax}}

loss: SparseCategoricalCrossentropy
optimizer:
  Adam:
    learning_rate:
      CosineDecay: {{initial_learning_rate: {rate}}}        # down to 0 at the last step
metrics: auto

training:
  epochs: {epochs}
"""
    many = ", ".join(f"{count:,} {split}" for split, count in seen.pairs.items())
    found = f"{images.describe()} with masks ({many}) of {len(seen.classes.names)} classes"
    return Written(yaml, found, decisions)


def _options(seen: Masked, size: tuple[int, int]) -> str:
    folders, images = seen.folders, seen.images
    named = {"images": folders.images, "masks": folders.masks, "mask_suffix": folders.mask_suffix}
    usual = {"images": "images", "masks": "masks", "mask_suffix": ""}
    lines = [f"{key}: {value}" for key, value in named.items() if value != usual[key]]
    lines += [f"image_size: [{size[0]}, {size[1]}]"]
    lines += ["color_mode: grayscale"] if images.is_grey else []
    lines += [f"aspect_ratio: {images.aspect_ratio}"] if images.aspect_ratio != "stretch" else []
    values = ", ".join(f'"{name}": {_quoted(value)}' for name, value in seen.classes.written.items())
    lines += [f"classes: {{{values}}}   # names are yours to choose; values are those of the masks"]
    lines += [f"ignore: {code}" for code in sorted(seen.classes.ignored)]
    return "\n".join(f"      {line}" for line in lines)


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


def _model(start: Pretrained | NoWeights) -> tuple[str, str, str]:
    """Scaling, the block, and what was decided."""
    if not isinstance(start, Pretrained):
        return (
            "  - Rescaling: {scale: 1/255}",
            "  - unet: {filters: [16, 32, 64, 128]}",
            f"A U-Net from scratch ({start.reason}): an encoder of four levels, and the way back past each.",
        )
    application = start.application
    given = "".join(f"{name}: {value}, " for name, value in application.arguments.items())
    model = f"""\
  - unet:
      encoder: {{{application.name}: {{{given}include_top: false, weights: {start.weights}}}}}
      decoder_filters: [128, 64, 32, 16, 8]
      convolutions: 1"""
    return (
        "\n".join(f"  {line}" for line in application.scale),
        model,
        f"A U-Net around {application.name} with pretrained weights ({start.origin}), all of which learn on.",
    )
