"""What a run's numbers suggest to try next: rules of thumb, each with what it was found from."""
