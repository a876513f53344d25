"""Several processes, on one or more machines, that train one model together."""
