"""A structured report as densitometers are said to write it, of an invented person, and parts to build others."""

from __future__ import annotations

from tests.dicom_bytes import BIG_ENDIAN, EXPLICIT, IMPLICIT, Value, data_set, part10
from tests.dxa_cases import DxaCase

Content = dict[int, Value]
ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
G_CM2, GRAM, CM2, ONE, PER_CENT = (
    ("g/cm2", "UCUM", "g/cm2"),
    ("g", "UCUM", "g"),
    ("cm2", "UCUM", "cm2"),
    ("{T-score}", "UCUM", "T-score"),
    ("%", "UCUM", "%"),
)
Unit = tuple[str, str, str]


def code(meaning: str, value: str = "BM-01", scheme: str = "99PRIV") -> Value:
    """A code sequence of one item."""
    return ("SQ", [{0x00080100: ("SH", value), 0x00080102: ("SH", scheme), 0x00080104: ("LO", meaning)}])


def item(kind: str, name: str, relation: str = "CONTAINS", children: list[Content] | None = None) -> Content:
    """A content item without its value."""
    found: Content = {0x0040A010: ("CS", relation), 0x0040A040: ("CS", kind), 0x0040A043: code(name)}
    if children:
        found[0x0040A730] = ("SQ", children)
    return found


def container(name: str, *children: Content) -> Content:
    """A container with items."""
    return item("CONTAINER", name, children=list(children))


def num(name: str, value: str, unit: Unit | None = G_CM2, *children: Content) -> Content:
    """A number; an empty value makes an item without a measured value."""
    found = item("NUM", name, children=list(children))
    measured: Content = {0x0040A30A: ("DS", value)}
    if unit is not None:
        measured[0x004008EA] = code(unit[2], unit[0], unit[1])
    found[0x0040A300] = ("SQ", [measured] if value else [])
    return found


def modifier(name: str, meaning: str, value: str = "BM-09", relation: str = "HAS CONCEPT MOD") -> Content:
    """A coded modifier, such as a finding site."""
    return {**item("CODE", name, relation), 0x0040A168: code(meaning, value)}


def text(name: str, value: str) -> Content:
    """A text item."""
    return {**item("TEXT", name), 0x0040A160: ("UT", value)}


def day(name: str, value: str) -> Content:
    """A date item."""
    return {**item("DATE", name), 0x0040A121: ("DA", value)}


HEADER: Content = {
    0x00080005: ("CS", "ISO_IR 100"),
    0x00080016: ("UI", ENHANCED_SR),
    0x00080018: ("UI", "1.2.3.77"),
    0x00080020: ("DA", "20240305"),
    0x00080060: ("CS", "SR"),
    0x00080070: ("LO", "GE Healthcare"),
    0x00081090: ("LO", "Lunar iDXA"),
    0x00100010: ("PN", "Testperson^Rita"),
    0x00100020: ("LO", "PAT-0815"),
    0x00100030: ("DA", "19510412"),
    0x00100040: ("CS", "F"),
    0x00181000: ("LO", "240111"),
    0x00181020: ("LO", "16.00.158"),
    0x0020000D: ("UI", "1.2.3"),
    0x0020000E: ("UI", "1.2.3.4"),
}


def report(
    *children: Content, syntax: str = EXPLICIT, title: str = "Bone Densitometry Report", **changed: Value
) -> bytes:
    """A whole file; `changed` names header elements by their tag, such as `x00181030`."""
    order, implicit = (">" if syntax == BIG_ENDIAN else "<"), syntax == IMPLICIT
    root: Content = {
        **HEADER,
        0x0040A040: ("CS", "CONTAINER"),
        0x0040A043: code(title),
        0x0040A730: ("SQ", list(children)),
        **{int(name[1:], 16): value for name, value in changed.items()},
    }
    return part10(data_set(root, order, implicit=implicit), syntax)


def region(name: str, bmd: str, bmc: str, area: str, t: str, z: str) -> Content:
    """A region with all its numbers, as enCORE from 10.2 on."""
    return container(
        name,
        num("BMD", bmd),
        num("BMC", bmc, GRAM),
        num("Area", area, CM2),
        num("Young-Adult T-Score", t, ONE),
        num("Age-Matched Z-Score", z, ONE),
    )


def spine_and_hip() -> bytes:
    """Two sites in one report; BMD is BMC / area to three digits, every number of its own."""
    return report(
        text("Operator", "Testperson Rita"),
        container(
            "AP Spine",
            day("Scan Date", "20240307"),
            text("Scan Mode", "Standard"),
            container("Reference Database", text("Population", "USA (Combined NHANES/Lunar)")),
            region("L1", "0.912", "11.40", "12.50", "-1.8", "-0.6"),
            region("L2", "1.022", "13.92", "13.62", "-1.5", "-0.2"),
            region("L1-L2", "0.969", "25.32", "26.12", "-1.6", "-0.4"),
        ),
        container(
            "Left Femur",
            text("Comment", "born 12.04.1951, Testperson"),
            region("Neck", "0.788", "3.86", "4.90", "-1.7", "0.1"),
            region("Total", "0.859", "28.41", "33.07", "-1.2", "0.3"),
        ),
    )


CASE = DxaCase(
    route="dicom-sr",
    module="bonemetrics.readers.dxa.dicom_sr",
    file_name="report.dcm",
    make=spine_and_hip,
    secrets=("Testperson", "Rita", "PAT-0815", "19510412", "12.04.1951"),
    numbers={
        ("L1", "", "bmc"): 11.4,
        ("L2", "", "bmd"): 1.022,
        ("L1-L2", "", "t_score"): -1.6,
        ("neck", "left", "z_score"): 0.1,
        ("total-hip", "left", "area"): 33.07,
    },
)
