"""What clients speak, a file for each."""
