"""Densities, areas and volumes with their uncertainty."""
