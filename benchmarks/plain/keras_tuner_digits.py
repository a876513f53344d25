"""A plain KerasTuner script, as a user would write it: the space of configs/digits_tune.yaml by Hyperband.

    python keras_tuner_digits.py ARRAYS_NPZ EPOCHS SEED FOLDER

Trials have at most 20 epochs, as the config has it; Hyperband's own defaults otherwise. It begins brackets
until EPOCHS were trained in all. Prints a line of JSON: the best validation loss, and how many epochs and
trials there were.
"""

import json
import sys
from contextlib import suppress

import keras
import keras_tuner
import numpy as np
from keras import layers

MOST_EPOCHS = 20
path, num_epochs, seed, folder = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
keras.utils.set_random_seed(seed)
with np.load(path) as file:
    train, validation = (file["x_train"], file["y_train"]), (file["x_validation"], file["y_validation"])


class Digits(keras_tuner.HyperModel):
    def build(self, hp):
        batch_size = hp.Choice("batch_size", [16, 32, 64])
        steps = MOST_EPOCHS * -(-len(train[0]) // batch_size)
        shift = {"height_factor": 0.1, "width_factor": 0.1, "fill_mode": "constant"}
        augmentation = {
            "none": [],
            "shift": [layers.RandomTranslation(**shift)],
            "turn": [layers.RandomRotation(0.03, fill_mode="constant"), layers.RandomTranslation(**shift)],
        }
        rate = hp.Float("initial_learning_rate", 3e-4, 3e-2, sampling="log")
        model = keras.Sequential(
            [
                layers.Rescaling(1 / 255),
                *augmentation[hp.Choice("augmentation", list(augmentation))],
                layers.Conv2D(
                    hp.Int("filters_0", 8, 64, sampling="log"), 3, padding="same", activation="relu"
                ),
                layers.Conv2D(
                    hp.Int("filters_1", 16, 96, sampling="log"), 3, padding="same", activation="relu"
                ),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dropout(hp.Float("rate", 0.0, 0.6)),
                layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile(
            keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps)),
            loss="categorical_crossentropy",
            metrics=["accuracy"],
        )
        model.build((None, 8, 8, 1))
        return model

    def fit(self, hp, model, *args, **kwargs):
        return model.fit(*args, batch_size=hp.get("batch_size"), **kwargs)


class Counting(keras.callbacks.Callback):
    epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        Counting.epochs += 1


class Hyperband(keras_tuner.Hyperband):
    def run_trial(self, trial, *args, **kwargs):
        if Counting.epochs >= num_epochs:
            raise keras_tuner.errors.FatalError("enough epochs")
        return super().run_trial(trial, *args, **kwargs)


tuner = Hyperband(
    Digits(),
    objective="val_loss",
    max_epochs=MOST_EPOCHS,
    hyperband_iterations=None,
    seed=seed,
    directory=folder,
    project_name="digits",
    overwrite=True,
)
with suppress(keras_tuner.errors.FatalError):
    tuner.search(
        train[0],
        keras.utils.to_categorical(train[1], 10),
        validation_data=(validation[0], keras.utils.to_categorical(validation[1], 10)),
        callbacks=[Counting()],
        verbose=0,
    )
scores = [trial.score for trial in tuner.oracle.trials.values() if trial.score is not None]
print(json.dumps({"score": min(scores), "epochs": Counting.epochs, "trials": len(scores)}))
