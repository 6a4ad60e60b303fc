"""Imaging and bone metrics for trials: radius QCT and DXA to a reviewed, traceable dataset."""

__version__ = "0.1.0"
