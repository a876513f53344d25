"""A plain Keras script, as a user would write it: means of words' vectors, looked up in tf.data.

    python text_fit.py TRAIN_CSV TEST_CSV BATCH_SIZE EPOCHS [SEED]

The files have the columns `label` and `text`. Prints a line of JSON: texts per second of each epoch, and the
accuracy on the test split.
"""

import csv
import json
import sys
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

train_path, test_path, batch_size, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
keras.utils.set_random_seed(int(sys.argv[5]) if len(sys.argv) > 5 else 0)


def read(path):
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    return np.array([row["text"] for row in rows], object), np.array([int(row["label"]) for row in rows])


(x_train, y_train), (x_test, y_test) = read(train_path), read(test_path)
held_out = np.random.default_rng(0).permutation(len(y_train)) < len(y_train) // 10
x_val, y_val = x_train[held_out], y_train[held_out]
x_train, y_train = x_train[~held_out], y_train[~held_out]

vectorize = layers.TextVectorization(max_tokens=30000, output_sequence_length=100)
vectorize.adapt(tf.constant(x_train))

tokens = keras.Input((100,), dtype="int64")
vectors = layers.Embedding(30000, 64, mask_zero=True)(tokens)
hidden = layers.Dropout(0.3)(layers.GlobalAveragePooling1D()(vectors))
hidden = layers.Dense(64, activation="relu")(hidden)
model = keras.Model(tokens, layers.Dense(4, activation="softmax")(hidden))
model.compile(loss="sparse_categorical_crossentropy", optimizer="adam", metrics=["accuracy"])


def dataset(x, y, *, shuffled=False):
    found = tf.data.Dataset.from_tensor_slices((x.astype(str), y))
    found = found.shuffle(len(y)) if shuffled else found
    found = found.batch(batch_size)
    return found.map(lambda x, y: (vectorize(x), y), tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


class Rates(keras.callbacks.Callback):
    """Texts per second of training alone: validation begins when the last batch is done."""

    def __init__(self):
        super().__init__()
        self.found = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_test_begin(self, logs=None):
        if len(self.found) < epochs and self.began is not None:
            self.found.append(len(y_train) / (time.perf_counter() - self.began))
            self.began = None


rates = Rates()
model.fit(
    dataset(x_train, y_train, shuffled=True),
    validation_data=dataset(x_val, y_val),
    epochs=epochs,
    callbacks=[rates],
    verbose=0,
)
_, accuracy = model.evaluate(dataset(x_test, y_test), verbose=0)
print(json.dumps({"texts_per_second": rates.found, "accuracy": accuracy}))
