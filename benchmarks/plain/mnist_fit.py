"""A plain Keras script, as a user would write it: train a network on MNIST with `fit`.

    python mnist_fit.py {mlp,convnet,convnet_bn} MNIST_NPZ EPOCHS [SEED]

Prints a line of JSON: images per second of each epoch, and the accuracy on the test split.
"""

import json
import sys
import time

import keras
import numpy as np
from keras import layers

kind, path, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
keras.utils.set_random_seed(int(sys.argv[4]) if len(sys.argv) > 4 else 0)

with np.load(path) as file:
    x_train, y_train = file["x_train"], file["y_train"]
    x_test, y_test = file["x_test"], file["y_test"]

x_train = np.expand_dims(x_train.astype("float32") / 255, -1)
x_test = np.expand_dims(x_test.astype("float32") / 255, -1)
y_train = keras.utils.to_categorical(y_train, 10)
y_test = keras.utils.to_categorical(y_test, 10)

networks = {
    "mlp": [
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ],
    "convnet": [
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ],
    "convnet_bn": [
        layers.Conv2D(32, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Conv2D(64, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dropout(0.5),
        layers.Dense(10, activation="softmax"),
    ],
}
model = keras.Sequential([keras.Input((28, 28, 1)), *networks[kind]])
model.compile(loss="categorical_crossentropy", optimizer="adam", metrics=["accuracy"])


class Speed(keras.callbacks.Callback):
    """Images per second of each epoch, without validation."""

    def __init__(self):
        super().__init__()
        self.rates = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_test_begin(self, logs=None):
        self.rates.append(54_000 / (time.perf_counter() - self.began))


speed = Speed()
model.fit(
    x_train,
    y_train,
    batch_size=128,
    epochs=epochs,
    validation_split=0.1,
    verbose=0,
    callbacks=[speed],
)
_, accuracy = model.evaluate(x_test, y_test, verbose=0)
print(json.dumps({"images_per_second": speed.rates, "accuracy": accuracy}))
