"""Grad-CAM: which features of the last convolution speak for a class, and where they are.

Selvaraju et al. 2017, Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization
(arXiv:1610.02391), equations 1 and 2.
"""

from __future__ import annotations

import numpy as np

from bigmodel_cli.errors import UsageError
from bigmodel_cli.explaining.attribution import Attribution, Subject
from bigmodel_cli.explaining.feature_maps import OTHER_METHODS
from bigmodel_cli.explaining.network import Network
from bigmodel_cli.modeling.backend import import_tensorflow


def grad_cam(network: Network, subject: Subject) -> list[Attribution]:
    """The weighted sum of feature maps, of which only what is above zero counts, at the size of the image.

    A feature's weight is the gradient of the score, averaged over all places.

    Raises:
        UsageError: If no gradient reaches the layer.
    """
    tf = import_tensorflow()
    example = tf.convert_to_tensor(subject.pixels[np.newaxis], tf.float32)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(example)
        scores, features = network.scores_and_features(example, subject.targets, subject.places)
        columns = tf.unstack(scores, axis=1)
    height, width = subject.pixels.shape[:2]
    found = []
    for column in columns:
        gradient = tape.gradient(column, features)
        if gradient is None:
            raise UsageError("--method grad-cam: no gradient reaches the layer", hint=OTHER_METHODS)
        weights = tf.reduce_mean(gradient, axis=(1, 2), keepdims=True)
        coarse = tf.nn.relu(tf.reduce_sum(weights * features, axis=-1))
        found.append(Attribution(_enlarged(np.asarray(coarse[0], np.float32), height, width)))
    return found


def _enlarged(values: np.ndarray, height: int, width: int) -> np.ndarray:
    from PIL import Image

    image = Image.fromarray(values).resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, np.float64)
