"""A plain Keras script, as a user would write it: a small causal transformer on windows of a text.

    python tokens_fit.py TEXT STEPS EPOCHS

nanoGPT's recipe for a CPU: 4 layers, 4 heads, width 128, windows of 64 characters, 12 in a batch.
Prints a line of JSON: windows per second of each epoch.
"""

import json
import sys
import time
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers

LENGTH, BATCH, WIDTH, HEADS, LAYERS = 64, 12, 128, 4, 4
text, steps, epochs = Path(sys.argv[1]).read_text(), int(sys.argv[2]), int(sys.argv[3])
keras.utils.set_random_seed(0)

characters = sorted(set(text))
place = {character: number for number, character in enumerate(characters)}
ids = np.array([place[character] for character in text[: len(text) * 9 // 10]], np.int32)
windows = np.lib.stride_tricks.sliding_window_view(ids, LENGTH + 1)
rows = np.random.default_rng(0).integers(len(windows), size=steps * BATCH)
dataset = tf.data.Dataset.from_tensor_slices((windows[rows, :-1], windows[rows, 1:])).batch(BATCH).prefetch(2)

tokens = keras.Input((LENGTH,), dtype="int32")
x = layers.Embedding(len(characters), WIDTH)(tokens)
x = x + layers.Embedding(LENGTH, WIDTH)(tf.range(LENGTH))
for _ in range(LAYERS):
    normal = layers.LayerNormalization()(x)
    x = x + layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(normal, normal, use_causal_mask=True)
    hidden = layers.Dense(4 * WIDTH, activation="gelu")(layers.LayerNormalization()(x))
    x = x + layers.Dense(WIDTH)(hidden)
model = keras.Model(tokens, layers.Dense(len(characters))(layers.LayerNormalization()(x)))
model.compile(
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    optimizer=keras.optimizers.AdamW(3e-3, weight_decay=0.1, beta_2=0.99, global_clipnorm=1.0),
)


class Rates(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.found = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(steps * BATCH / (time.perf_counter() - self.began))


rates = Rates()
history = model.fit(dataset, epochs=epochs, callbacks=[rates], verbose=0)
print(json.dumps({"windows_per_second": rates.found, "loss": history.history["loss"][-1]}))
