"""The five most used examples of Keras's gallery, small: each saved as its script saves it, with its score.

https://keras.io/examples/: Simple MNIST convnet, Image classification from scratch, Transfer learning &
fine-tuning, Structured data classification, Text classification from scratch
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

EPOCHS = 3


@dataclass(frozen=True)
class Example:
    """What a script leaves behind.

    Attributes:
        model: The file.
        data: What it was trained and tested on.
        accuracy: On the test part, as the script measured it.
        outputs: Of the model for the first test examples, as the script predicts them.
        words: What `bigmodel adopt` has to be told beside the data.
    """

    model: Path
    data: Path
    accuracy: float
    outputs: np.ndarray
    words: Sequence[str] = ()


def mnist_convnet(folder: Path) -> Example:
    """Pixels are divided by 255 before the model gets them."""
    import keras
    from sklearn.datasets import load_digits

    keras.utils.set_random_seed(0)
    images, labels = load_digits(return_X_y=True)
    images = (images.reshape(-1, 8, 8, 1) * 15.9).astype(np.uint8)
    np.savez(
        folder / "digits.npz",
        x_train=images[:600],
        y_train=labels[:600],
        x_test=images[600:700],
        y_test=labels[600:700],
    )
    x = images.astype("float32") / 255
    y = keras.utils.to_categorical(labels, 10)
    model = keras.Sequential(
        [
            keras.Input(shape=(8, 8, 1)),
            keras.layers.Conv2D(16, kernel_size=(3, 3), activation="relu"),
            keras.layers.MaxPooling2D(pool_size=(2, 2)),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        loss="categorical_crossentropy", optimizer=keras.optimizers.Adam(0.01), metrics=["accuracy"]
    )
    model.fit(x[:600], y[:600], batch_size=64, epochs=EPOCHS, verbose=0)
    model.save(folder / "mnist_convnet.keras")
    accuracy = model.evaluate(x[600:700], y[600:700], verbose=0)[1]
    found = model.predict(x[600:604], verbose=0)
    return Example(
        folder / "mnist_convnet.keras", folder / "digits.npz", accuracy, found, ["--rescale", "1/255"]
    )


def _photos(folder: Path, colors: dict[str, tuple[int, int, int]], side: int) -> Path:
    """Noise around a colour for each class, in train/ and test/."""
    rng = np.random.default_rng(0)
    for split, count in (("train", 24), ("test", 10)):
        for name, color in colors.items():
            place = folder / split / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = np.clip(rng.normal(color, 70, (side, side, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(place / f"{number:02}.png")
    return folder


def _read(folder: Path, split: str, names: Iterable[str], side: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of 0 to 255 and labels, as `image_dataset_from_directory` gives them."""
    import keras

    dataset = keras.utils.image_dataset_from_directory(
        folder / split, class_names=list(names), image_size=(side, side), shuffle=False, verbose=False
    )
    parts = [(x.numpy(), y.numpy()) for x, y in dataset]
    return np.concatenate([x for x, _ in parts]), np.concatenate([y for _, y in parts])


def image_classification_from_scratch(folder: Path) -> Example:
    """A small Xception with augmentation and Rescaling inside, one logit."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    photos = _photos(folder / "pets", {"cat": (120, 110, 100), "dog": (100, 120, 110)}, 24)
    (x, y), (x_test, y_test) = (_read(photos, split, ("cat", "dog"), 24) for split in ("train", "test"))
    inputs = keras.Input(shape=(24, 24, 3))
    tensor = layers.RandomFlip("horizontal")(inputs)
    tensor = layers.RandomRotation(0.1)(tensor)
    tensor = layers.Rescaling(1.0 / 255)(tensor)
    tensor = layers.Conv2D(8, 3, strides=2, padding="same")(tensor)
    tensor = layers.BatchNormalization(momentum=0.5)(tensor)
    tensor = previous = layers.Activation("relu")(tensor)
    tensor = layers.SeparableConv2D(12, 3, padding="same")(tensor)
    tensor = layers.BatchNormalization(momentum=0.5)(tensor)
    tensor = layers.MaxPooling2D(3, strides=2, padding="same")(tensor)
    tensor = layers.add([tensor, layers.Conv2D(12, 1, strides=2, padding="same")(previous)])
    tensor = layers.GlobalAveragePooling2D()(tensor)
    tensor = layers.Dropout(0.25)(tensor)
    model = keras.Model(inputs, layers.Dense(1, activation=None)(tensor))
    model.compile(
        optimizer=keras.optimizers.Adam(3e-2),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0, name="acc")],
    )
    model.fit(x, y, epochs=2 * EPOCHS, batch_size=16, verbose=0)
    model.save(folder / "pets.keras")
    return Example(
        folder / "pets.keras",
        photos,
        model.evaluate(x_test, y_test, verbose=0)[1],
        model.predict(x_test[:4], verbose=0),
    )


def transfer_learning(folder: Path) -> Example:
    """An application inside, behind what prepares its pixels; classes in an order of the script's own."""
    import keras

    keras.utils.set_random_seed(0)
    colors = {"blue": (100, 100, 160), "green": (100, 160, 100), "red": (160, 100, 100)}
    photos, names = _photos(folder / "colors", colors, 32), ("red", "green", "blue")
    (x, y), (x_test, y_test) = (_read(photos, split, names, 32) for split in ("train", "test"))
    base = keras.applications.MobileNet(weights=None, alpha=0.25, input_shape=(32, 32, 3), include_top=False)
    # Its weights are random; what batch normalisation divides by is that of these images.
    for layer in base.layers:
        layer.momentum = 0.0
    base(keras.applications.mobilenet.preprocess_input(x.copy()), training=True)
    base.trainable = False
    inputs = keras.Input(shape=(32, 32, 3))
    tensor = keras.applications.mobilenet.preprocess_input(inputs)
    tensor = base(tensor, training=False)
    tensor = keras.layers.GlobalAveragePooling2D()(tensor)
    tensor = keras.layers.BatchNormalization(momentum=0.5)(tensor)
    tensor = keras.layers.Dropout(0.2)(tensor)
    model = keras.Model(inputs, keras.layers.Dense(3, activation="softmax")(tensor))
    model.compile(keras.optimizers.Adam(0.05), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x, y, epochs=2 * EPOCHS, batch_size=16, verbose=0)
    model.save(folder / "colors.keras")
    (folder / "labels.txt").write_text("\n".join(names) + "\n")
    return Example(
        folder / "colors.keras",
        photos,
        model.evaluate(x_test, y_test, verbose=0)[1],
        model.predict(x_test[:4], verbose=0),
        ["--labels", str(folder / "labels.txt")],
    )


def _write(path: Path, rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def structured_data(folder: Path) -> Example:
    """An input for each column, with the layers that prepare it inside."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    rows = []
    for _ in range(240):
        age, sex = int(rng.integers(30, 75)), int(rng.integers(0, 2))
        thal = str(rng.choice(["fixed", "normal", "reversible"]))
        risk = (age - 52) / 12 + (thal == "reversible") - (thal == "normal") + 0.5 * sex
        rows.append(
            {
                "age": age,
                "sex": sex,
                "thal": thal,
                "site": "here",
                "target": int(risk + rng.normal(0, 0.4) > 0),
            }
        )
    _write(folder / "heart_train.csv", rows[:160])
    _write(folder / "heart_test.csv", rows[160:])
    columns = {name: np.array([[row[name]] for row in rows]) for name in ("age", "sex", "thal")}
    columns["age"] = columns["age"].astype("float32")
    y = np.array([row["target"] for row in rows])
    inputs = {
        "sex": keras.Input(shape=(1,), name="sex", dtype="int64"),
        "thal": keras.Input(shape=(1,), name="thal", dtype="string"),
        "age": keras.Input(shape=(1,), name="age"),
    }
    normalizer, words = layers.Normalization(), layers.StringLookup(output_mode="int")
    numbers = layers.IntegerLookup(output_mode="multi_hot")
    normalizer.adapt(columns["age"][:160])
    words.adapt(columns["thal"][:160])
    numbers.adapt(columns["sex"][:160])
    encoded = [
        numbers(inputs["sex"]),
        layers.CategoryEncoding(num_tokens=words.vocabulary_size(), output_mode="multi_hot")(
            words(inputs["thal"])
        ),
        normalizer(inputs["age"]),
    ]
    tensor = layers.Dense(16, activation="relu")(layers.concatenate(encoded))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.2)(tensor)))
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    given = {
        name: keras.ops.convert_to_tensor(values) if name != "thal" else _texts(values)
        for name, values in columns.items()
    }
    train = {name: values[:160] for name, values in given.items()}
    test = {name: values[160:] for name, values in given.items()}
    model.fit(train, y[:160], epochs=2 * EPOCHS, verbose=0)
    model.save(folder / "heart.keras")
    return Example(
        folder / "heart.keras",
        folder / "heart_train.csv",
        model.evaluate(test, y[160:], verbose=0)[1],
        np.asarray(model({name: values[:4] for name, values in test.items()})),
    )


def _texts(values: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.constant(values.astype(object))


def text_classification(folder: Path) -> Example:
    """Raw strings in; what makes words of them is inside."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    good, bad = ["great", "lovely", "fun", "bright"], ["awful", "boring", "dull", "weak"]
    rows = []
    for number in range(200):
        words = list(rng.choice(good if number % 2 else bad, 2)) + list(
            rng.choice(["the", "film", "plot", *good, *bad], 7)
        )
        text = " ".join(words[place] for place in rng.permutation(9))
        rows.append({"review": f"{text.capitalize()}!", "label": "pos" if number % 2 else "neg"})
    _write(folder / "reviews_train.csv", rows[:140])
    _write(folder / "reviews_test.csv", rows[140:])
    texts = _texts(np.array([[row["review"]] for row in rows]))
    y = np.array([row["label"] == "pos" for row in rows], "float32")
    vectorize = layers.TextVectorization(max_tokens=100, output_mode="int", output_sequence_length=12)
    vectorize.adapt(texts[:140])
    inputs = keras.Input(shape=(1,), dtype="string", name="text")
    tensor = layers.Embedding(100, 8)(vectorize(inputs))
    tensor = layers.Conv1D(8, 3, padding="valid", activation="relu")(tensor)
    tensor = layers.GlobalMaxPooling1D()(tensor)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="predictions")(tensor))
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["accuracy"])
    model.fit(texts[:140], y[:140], epochs=EPOCHS, verbose=0)
    model.save(folder / "reviews.keras")
    return Example(
        folder / "reviews.keras",
        folder / "reviews_train.csv",
        model.evaluate(texts[140:], y[140:], verbose=0)[1],
        np.asarray(model(texts[140:144])),
    )


GALLERY: dict[str, Callable[[Path], Example]] = {
    one.__name__: one
    for one in (
        mnist_convnet,
        image_classification_from_scratch,
        transfer_learning,
        structured_data,
        text_classification,
    )
}
