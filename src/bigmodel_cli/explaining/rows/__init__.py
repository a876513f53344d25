"""What columns of a table a model decides by, over a split and for one row."""
