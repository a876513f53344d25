"""What in an image a model decides by."""
