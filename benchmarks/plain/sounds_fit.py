"""A plain Keras script, as a user would write it: spoken digits by their mel spectrograms.

    python sounds_fit.py RECORDINGS EPOCHS

Files are read by soundfile once; the spectrogram is a layer of the model, as in Keras's guides.
Prints a line of JSON: clips per second of each epoch, and the accuracy on each speaker's first five.
"""

import json
import sys
import time
from pathlib import Path

import keras
import numpy as np
import soundfile
import tensorflow as tf
from keras import layers

RATE, BATCH = 8000, 32
folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
keras.utils.set_random_seed(0)

clips = {"train": [], "test": []}
labels = {"train": [], "test": []}
for path in sorted(folder.glob("*.wav")):
    digit, _, index = path.stem.split("_")
    wave, _ = soundfile.read(path, dtype="float32")
    wave = np.pad(wave[:RATE], (0, max(0, RATE - len(wave))))
    split = "test" if int(index) < 5 else "train"
    clips[split].append(wave)
    labels[split].append(int(digit))
x = {split: np.stack(found) for split, found in clips.items()}
y = {split: np.array(found) for split, found in labels.items()}
train = tf.data.Dataset.from_tensor_slices((x["train"], y["train"])).shuffle(len(x["train"])).batch(BATCH)

given = keras.Input((RATE,))
found = layers.MelSpectrogram(
    fft_length=256, sequence_stride=128, sampling_rate=RATE, num_mel_bins=40, min_freq=20, max_freq=RATE // 2
)(given)
found = layers.Permute((2, 1))(found)
found = layers.Reshape((*found.shape[1:], 1))(found)
for filters in (24, 48, 96):
    found = layers.Conv2D(filters, 3, padding="same", use_bias=False)(found)
    found = layers.MaxPooling2D()(found)
    found = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(found))
found = layers.Conv2D(128, (1, 5), use_bias=False)(found)
found = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(found))
found = layers.Dropout(0.2)(layers.GlobalMaxPooling2D()(found))
model = keras.Model(given, layers.Dense(10, activation="softmax")(found))
steps = len(train) * epochs
model.compile(
    loss="sparse_categorical_crossentropy",
    optimizer=keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(2e-3, steps)),
    metrics=["accuracy"],
)


class Rates(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.found = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(len(x["train"]) / (time.perf_counter() - self.began))


rates = Rates()
model.fit(train.prefetch(2), epochs=epochs, callbacks=[rates], verbose=0)
_, accuracy = model.evaluate(x["test"], y["test"], verbose=0)
print(json.dumps({"clips_per_second": rates.found, "accuracy": accuracy}))
