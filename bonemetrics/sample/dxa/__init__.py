"""DXA of the synthetic trial: who has what when, true numbers, and one writer for each form of report."""
