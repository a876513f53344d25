"""`bigmodel launch`: starts all processes of a cluster, watches them, and starts them again if need be."""
