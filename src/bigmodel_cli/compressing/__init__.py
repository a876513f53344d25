"""What makes a model smaller while it is trained: a file for each way, and what training asks of all."""
