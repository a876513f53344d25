"""Tables in files as columns: what kind each column is, by all of its rows, and its values as NumPy arrays.

`table.open_table` recognises how files are written, `survey.survey` looks at every cell, `values.read` reads.
"""
