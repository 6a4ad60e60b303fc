"""Bone histomorphometry: formulas and algebra, limits and checks, entries."""
