"""What simple models reach on the splits of a config, by the scores of its own model: `bigmodel baseline`."""
