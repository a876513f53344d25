"""Examples on their way to the model: splits, label encoding, order, batches."""
