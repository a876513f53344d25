"""What this machine offers for training, and what is wrong with it."""
