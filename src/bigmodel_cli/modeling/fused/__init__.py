"""TensorFlow's fused operations in place of Keras's step-by-step ones, in the training graph alone.

Each computes the same formula in one pass over memory. They are put in place while a graph is traced and
taken away again, so that the model that is saved stays plain Keras.
"""
