"""Replicas of one model, each with the same weights and its part of every batch.

What they compute together is what one model would compute of the whole batch: the loss and its gradients
are sums over all examples, batch normalisation sees all of them, and a batch that cannot be dealt evenly is
filled up with examples that count nothing.
"""
