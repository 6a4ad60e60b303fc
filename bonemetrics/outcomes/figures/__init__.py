"""Figures of the outcomes dataset; each is drawn by one function and returned, never shown."""
