"""What each tracker takes of a run, and how: a file each."""
