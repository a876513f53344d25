"""Components to Keras: objects, graphs, blocks, and the compiled model."""
