"""A starter config for a folder of images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bigmodel_cli.sources.class_folders import find_class_folders
from bigmodel_cli.sources.sought_images import IMAGES
from bigmodel_cli.starter.convnet import convnet_recipe
from bigmodel_cli.starter.images import Images, look_at
from bigmodel_cli.starter.pretrained import NoWeights, Pretrained, pretrained_recipe, side_for
from bigmodel_cli.starter.sizes import train_size
from bigmodel_cli.starter.targets import Targets, classes
from bigmodel_cli.starter.writing import Recipe

# From so many on, a network from scratch learns small images as well as an application that knows others.
_MANY = 20_000
_SMALL_SIDE = 64
# Images from scratch are taken no larger: more pixels would cost time before they help.
SCRATCH_SIDE = 128


def look_at_folder(folder: Path, warn: Callable[[str], None]) -> tuple[Images, Targets, str]:
    """What is in a folder: its images, its classes, and a sentence about both.

    Raises:
        DataError: If it is not arranged as the source expects.
    """
    found = find_class_folders(folder, IMAGES, warn)
    counts = {split: len(found.in_order(split)) for split in found.files}
    own = {split: count for split, count in counts.items() if split != "train"}
    num_train = counts["train"] if own else train_size(counts["train"])
    images = look_at([Path(path) for split in found.files for path in found.in_order(split)], num_train)
    held_out = "".join(f", {count:,} of them for {split}" for split, count in own.items())
    sentence = f"{images.describe()}, of {len(found.class_names)} classes{held_out}"
    return images, classes(len(found.class_names)), sentence


def files_recipe(
    source: Callable[[tuple[int, int], str, str], str],
    images: Images,
    start: Pretrained | NoWeights,
    *,
    asked: bool,
) -> Recipe:
    """The recipe for image files.

    Args:
        source: Makes the data source as YAML from (height, width), color_mode and aspect_ratio.
        images: What they are like.
        start: What the network begins with.
        asked: Whether the person named weights; they are then used for any images.
    """
    if isinstance(start, Pretrained) and (asked or is_for_pretrained(images)):
        size = images.scaled(side_for(images), 32)
        return pretrained_recipe(source(size, "rgb", images.aspect_ratio), size, images, start)
    if images.same_proportions and max(images.height, images.width) <= _SMALL_SIDE:
        size = images.height, images.width
    else:
        size = images.scaled(max(28, min(SCRATCH_SIDE, images.side // 4 * 4)), 8)
    color_mode = "grayscale" if images.is_grey else "rgb"
    shape = (*size, 1 if images.is_grey else 3)
    return convnet_recipe(
        source(size, color_mode, images.aspect_ratio),
        shape,
        images.num_train,
        is_photograph=not images.is_grey,
    )


def is_for_pretrained(images: Images) -> bool:
    """Whether what was learnt from ImageNet helps: colours or enough pixels, and not too many images."""
    if images.num_train >= _MANY:
        return images.side > _SMALL_SIDE
    return not images.is_grey or images.side > _SMALL_SIDE
