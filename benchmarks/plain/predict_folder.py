"""Predict a folder of images of digits, as a good script without bigmodel does.

python benchmarks/plain/predict_folder.py MODEL.keras FOLDER
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

model = keras.models.load_model(sys.argv[1], compile=False)
images = keras.utils.image_dataset_from_directory(
    sys.argv[2],
    labels=None,
    color_mode="grayscale",
    image_size=(28, 28),
    batch_size=256,
    shuffle=False,
    verbose=False,
)
for path, scores in zip(images.file_paths, model.predict(images, verbose=0), strict=True):
    print(f"{path}: {scores.argmax()} {scores.max():.1%}")
