"""The recipe for images with pretrained weights: an application, frozen, under a layer that learns."""

from __future__ import annotations

import math
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bigmodel_cli.network import Offline, keras_home
from bigmodel_cli.starter.applications import Application, application_named, application_of
from bigmodel_cli.starter.images import Images
from bigmodel_cli.starter.sizes import batch_size_for
from bigmodel_cli.starter.writing import Recipe, path_from

# Small, and good enough: 17 MB, 0.6 × 10⁹ multiplications an image.
DEFAULT = "MobileNet"
DEFAULT_URL = (
    "https://storage.googleapis.com/tensorflow/keras-applications/mobilenet/mobilenet_1_0_224_tf_no_top.h5"
)
_TIMEOUT_SECONDS = 3.0
_WANTED_STEPS = 260


@dataclass(frozen=True)
class Pretrained:
    """Weights to begin with.

    Attributes:
        application: What they are of.
        weights: As the config names them.
        origin: For people.
    """

    application: Application
    weights: str
    origin: str


@dataclass(frozen=True)
class NoWeights:
    """Why a config begins from scratch.

    Attributes:
        reason: Part of a sentence.
        better: What would be better, and how to come by it; None where nothing is.
    """

    reason: str
    better: str | None = None


def find_weights(asked: str | None, *, offline: bool, written_in: Path) -> Pretrained | NoWeights:
    """What a config for images can begin with.

    Args:
        asked: `imagenet`, `none`, or a file; None: ImageNet's, where they are here or may be downloaded.
        offline: Whether no download may be made.
        written_in: The folder of the config, which a path is relative to.

    Raises:
        UsageError: If there is no such file.
        DataError: If the file is of no application.
    """
    if asked == "none":
        return NoWeights("as asked for")
    cached = keras_home() / "models" / DEFAULT_URL.rpartition("/")[2]
    if asked not in (None, "imagenet"):
        path = Path(asked)
        return Pretrained(application_of(path), path_from(written_in, path), str(path))
    if asked == "imagenet" or cached.is_file() or (not offline and _answers(DEFAULT_URL)):
        origin = f"ImageNet's, {'from' if cached.is_file() else 'downloaded once to'} {cached}"
        return Pretrained(application_named(DEFAULT), "imagenet", origin)
    why = "downloads are off" if offline else "they cannot be downloaded here"
    return NoWeights(
        f"ImageNet's weights are not here, and {why}",
        f"pretrained weights, which few images need: save {DEFAULT_URL} as {cached}, "
        "or name a file of weights of one of Keras's applications, and write the config anew: "
        "bigmodel init DATA --weights FILE",
    )


def _answers(url: str) -> bool:
    """Whether a download would begin; a moment is waited for it."""
    request = urllib.request.Request(url, method="HEAD")  # noqa: S310 - the address is our own constant
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS):  # noqa: S310
            return True
    except (OSError, Offline):
        return False


def side_for(images: Images) -> int:
    """How large images are shown to an application: as it was trained, unless they are smaller by far."""
    if images.side >= 160 or (images.side >= 96 and images.num_all <= 3_000):
        return 224
    return 160 if images.side >= 64 else 128


def pretrained_recipe(
    source: str, size: tuple[int, int], images: Images, start: Pretrained, before: Sequence[str] = ()
) -> Recipe:
    """An application that is frozen, and one layer that learns.

    Args:
        source: The data source as YAML; it gives RGB.
        size: (height, width) of what reaches the application.
        images: What they are like.
        start: The weights.
        before: Steps of preprocessing that come first.
    """
    application = start.application
    batch_size = batch_size_for(images.num_train, 32 if images.num_train < 5_000 else 64)
    steps_per_epoch = math.ceil(images.num_train / batch_size)
    epochs = max(10, min(40, math.ceil(_WANTED_STEPS / steps_per_epoch)))
    given = "".join(f"{name}: {value}, " for name, value in application.arguments.items())
    model = [
        f"- {application.name}: {{{given}include_top: false, pooling: avg, trainable: false,",
        f"    weights: {start.weights}}}",
        "- Dropout: {rate: 0.2}",
    ]
    once = application.multiply_adds * size[0] * size[1] / 224**2 * images.num_all
    return Recipe(
        source,
        batch_size,
        epochs,
        "3e-3",
        [*before, *application.scale],
        (),
        model,
        once + 3.0 * application.features * 1_000 * images.num_train * epochs,
        [
            f"{application.name} with pretrained weights ({start.origin}), frozen: only the last layer "
            f"learns, since {images.num_train:,} images are few for a network from scratch.",
            f"No augmentation, so that what is frozen is computed once for each image: {epochs} epochs then "
            "cost little more than the first one.",
        ],
        _second_stage(application),
    )


def _second_stage(application: Application) -> list[str]:
    key = f"model.0.{application.name}.trainable"
    return [
        "",
        "# A second stage, which may gain a few per cent: the last layers of the application learn too, at a",
        "# small rate, from the first run's weights (every epoch then costs what the first one did):",
        f"#   bigmodel train THIS_FILE --from RUN '{key}={{last: 20, except: BatchNormalization}}' \\",
        "#     training.epochs=5 optimizer.AdamW.learning_rate.CosineDecay.initial_learning_rate=1e-4",
    ]
