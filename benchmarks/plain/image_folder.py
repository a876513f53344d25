"""The same training as benchmarks/image_folder.yaml, as a good Keras user writes it.

    python benchmarks/plain/image_folder.py FOLDER [--epochs 5]

Prints one line of JSON: images per second of each epoch, and the peak of the resident memory in MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from typing import Any

import keras
import tensorflow as tf

SIZE = (224, 224)
BATCH_SIZE = 32


class Rates(keras.callbacks.Callback):
    """Images per second of each epoch's training."""

    def __init__(self, num_images: int) -> None:
        super().__init__()
        self.num_images = num_images
        self.rates: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.rates.append(round(self.num_images / (time.perf_counter() - self.began), 1))


def main() -> None:
    parser = argparse.ArgumentParser(description="Train on a folder of images with plain Keras.")
    parser.add_argument("folder")
    parser.add_argument("--epochs", type=int, default=5)
    asked = parser.parse_args()
    keras.utils.set_random_seed(0)
    dataset = keras.utils.image_dataset_from_directory(asked.folder, image_size=SIZE, batch_size=BATCH_SIZE)
    num_classes, num_images = len(dataset.class_names), len(dataset.file_paths)
    model = keras.Sequential(
        [
            keras.Input((*SIZE, 3)),
            keras.layers.RandomFlip("horizontal"),
            keras.layers.RandomRotation(0.1),
            keras.layers.Rescaling(1 / 255),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(num_classes, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    rates = Rates(num_images)
    model.fit(dataset.prefetch(tf.data.AUTOTUNE), epochs=asked.epochs, callbacks=[rates], verbose=0)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"images_per_second": rates.rates, "peak_memory_mb": round(peak)}))


if __name__ == "__main__":
    main()
