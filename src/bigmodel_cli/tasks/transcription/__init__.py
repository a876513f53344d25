"""A text that is heard: which tokens, in which order; at which moments, nobody says."""
