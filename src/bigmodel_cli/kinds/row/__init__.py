"""Several columns that stand side by side."""
