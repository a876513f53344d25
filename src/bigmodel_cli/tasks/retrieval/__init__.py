"""Which of all items somebody takes next."""
