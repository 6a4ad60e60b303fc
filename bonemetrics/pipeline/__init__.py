"""One scan, all steps: the only place that knows their order."""
