"""The synthetic trial and its ground truth."""
