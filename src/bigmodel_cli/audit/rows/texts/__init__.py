"""What an audit finds of a column of texts beyond lengths and exact copies."""
