"""An enCORE text export of an invented woman: spine, both hips and forearm in one line, whole body in another file."""

from __future__ import annotations

from tests.dxa_cases import DxaCase

PERSON = ("ID1", "ID2", "ID3", "Date", "Birth Date", "Gender", "Device")
WHO = ("Quastenflosser", "Wilhelmine", "LX-90817", "25.03.2018", "19.11.1949", "Female", "Lunar iDXA")
MEASURES = {
    "L1-L4 BMD (g/cm²)": "0,952",
    "L2 BMD (g/cm²)": "0,931",
    "Neck Left BMD (g/cm²)": "0,734",
    "Neck Right BMD (g/cm²)": "0,756",
    "Neck Mean BMD (g/cm²)": "0,745",
    "Neck Diff. BMD (g/cm²)": "0,022",
    "Total Left BMD (g/cm²)": "0,811",
    "Radius 33% BMD (g/cm²)": "0,689",
    "L1-L4 BMC (g)": "53,41",
    "L2 BMC (g)": "13,28",
    "Neck Left BMC (g)": "3,67",
    "L1-L4 Area (cm²)": "56,10",
    "L2 Area (cm²)": "14,26",
    "Neck Left Area (cm²)": "5,00",
    "L1-L4 T-Score": "-1,9",
    "L2 T-Score": "",
    "Neck Left T-Score": "-2,2",
    "L1-L4 Z-Score": "-0,6",
    "L2 Z-Score": "-0,7",
    "L1-L4 Average Height (cm)": "13,60",
    "L1-L4 Average Width (cm)": "4,12",
}


def export(header: tuple[str, ...], *lines: tuple[str, ...], encoding: str = "utf-16") -> bytes:
    """Lines of cells as the program writes them: tabs, carriage returns, UTF-16 with mark."""
    return "".join("\t".join(line) + "\r\n" for line in (header, *lines)).encode(encoding)


def make() -> bytes:
    """One line with three sites."""
    return export((*PERSON, *MEASURES), (*WHO, *MEASURES.values()))


CASE = DxaCase(
    route="lunar-text",
    module="bonemetrics.readers.dxa.lunar_text",
    file_name="export.txt",
    make=make,
    secrets=("Quastenflosser", "Wilhelmine", "LX-90817", "19.11.1949", "19491119"),
    numbers={
        ("L1-L4", "", "bmc"): 53.41,
        ("L2", "", "z_score"): -0.7,
        ("neck", "left", "t_score"): -2.2,
        ("neck", "mean", "bmd"): 0.745,
        ("radius-33", "", "bmd"): 0.689,
    },
)
