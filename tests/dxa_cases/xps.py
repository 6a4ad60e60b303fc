"""A Hologic spine report as XPS."""

from bonemetrics.readers.dxa import xps
from tests.dxa_cases import DxaCase
from tests.printed_pages import fixed_page, hologic_spine, xps_of

CASE = DxaCase(
    route="xps",
    module=xps.__name__,
    file_name="report.xps",
    make=lambda: xps_of([fixed_page(hologic_spine())]),
    secrets=("Birch", "Willow", "QX-4471", "May 21, 1957"),
    numbers={
        ("L1", "", "bmd"): 0.8,
        ("L2", "", "t_score"): -1.3,
        ("L3", "", "area"): 14.41,
        ("L4", "", "z_score"): 0.7,
        ("L1-L4", "", "bmc"): 50.74,
    },
)
