"""The config language: text in, checked and located settings out. Nothing here imports TensorFlow."""
