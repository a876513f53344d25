"""Any of several labels: none, one, or many of them."""
