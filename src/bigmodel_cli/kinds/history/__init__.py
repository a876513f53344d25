"""What a row's user had before."""
