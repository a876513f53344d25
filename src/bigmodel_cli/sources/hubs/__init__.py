"""What data sets that others keep have in common: columns that hold something, and rows in any order."""
