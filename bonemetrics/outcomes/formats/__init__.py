"""Formats that statisticians, sponsors and REDCap take, and what a round trip through each of them keeps."""
