"""What augmentation makes of examples of an audited data set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bigmodel_cli.audit.audited import Audited
from bigmodel_cli.config.value_ranges import with_value_ranges
from bigmodel_cli.kinds.show import Show
from bigmodel_cli.modeling.backend import start
from bigmodel_cli.modeling.build import BuiltModel, build_model
from bigmodel_cli.modeling.devices import choose_device
from bigmodel_cli.parts import part_of
from bigmodel_cli.pipeline.known_facts import known_facts
from bigmodel_cli.pipeline.training_examples import TrainingExamples
from bigmodel_cli.reporting.training_samples import different_examples, draw_training_samples

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Training examples that layers with adapt() learn from here; training takes all.
_ADAPTED_ON = 512


def draw_augmentation(audited: Audited) -> Figure | None:
    """Some training examples beside augmented versions of them, their labels above.

    Returns:
        None where the config augments nothing, or examples are no images once they are preprocessed.

    Raises:
        ConfigError: If Keras refuses a part of the config.
    """
    is_picture = part_of(audited.splits.signature.seen, Show).are_pixels
    if not audited.experiment.augmentation or not audited.features.are_seen or not is_picture:
        return None
    of_training = audited.numbers_in("train")
    targets = audited.splits.signature.targets
    labels = {name: of.of_measured[of_training] for name, of in audited.targets.items()}
    first = next(iter(targets))
    chosen = different_examples(labels[first], targets[first])
    originals = np.stack([audited.pixels(number) for number in of_training[chosen].tolist()])
    return draw_training_samples(
        _build(audited), originals, {name: each[chosen] for name, each in labels.items()}, targets
    )


def _build(audited: Audited) -> BuiltModel:
    splits = audited.splits
    experiment = with_value_ranges(audited.experiment, known_facts(audited.experiment, splits))
    choose_device("cpu")
    start(seed=experiment.seed)
    readable = audited.numbers_in("train")[:_ADAPTED_ON]
    sample = splits.train.take(audited.measured.indices[readable])
    return build_model(
        experiment,
        splits.signature,
        total_steps=1,
        data=TrainingExamples(sample),
    )
