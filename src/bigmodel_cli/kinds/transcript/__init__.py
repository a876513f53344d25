"""What is said in a recording, or written in a picture: texts that are heard, and given to no model."""
