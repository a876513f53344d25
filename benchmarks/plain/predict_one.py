"""Predict one image of a digit, as a good script without bigmodel does.

python benchmarks/plain/predict_one.py MODEL.keras IMAGE
"""

import os
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

model = keras.models.load_model(sys.argv[1], compile=False)
image = keras.utils.load_img(sys.argv[2], color_mode="grayscale", target_size=(28, 28))
scores = model.predict(keras.utils.img_to_array(image)[None], verbose=0)[0]
print(f"{sys.argv[2]}: {scores.argmax()} {scores.max():.1%}")
