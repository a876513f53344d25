"""A plain Keras script, as a user would write it: a small Transformer that translates (Vaswani et al. 2017).

    python pairs_fit.py TRAIN.tsv EPOCHS LENGTH

2 + 2 layers, 4 heads, width 128, a shared BPE of 4,000 tokens, 64 pairs in a batch, each text filled up
to the longest of its batch, or to LENGTH where that is not 0. Prints a line of JSON: pairs per second of
each epoch.
"""

import csv
import json
import sys
import time
from pathlib import Path

import keras
import tensorflow as tf
from keras import layers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

WIDTH, HEADS, FEED_FORWARD, VOCABULARY, BATCH, PLACES = 128, 4, 256, 4000, 64, 64
path, epochs, length = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
keras.utils.set_random_seed(0)

with Path(path).open(newline="", encoding="utf-8") as file:
    pairs = [(row["en"], row["de"]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]
tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel()
tokenizer.decoder = decoders.ByteLevel()
special = ["<pad>", "<start>", "<end>"]
trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=special, show_progress=False)
tokenizer.train_from_iterator((text for pair in pairs for text in pair), trainer)
english = [encoded.ids[:PLACES] for encoded in tokenizer.encode_batch([pair[0] for pair in pairs])]
german = [
    [1, *encoded.ids[: PLACES - 1], 2] for encoded in tokenizer.encode_batch([pair[1] for pair in pairs])
]


def examples():
    for source, target in zip(english, german, strict=True):
        yield (source, target[:-1]), target[1:]


texts = tf.TensorSpec((None,), tf.int32)
shape = (length or None,)
dataset = (
    tf.data.Dataset.from_generator(examples, output_signature=((texts, texts), texts))
    .cache()
    .shuffle(len(pairs))
    .padded_batch(BATCH, padded_shapes=((shape, shape), shape), drop_remainder=bool(length))
    .prefetch(2)
)


class Embedded(layers.Layer):
    def __init__(self, dropout):
        super().__init__()
        self.tokens = layers.Embedding(VOCABULARY, WIDTH, mask_zero=True)
        self.places = layers.Embedding(PLACES, WIDTH)
        self.dropout = layers.Dropout(dropout)

    def call(self, tokens):
        return self.dropout(self.tokens(tokens) + self.places(keras.ops.arange(keras.ops.shape(tokens)[1])))

    def compute_mask(self, tokens, mask=None):
        return self.tokens.compute_mask(tokens)


def attended(x, other, causal=False):
    found = layers.MultiHeadAttention(HEADS, WIDTH // HEADS, dropout=0.15)(x, other, use_causal_mask=causal)
    return layers.LayerNormalization()(x + layers.Dropout(0.15)(found))


def fed_forward(x):
    hidden = layers.Dense(WIDTH)(layers.Dense(FEED_FORWARD, activation="relu")(x))
    return layers.LayerNormalization()(x + layers.Dropout(0.15)(hidden))


source, before = keras.Input(shape, dtype="int32"), keras.Input(shape, dtype="int32")
encoded = Embedded(0.15)(source)
for _ in range(2):
    encoded = fed_forward(attended(encoded, encoded))
decoded = Embedded(0.15)(before)
for _ in range(2):
    decoded = attended(decoded, decoded, causal=True)
    decoded = fed_forward(attended(decoded, encoded))
model = keras.Model([source, before], layers.Dense(VOCABULARY)(decoded))


def smoothed(true, predicted):
    expected = keras.ops.one_hot(true, VOCABULARY) * 0.9 + 0.1 / VOCABULARY
    found = keras.losses.categorical_crossentropy(expected, predicted, from_logits=True)
    counts = keras.ops.cast(true != 0, found.dtype)
    return keras.ops.sum(found * counts) / keras.ops.sum(counts)


model.compile(loss=smoothed, optimizer=keras.optimizers.Adam(1e-3, beta_2=0.98), jit_compile=bool(length))


class Rates(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.found = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(len(pairs) / (time.perf_counter() - self.began))


rates = Rates()
history = model.fit(dataset, epochs=epochs, callbacks=[rates], verbose=0)
print(json.dumps({"pairs_per_second": rates.found, "loss": history.history["loss"]}))
