"""The same training as benchmarks/frozen.yaml, as Keras's guide to transfer learning has it.

    python benchmarks/plain/frozen.py PHOTOGRAPHS WEIGHTS [--epochs 10]

PHOTOGRAPHS has the folders train/ and val/ with a folder per class. Prints one line of JSON: seconds of the
training, and the best validation accuracy.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import keras
import tensorflow as tf

SIZE = (224, 224)


def main() -> None:
    parser = argparse.ArgumentParser(description="Train a head on a frozen MobileNet with plain Keras.")
    parser.add_argument("photographs", type=Path)
    parser.add_argument("weights")
    parser.add_argument("--epochs", type=int, default=10)
    asked = parser.parse_args()
    keras.utils.set_random_seed(0)
    train, validation = (
        keras.utils.image_dataset_from_directory(asked.photographs / name, image_size=SIZE)
        for name in ("train", "val")
    )
    base = keras.applications.MobileNet(include_top=False, weights=asked.weights, input_shape=(*SIZE, 3))
    base.trainable = False
    inputs = keras.Input((*SIZE, 3))
    features = base(keras.layers.Rescaling(1 / 127.5, -1)(inputs), training=False)
    features = keras.layers.Dropout(0.2)(keras.layers.GlobalAveragePooling2D()(features))
    outputs = keras.layers.Dense(len(train.class_names), activation="softmax")(features)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    began = time.perf_counter()
    history = model.fit(
        train.prefetch(tf.data.AUTOTUNE),
        validation_data=validation.prefetch(tf.data.AUTOTUNE),
        epochs=asked.epochs,
        verbose=0,
    )
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "val_accuracy": max(history.history["val_accuracy"])}))


if __name__ == "__main__":
    main()
