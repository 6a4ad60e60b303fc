"""The CSV template, filled for an invented woman."""

from __future__ import annotations

from tests.dxa_cases import DxaCase

TABLE = """\
patient_id;scan_date;site;side;region;area_cm2;bmc_g;bmd_g_cm2;t_score;z_score;scan_id;manufacturer;model;serial;\
software;analysis_version;scan_mode;reference;sex;birth_date;age_years
QX-55120;2019-03-14;lumbar-spine;;L1-L4;52,17;45,91;0,880;-1,5;0,2;V7;HOLOGIC;Horizon A;201377M;5.6.0.4;13.6.0.5;\
Array;2012 BMDCS/NHANES White Female;F;1951-10-23;67,4
QX-55120;2019-03-14;lumbar-spine;;L3;13,62;12,33;0,905;-1,4;0,4;V7;HOLOGIC;Horizon A;201377M;5.6.0.4;13.6.0.5;\
Array;2012 BMDCS/NHANES White Female;F;1951-10-23;67,4
QX-55120;2019-03-14;hip;right;neck;5,11;3,34;0,654;;-0,3;V8;HOLOGIC;Horizon A;201377M;5.6.0.4;13.6.0.5;\
Array;2012 BMDCS/NHANES White Female;F;1951-10-23;67,4
"""


def make() -> bytes:
    """Semicolons, decimal commas, a byte order mark: as a spreadsheet of many a country writes it."""
    return TABLE.encode("utf-8-sig")


CASE = DxaCase(
    route="csv",
    module="bonemetrics.readers.dxa.csv_template",
    file_name="results.csv",
    make=make,
    secrets=("QX-55120", "1951-10-23", "19511023"),
    numbers={
        ("L1-L4", "", "area"): 52.17,
        ("L1-L4", "", "bmd"): 0.88,
        ("L3", "", "t_score"): -1.4,
        ("neck", "right", "bmc"): 3.34,
        ("neck", "right", "z_score"): -0.3,
    },
)
