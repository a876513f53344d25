"""Pictures of figures become drawings in the form of a data set."""
