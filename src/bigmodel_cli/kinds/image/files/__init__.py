"""Files of images: which those are, what is in them, and how they become pixels."""
