"""Days and moments."""
