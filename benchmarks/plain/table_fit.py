"""A plain Keras script, as a user would write it: a dense network on a table, with Keras's preprocessing.

    python table_fit.py TRAIN_CSV TEST_CSV TARGET EPOCHS [SEED]

Prints a line of JSON: rows per second of each epoch, and the accuracy on the test split. With MODEL after the
seed, the model that takes raw columns is saved there, too.
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

train_path, test_path, target, epochs = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
keras.utils.set_random_seed(int(sys.argv[5]) if len(sys.argv) > 5 else 0)


def read(path):
    with Path(path).open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([row[name].strip() for row in rows]) for name in rows[0]}


def is_number(column):
    try:
        column.astype("float32")
    except ValueError:
        return False
    return True


train, test = read(train_path), read(test_path)
classes = sorted(set(train[target]))
numeric = [name for name in train if name != target and is_number(train[name])]
categorical = [name for name in train if name != target and name not in numeric]


def split(columns):
    features = {name: columns[name].astype("float32") for name in numeric}
    features |= {name: columns[name] for name in categorical}
    labels = np.searchsorted(classes, columns[target]).astype("float32")
    return features, labels


(x_train, y_train), (x_test, y_test) = split(train), split(test)
held_out = np.random.default_rng(0).permutation(len(y_train)) < len(y_train) // 10
x_val, y_val = {name: column[held_out] for name, column in x_train.items()}, y_train[held_out]
x_train, y_train = {name: column[~held_out] for name, column in x_train.items()}, y_train[~held_out]

inputs, encoded = {}, []
for name in numeric:
    inputs[name] = keras.Input((1,), name=name)
    normalization = layers.Normalization()
    normalization.adapt(x_train[name][:, None])
    encoded.append(normalization(inputs[name]))
for name in categorical:
    inputs[name] = keras.Input((1,), name=name, dtype="string")
    lookup = layers.StringLookup(output_mode="one_hot")
    lookup.adapt(x_train[name])
    encoded.append(lookup(inputs[name]))
preprocessing = keras.Model(inputs, layers.Concatenate()(encoded))

features = keras.Input(preprocessing.output_shape[1:])
hidden = layers.Dense(256, activation="relu")(features)
hidden = layers.Dense(256, activation="relu")(hidden)
outputs = layers.Dense(1, activation="sigmoid")(hidden)
model = keras.Model(features, outputs)
model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])


def dataset(x, y, *, shuffled=False):
    columns = {name: column[:, None] for name, column in x.items()}
    found = tf.data.Dataset.from_tensor_slices((columns, y))
    found = found.shuffle(len(y)) if shuffled else found
    found = found.batch(256)
    return found.map(lambda x, y: (preprocessing(x), y), tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE)


class Rates(keras.callbacks.Callback):
    """Rows per second of training alone: validation begins when the last batch is done."""

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
if len(sys.argv) > 6:
    keras.Model(inputs, model(preprocessing.output)).save(sys.argv[6])
print(json.dumps({"rows_per_second": rates.found, "accuracy": accuracy}))
