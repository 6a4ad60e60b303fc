"""`python -m bonemetrics`."""

from bonemetrics.cli import main

main()
