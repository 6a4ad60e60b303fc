"""Rods, bones, the periosteal contour and the compartments of the radius."""
