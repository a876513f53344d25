"""What Keras looks up, in NumPy alone."""
