"""Tasks: what is to be predicted of a column, a folder for each, with a file for each storey."""
