"""All timed benchmarks, one after the other: `python -m tests.benchmarks`. For an otherwise idle machine."""

from __future__ import annotations

from importlib.util import find_spec

from tests.benchmarks import dxa, export, read_series, review, segment

if __name__ == "__main__":
    print("Reading 512 × 512 × 168")
    read_series.main()
    print("\nSegmenting phantom M, 512 × 512 × 168")
    segment.main("M")
    print("\nReading DXA results")
    dxa.main()
    print("\nExporting the outcomes dataset of a large trial")
    export.main()
    if find_spec("napari") is not None:
        print("\nReading in napari")
        review.main()
