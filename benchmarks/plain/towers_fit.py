"""A plain Keras script, as a user would write it: two towers, by the items of a batch (Yi et al. 2019).

    python towers_fit.py RATINGS.csv ITEMS.csv EPOCHS

A vector of 64 numbers for each user, and one for each film, its year and its genres, which are added up;
512 interactions in a batch. Prints a line of JSON: interactions per second of each epoch.
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

WIDTH, BATCH, TEMPERATURE = 64, 512, 0.5
ratings_path, items_path, epochs = sys.argv[1], sys.argv[2], int(sys.argv[3])
keras.utils.set_random_seed(0)


def read(path):
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


ratings, items = read(ratings_path), {row["item"]: row for row in read(items_path)}
ratings.sort(key=lambda row: int(row["timestamp"]))
ratings = ratings[: len(ratings) * 9 // 10]
nothing = {"year": "", "genres": ""}
columns = {
    "user": np.array([row["user"] for row in ratings]),
    "item": np.array([row["item"] for row in ratings]),
    "year": np.array([items.get(row["item"], nothing)["year"] for row in ratings]),
    "genres": [items.get(row["item"], nothing)["genres"].split("|") for row in ratings],
}
most = max(map(len, columns["genres"]))
columns["genres"] = np.array([genres + [""] * (most - len(genres)) for genres in columns["genres"]])
lookups = {name: layers.StringLookup(mask_token="") for name in ("user", "item", "year")}
lookups["genres"] = layers.StringLookup(mask_token="", output_mode="multi_hot")
for name, lookup in lookups.items():
    lookup.adapt(columns[name])


def looked_up(row):
    found = {name: lookup(row[name]) for name, lookup in lookups.items()}
    return found, found["item"]


dataset = (
    tf.data.Dataset.from_tensor_slices(columns)
    .cache()
    .shuffle(len(ratings))
    .batch(BATCH)
    .map(looked_up, num_parallel_calls=tf.data.AUTOTUNE)
    .prefetch(tf.data.AUTOTUNE)
)

inputs = {name: keras.Input((), name=name, dtype="int64") for name in ("user", "item", "year")}
inputs["genres"] = keras.Input((lookups["genres"].vocabulary_size(),), name="genres")


def vector(name):
    return layers.Embedding(lookups[name].vocabulary_size(), WIDTH)(inputs[name])


item = layers.Add()([vector("item"), vector("year"), layers.Dense(WIDTH)(inputs["genres"])])
model = keras.Model(inputs, layers.Concatenate()([vector("user") / TEMPERATURE, item]))


def in_batch(item_ids, towers):
    logits = keras.ops.matmul(towers[:, :WIDTH], keras.ops.transpose(towers[:, WIDTH:]))
    ids = keras.ops.reshape(item_ids, (-1,))
    own = keras.ops.eye(keras.ops.shape(ids)[0], dtype="bool")
    same = keras.ops.equal(ids[:, None], ids[None, :]) & ~own
    logits = keras.ops.where(same, -1e9, logits)
    places = keras.ops.arange(keras.ops.shape(ids)[0])
    return keras.ops.sparse_categorical_crossentropy(places, logits, from_logits=True)


class Rates(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.found = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(len(ratings) / (time.perf_counter() - self.began))


model.compile(loss=in_batch, optimizer=keras.optimizers.Adam(1e-3))
rates = Rates()
history = model.fit(dataset, epochs=epochs, callbacks=[rates], verbose=0)
print(json.dumps({"interactions_per_second": rates.found, "loss": history.history["loss"]}))
