"""Pages as Norland prints them, of invented people with invented numbers."""

from __future__ import annotations

from collections.abc import Sequence

from tests.printed_pages import Placed, Text, width_of

SIZE = 7.0
# Middles of columns: this layout centres its cells and its row names.
MIDDLES = (88.0, 133.0, 169.0, 204.0, 240.0, 271.0, 307.0, 342.0, 377.0, 420.0, 466.0, 512.0, 558.0)
HEADS = (
    ("BMD (g/cm²)",),
    ("BMC (g)",),
    ("Area", "(cm²)"),
    ("Length", "(cm)"),
    ("Width", "(cm)"),
    ("T-", "Score"),
    ("Young", "Ref. (%)"),
    ("Z-", "Score"),
    ("Age", "Match (%)"),
    ("ST Change", "(%)"),
    ("ST Change", "(%/yr)"),
    ("LT Change", "(%)"),
    ("LT Change", "(%/yr)"),
)
ROWS = (
    # BMC / area by hand: 36.71/41.95 = 0.8751, 10.87/12.94 = 0.8400, 12.25/14.02 = 0.8738, 13.59/14.99 = 0.9066.
    (
        "L2 - L4",
        "0.8751",
        "36.71",
        "41.95",
        "9.45",
        "11.7",
        "-1.47",
        "79.6",
        "-0.72",
        "88.1",
        "7.6",
        "4.1",
        "-0.4",
        "0.1",
    ),
    ("L2", "0.8400", "10.87", "12.94", "3.15", "11.7", "-1.62", "76.4", "-0.85", "86.2", "3.1", "1.8", "-2.7", "-0.5"),
    ("L3", "0.8738", "12.25", "14.02", "3.15", "11.7", "-1.49", "78.3", "-0.74", "*****", "9.2", "5.3", "0.6", "0.2"),
    ("L4", "0.9066", "13.59", "14.99", "3.00", "11.7", "*****", "*****", "-0.48", "92.7", "*****", "6.2", "1.3", "0.3"),
)
# Total sBMD by 1076.1 times BMD: 941.7 mg/cm2; its BMC 941.7 * 41.95 = 39504 mg.
TOTAL = (
    "941.7mg/cm²",
    "39504mg",
    "41.95",
    "9.45",
    "11.7",
    "-1.47",
    "79.6",
    "-0.72",
    "88.1",
    "7.6",
    "4.1",
    "-0.4",
    "0.1",
)


def centred(middle: float, y: float, text: str, size: float = SIZE) -> Text:
    return Text(middle - width_of(text, size) / 2, y, text, size)


def person() -> Placed:
    return (
        Text(6, 8, "3/14/2021 5:01:25 PM", SIZE),
        Text(262, 9, "Norland at Kestrel Clinic", 9),
        Text(33, 74, "Name:", SIZE),
        Text(72, 74, "Plover, Sandy", SIZE),
        Text(292, 74, "Sex:", SIZE),
        Text(331, 74, "Female", SIZE),
        Text(438, 74, "Height:", SIZE),
        Text(478, 74, "5'3\"", SIZE),
        Text(33, 89, "ID:", SIZE),
        Text(72, 89, "NV-8834", SIZE),
        Text(292, 89, "Ethnic:", SIZE),
        Text(331, 89, "Caucasian", SIZE),
        Text(438, 89, "Weight:", SIZE),
        Text(478, 89, "117", SIZE),
        Text(33, 105, "DOB:", SIZE),
        Text(72, 105, "8/27/1941", SIZE),
        Text(292, 105, "Age:", SIZE),
        Text(331, 105, "66 years", SIZE),
    )


def body(title: str = "AP Spine") -> Placed:
    return (
        Text(258, 139, f"{title} on: 9/18/2007 11:42:05 AM", SIZE),
        Text(279, 194, "L2 - L4", SIZE),
        Text(316, 194, "Norland 4/00", SIZE),
        Text(386, 194, "C", SIZE),
        Text(85, 366, "Bone image not for diagnosis.", SIZE),
        Text(204, 512, "STD CVs for L2-L4 BMD: 1.0 BMC: 1.5 See Guide for other CVs.", 6),
        Text(166, 523, "1.5 mm X 1.5 mm, 130 mm/s, 12.00 cm, Rev. 3.9.4/2.1.0 Calib. 9/18/2007 8:07:52 S/N 5127", 6),
        Text(22, 557, "Comments:", SIZE),
    )


def table(rows: Sequence[tuple[str, ...]] = ROWS, *, total: bool = True) -> Placed:
    """Heads of one line stand at half the height of those of two."""
    placed = [Text(30, 414, "Region", SIZE)]
    for head, middle in zip(HEADS, MIDDLES, strict=True):
        tops = (414.0,) if len(head) == 1 else (408.5, 418.0)
        placed += [centred(middle, y, text) for y, text in zip(tops, head, strict=True)]
    for place, (label, *cells) in enumerate(rows):
        y = 430.5 + 13.5 * place
        placed.append(centred(42, y, label))
        placed += [centred(middle, y, cell) for middle, cell in zip(MIDDLES, cells, strict=True) if cell]
    if total:
        y = 430.5 + 13.5 * len(rows) + 5
        placed += [centred(42, y - 5, "Total"), centred(42, y + 5, "sBMD")]
        placed += [centred(middle, y, cell, 6.5) for middle, cell in zip(MIDDLES, TOTAL, strict=True)]
    return tuple(placed)


def spine_page() -> Placed:
    """A page of one spine."""
    return person() + body() + table()
