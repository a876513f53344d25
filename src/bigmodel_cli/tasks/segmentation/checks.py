"""What a config asks of masks."""

from __future__ import annotations

from bigmodel_cli.config.losses_and_metrics import OF_REGIONS, class_name
from bigmodel_cli.config.schema import Experiment
from bigmodel_cli.errors import UsageError
from bigmodel_cli.tasks.checks import Checks
from bigmodel_cli.tasks.segmentation.task import Segmentation


class SegmentationChecks(Checks[Segmentation]):
    """Pixels can be weighed by class; what is for classes of whole images is refused."""

    def check_options(self, experiment: Experiment) -> None:
        self.refuse_options_of_classes(experiment, calibrates=False, weighs=True)
        loss = class_name(experiment.loss)
        if loss in OF_REGIONS and experiment.data.class_weights is not None:
            others = "; or name the targets that it is for" if len(experiment.targets) > 1 else ""
            raise UsageError(
                f"data.class_weights weighs pixels, and {loss} compares whole regions",
                hint=f"remove class_weights, or write loss: SparseCategoricalCrossentropy{others}",
            )
