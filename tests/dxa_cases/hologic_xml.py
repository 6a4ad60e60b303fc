"""The report text of Hologic as three projects describe it, of an invented person, and the parts to build others."""

from __future__ import annotations

from collections.abc import Sequence

from tests.dxa_cases import DxaCase

SUP = "<sup><small>2</small></sup>"
HIP_HEADS = ("Region", "Area[cm&sup2;]", "BMC[(g)]", f"BMD[g/cm{SUP}]", "T - score", "PR (%)", "Z - score", "AM (%)")
HIP_ROWS = (
    ("Neck", "4.90", "3.86", "0.788", "-0.6", "93", "0.9", "115"),
    ("Troch", "10.21", "6.53", "0.640", "-0.7", "91", "0.2", "103"),
    ("Inter", "17.96", "18.02", "1.003", "-0.8", "90", " ", "101"),
    ("<b>Total</b>", "33.07", "28.41", "0.859", "-0.9", "91", "0.5", "106"),
    ("Ward&#39;s", "1.12", "0.61", "0.545", "-1.6", "74", "0.7", "121"),
)
"""Areas and contents of the total are the sums of neck, trochanter and inter; BMD is BMC / area."""
VALUES = {
    "PatientName": "Testperson, Rita",
    "PatientID": "PAT-0815",
    "PatientSex": "Female",
    "Ethnicity": "White",
    "DOB": "12.04.1951",
    "Age": "72",
    "Height": "163.5 cm",
    "Weight": "58.4  kg",
    "ReferringPhysician": "Dr. Nobody",
    "Scan": "05March2024 - A0305240B",
    "ScanMode": "Array",
    "AnalProtocol": "Left Hip",
    "TableNote1": "Total BMD CV 1.0%, TBAR1234, ACF = 1.023, BCF = 0.987, TH = 5.412",
    "TableNote2": "T-score vs. White Female. Source:2012 BMDCS/NHANES White Female. Z-score vs. White Female.",
}
TAGS = {"ScanID": "A0305240B", "k": "1.142", "d0": "48.6", "ACF": "1.023", "BCF": "0.987"}

Row = Sequence[str | None]


def assignments(rows: Sequence[Row], *, turned: bool = False, table: int = 1) -> list[str]:
    """A table cell by cell; a cell that is `None` is not assigned."""
    lines = []
    for at, row in enumerate(rows):
        for column, value in enumerate(row):
            first, second = (column, at) if turned else (at, column)
            if value is not None:
                lines.append(f'ResultsTable{table}[{first:2d}][{second:2d}] = "{value}";')
    return lines


def report_text(
    rows: Sequence[Row] = (HIP_HEADS, *HIP_ROWS),
    *,
    turned: bool = False,
    more: Sequence[str] = (),
    tags: dict[str, str] | None = None,
    **values: str,
) -> str:
    """A whole report text; `values` replace those of the invented person."""
    head = "".join(f"<{name}>{value}</{name}>" for name, value in (TAGS if tags is None else tags).items())
    lines = [f'{name} = "{value}";' for name, value in {**VALUES, **values}.items()]
    lines += [*assignments(rows, turned=turned), *more]
    script = "".join(f"{line}\r\n" for line in lines)
    return f"<HologicHeader1>{head}</HologicHeader1>\r\n<JavaScriptFile>\r\n{script}</JavaScriptFile>\r\n"


def example() -> bytes:
    """A left hip with fracture risks in a second table."""
    risk = assignments([("Fracture", "Risk"), ("Major", "11&#37;"), ("Hip", "2.1%")], table=2)
    return report_text(more=(*risk, 'Who = "WHO Classification: Normal";')).encode()


CASE = DxaCase(
    route="hologic-xml",
    module="bonemetrics.readers.dxa.hologic_xml",
    file_name="report.txt",
    make=example,
    secrets=("Testperson", "Rita", "PAT-0815", "12.04.1951", "19510412", "Nobody"),
    numbers={
        ("neck", "left", "area"): 4.9,
        ("trochanter", "left", "bmc"): 6.53,
        ("total-hip", "left", "bmd"): 0.859,
        ("wards", "left", "t_score"): -1.6,
        ("total-hip", "left", "z_score"): 0.5,
    },
)
