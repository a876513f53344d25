"""Predict the rows of a CSV file, as a good script without bigmodel does.

    python benchmarks/plain/predict_rows.py MODEL.keras ROWS.csv

The model takes a column for each input and has Keras's preprocessing layers in it, as table_fit.py saves it.
"""

import csv
import os
import sys
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

model = keras.models.load_model(sys.argv[1], compile=False)
with Path(sys.argv[2]).open(newline="") as file:
    rows = list(csv.DictReader(file))
columns = {}
for column in model.inputs:
    cells = np.array([row[column.name].strip() for row in rows])
    columns[column.name] = (cells if column.dtype == "string" else cells.astype("float32"))[:, None]
dataset = tf.data.Dataset.from_tensor_slices(columns).batch(1024).prefetch(tf.data.AUTOTUNE)
for number, score in enumerate(model.predict(dataset, verbose=0).ravel(), 2):
    print(f"{sys.argv[2]}:{number}: {score:.1%}")
