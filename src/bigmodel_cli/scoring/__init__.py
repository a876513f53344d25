"""How good predictions are, and what is decided on them: NumPy and scikit-learn, no TensorFlow."""
