"""A plain Keras script, as a user would write it: a U-Net (Ronneberger et al. 2015) for the parts of cells.

    python masks_fit.py FOLDER EPOCHS

FOLDER has train/ and val/ with images/ and masks/. Decoded once, flipped and rotated by Keras's layers.
Prints a line of JSON: images per second of each epoch, and the mean IoU on val.
"""

import json
import sys
import time
from pathlib import Path

import keras
import tensorflow as tf
from keras import layers

SIDE, BATCH, CLASSES, FILTERS = 128, 8, 3, (16, 32, 64, 128)
folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
keras.utils.set_random_seed(0)


def read(image, mask):
    image = tf.image.resize(tf.io.decode_png(tf.io.read_file(image), 3), (SIDE, SIDE))
    mask = tf.image.resize(tf.io.decode_png(tf.io.read_file(mask), 1), (SIDE, SIDE), "nearest")
    return image / 255, mask


def dataset(split):
    images = sorted(str(path) for path in (folder / split / "images").glob("*.png"))
    masks = [path.replace("images", "masks") for path in images]
    pairs = tf.data.Dataset.from_tensor_slices((images, masks))
    return len(images), pairs.map(read, num_parallel_calls=tf.data.AUTOTUNE).cache()


flip = layers.RandomFlip("horizontal_and_vertical", seed=1)
turn = layers.RandomRotation(0.1, seed=1)


def augment(image, mask):
    found = turn(flip({"images": image, "segmentation_masks": mask}))
    return found["images"], found["segmentation_masks"]


count, train = dataset("train")
_, val = dataset("val")
train = train.shuffle(count).batch(BATCH).map(augment, num_parallel_calls=tf.data.AUTOTUNE).prefetch(2)


def convolved(x, filters):
    for _ in range(2):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
        x = layers.Activation("relu")(layers.BatchNormalization(momentum=0.9)(x))
    return x


given = keras.Input((SIDE, SIDE, 3))
x, skips = given, []
for filters in FILTERS:
    x = convolved(layers.MaxPooling2D()(x) if skips else x, filters)
    skips.append(x)
for skip, filters in zip(skips[-2::-1], FILTERS[-2::-1], strict=True):
    x = convolved(layers.Concatenate()([layers.UpSampling2D()(x), skip]), filters)
model = keras.Model(given, layers.Conv2D(CLASSES, 1, activation="softmax")(x))
schedule = keras.optimizers.schedules.CosineDecay(3e-3, epochs * -(-count // BATCH))
metric = keras.metrics.MeanIoU(CLASSES, sparse_y_pred=False, name="mean_iou")
model.compile(
    loss="sparse_categorical_crossentropy", optimizer=keras.optimizers.Adam(schedule), metrics=[metric]
)


class Rates(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.found = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.found.append(count / (time.perf_counter() - self.began))


rates = Rates()
model.fit(train, epochs=epochs, callbacks=[rates], verbose=0)
_, found = model.evaluate(val.batch(BATCH), verbose=0)
print(json.dumps({"images_per_second": rates.found, "mean_iou": found}))
