"""Paths of masks, each the class of every pixel of an image beside it: predicted, and given to no model."""
