"""Files of sounds."""
