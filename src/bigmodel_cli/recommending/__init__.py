"""What a run keeps of items and users, and what follows from that alone, without a model: the best items."""
