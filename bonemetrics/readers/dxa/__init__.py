"""Readers of DXA results: one file for each form in which they leave a scanner; no reader knows another."""
