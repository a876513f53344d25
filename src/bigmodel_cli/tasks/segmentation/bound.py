"""A distribution over the classes at each pixel."""

from __future__ import annotations

from typing import Any, ClassVar

from bigmodel_cli.config.aim import Aim
from bigmodel_cli.config.losses_and_metrics import OF_REGIONS, class_name
from bigmodel_cli.scoring.masks import counted, num_counts
from bigmodel_cli.tasks.bound import Encoding, SequenceBound, Shape, misfit
from bigmodel_cli.tasks.segmentation.task import Segmentation


class SegmentationBound(SequenceBound):
    """Targets are classes, or one-hot rows of them; pixels that count nowhere have no weight."""

    task: Segmentation
    kept_dtype: ClassVar[str | None] = "float32"
    moves_with_image: ClassVar[bool] = True

    @property
    def size(self) -> int:
        return len(self.task.class_names)

    def loss_encoding(self, shape: Shape, aim: Aim) -> Encoding:
        height, width = self.task.size
        self.is_of_regions = class_name(aim.loss) in OF_REGIONS
        if tuple(shape[1:]) != (height, width, self.size):
            raise misfit(
                aim,
                f"the model's output has shape {shape}; {self.size} classes at each of {height} × {width} "
                f"pixels need (None, {height}, {width}, {self.size})",
                "end the model with {Conv2D: {filters: num_classes, kernel_size: 1, activation: softmax}}, "
                "behind layers that come back to the size of the mask, as unet does",
            )
        if self.is_of_regions:
            return "one_hot"
        return self.over_classes(aim, "classes at each pixel")

    def encode(self, labels: Any, encoding: Encoding) -> Any:
        """(batch, height, width) int32 for `integer`, with a last axis of classes, float32, for `one_hot`."""
        import tensorflow as tf

        numbers = tf.cast(labels, tf.int32)
        # A row of `one_hot` is 0 where nothing counts; as a number Keras's losses take none below 0.
        return tf.maximum(numbers, 0) if encoding == "integer" else tf.one_hot(numbers, self.size)

    def places(self, labels: Any) -> Any:
        import tensorflow as tf

        return tf.cast(labels >= 0, tf.float32)

    @property
    def weighs_places(self) -> bool:
        return not self.is_of_regions

    def compared(self, outputs: Any, encoded: Any) -> Any:
        """In a loss of regions nothing is predicted where nothing counts."""
        import tensorflow as tf

        if not self.is_of_regions:
            return outputs
        return outputs * tf.reduce_sum(tf.cast(encoded, outputs.dtype), axis=-1, keepdims=True)

    def kept(self, outputs: Any, labels: Any) -> Any:
        """Counts of each image: masks would take as much memory as there are pixels."""
        import tensorflow as tf

        def count(right: Any, decided: Any) -> Any:
            return counted(right, decided, self.size).astype("float32")

        decided = tf.argmax(outputs, axis=-1, output_type=tf.int32)
        rows = tf.numpy_function(count, [labels, decided], tf.float32)
        return tf.ensure_shape(rows, (outputs.shape[0], num_counts(self.size)))
