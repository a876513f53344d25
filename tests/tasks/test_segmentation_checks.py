"""What a config asks of masks, also beside another target."""

from __future__ import annotations

import pytest

from bigmodel_cli.errors import UsageError
from bigmodel_cli.modeling.language import read_config
from bigmodel_cli.tasks.segmentation.checks import SegmentationChecks
from bigmodel_cli.tasks.segmentation.task import Segmentation

CONFIG = """\
data:
  source:
    table:
      path: t.csv
      target: [outline, size]
      columns:
        photo: {image: {image_size: [16, 16]}}
        outline: {mask: {of: photo, classes: [ground, square]}}
  class_weights: WEIGHTS
model:
  - unet: {name: maps, inputs: [photo], filters: [6, 10]}
  - Conv2D: {name: outline, inputs: [maps], filters: outline.num_classes, kernel_size: 1, activation: softmax}
  - GlobalAveragePooling2D: {name: covered, inputs: [outline]}
  - Dense: {name: size, units: 1, activation: sigmoid}
loss: {outline: Dice, size: BinaryCrossentropy}
optimizer: Adam
"""


@pytest.mark.parametrize(
    ("weights", "is_refused"),
    [("balanced", True), ("{outline: balanced}", True), ("{size: balanced}", False)],
)
def test_regions_are_not_weighed_by_pixels(tmp_path, weights, is_refused):
    """They would be trained as if nobody had asked for weights."""
    path = tmp_path / "c.yaml"
    path.write_text(CONFIG.replace("WEIGHTS", weights))
    experiment = read_config(path).experiment.of_target("outline")
    checks = SegmentationChecks(Segmentation((16, 16), ("ground", "square")))
    if not is_refused:
        checks.check_options(experiment)
        return
    with pytest.raises(UsageError, match="weighs pixels, and Dice compares whole regions") as caught:
        checks.check_options(experiment)
    assert "name the targets that it is for" in str(caught.value.hint)
