"""What is in a table, column by column and row by row."""
