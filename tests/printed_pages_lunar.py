"""Pages as enCORE prints them, of invented people with invented numbers."""

from __future__ import annotations

from collections.abc import Sequence

from tests.printed_pages import Placed, Text, row_of

SIZE = 7.0
TABLE_EDGES = (361.0, 413.0, 467.0, 520.0, 573.0)
TABLE_HEADS = (("BMD", "(g/cm²)"), ("YA", "(%)"), ("YA", "T-score"), ("AM", "(%)"), ("AM", "Z-score"))
ANCILLARY_EDGES = (144.0, 197.0, 251.0, 305.0, 359.0, 413.0, 467.0, 521.0, 573.0)
ANCILLARY_HEADS = (*TABLE_HEADS, ("BMC", "(g)"), ("Area", "(cm²)"), ("Width", "(cm)"), ("Height", "(cm)"))
ANCILLARY_ROWS = (
    # BMC / area by hand: 7.93/9.41 = 0.8427, 10.22/10.87 = 0.9402, 12.96/12.55 = 1.0327, 15.41/14.68 = 1.0497;
    # L1-L4: 7.93+10.22+12.96+15.41 = 46.52, 9.41+10.87+12.55+14.68 = 47.51, ratio 0.9792.
    ("T12", "0.731", "-", "-", "-", "-", "6.05", "8.28", "3.1", "2.67"),
    ("L1", "0.843", "75", "-2.4", "98", "-0.2", "7.93", "9.41", "3.4", "2.77"),
    ("L2", "0.940", "78", "-2.2", "103", "0.3", "10.22", "10.87", "3.6", "3.02"),
    ("L3", "1.033", "86", "-1.4", "113", "1.0", "12.96", "12.55", "3.9", "3.22"),
    ("L4", "1.050", "87", "-1.3", "115", "1.1", "15.41", "14.68", "4.2", "3.50"),
    ("L1-L4", "0.979", "83", "-1.7", "109", "0.7", "46.52", "47.51", "3.8", "12.51"),
)


def person(*, patient_id: str = "KD-2290", born: str = "11/23/1949", measured: str = "06/28/2017") -> Placed:
    """The frame with the person of a page."""
    return (
        Text(190, 42, "Osprey Bone Centre", 12),
        Text(37, 88, "Patient:", SIZE),
        Text(110, 88, "Heron, Marsh", SIZE),
        Text(346, 88, "Referring Physician:", SIZE),
        Text(443, 88, "(not specified)", SIZE),
        Text(37, 98, "Birth Date:", SIZE),
        Text(110, 98, born, SIZE),
        Text(192, 98, "Age:", SIZE),
        Text(254, 98, "67.6 years", SIZE),
        Text(346, 98, "Patient ID:", SIZE),
        Text(424, 98, patient_id, SIZE),
        Text(37, 108, "Height:", SIZE),
        Text(110, 108, "158.5 cm", SIZE),
        Text(192, 108, "Weight:", SIZE),
        Text(254, 108, "63.7 kg", SIZE),
        Text(346, 108, "Measured:", SIZE),
        Text(424, 108, f"{measured} 10:14:31 AM (17 [SP 4])", SIZE),
        Text(37, 118, "Sex:", SIZE),
        Text(110, 118, "Female", SIZE),
        Text(192, 118, "Ethnicity:", SIZE),
        Text(254, 118, "White", SIZE),
        Text(346, 118, "Analyzed:", SIZE),
        Text(424, 118, "06/30/2017 4:05:12 PM (17 [SP 5])", SIZE),
    )


def foot(scan: str = "AP Spine", *, mode: str = "Standard") -> Placed:
    """The small print and the device."""
    return (
        Text(
            35,
            694,
            f"Statistically 68% of repeat scans fall within 1SD (± 0.010 g/cm² for {scan} L1-L4); T-score: USA",
            5,
        ),
        Text(35, 701, f"(Combined NHANES (ages 20-30) / Lunar (ages 20-40)) {scan}, Female, White Reference", 5),
        Text(
            35,
            708,
            "Population (v113); Z-score: Matched for Age, Sex, Weight (females 25-100 kg), Ethnic; World Health",
            5,
        ),
        Text(
            35,
            715,
            "Organization - Definition of Osteoporosis: Normal = T-score at or above -1.0 SD; Osteopenia between.",
            5,
        ),
        Text(
            35,
            725,
            f"Date created: 06/30/2017 4:06:00 PM 17 [SP 5]; Filename: k3mw91.dfx; {scan}; 76:3.00:50.03:12.0;",
            5,
        ),
        Text(350, 725, f"Scan Mode: {mode} 37.0 µGy", 5),
        Text(60, 744, "GE Healthcare", SIZE),
        Text(285, 744, "Page: 1 of 2", SIZE),
        Text(575, 740, "Lunar iDXA", SIZE, right=True),
        Text(575, 749, "ME+201184", SIZE, right=True),
    )


def table(
    rows: Sequence[tuple[str, ...]],
    edges: Sequence[float],
    heads: Sequence[tuple[str, ...]],
    *,
    x: float,
    y: float,
    title: str = "Densitometry: USA (Combined NHANES/Lunar)",
    title_x: float | None = None,
) -> Placed:
    """A table whose word Region stands on the last line of its head."""
    deep = max(len(head) for head in heads)
    placed = [Text(x if title_x is None else title_x, y - 9.5 * deep - 4, title, SIZE), Text(x, y, "Region", SIZE)]
    for head, edge in zip(heads, edges, strict=True):
        start = y - 9.5 * (len(head) - 1)
        placed += [Text(edge, start + 9.5 * line, part, SIZE, right=True) for line, part in enumerate(head)]
    for place, (label, *cells) in enumerate(rows):
        placed += row_of(y + 10 + 9.5 * place, label, cells, edges, x=x, size=SIZE)
    return tuple(placed)


def graph(title: str = "AP Spine: L1-L4 (BMD)") -> Placed:
    """The graph beside the picture, with its axes."""
    return (
        Text(96, 138, "AP Spine Bone Density", SIZE),
        Text(367, 139, title, SIZE),
        Text(281, 150, "BMD (g/cm²)", SIZE),
        Text(509, 150, "YA T-score", SIZE),
        *(Text(278, 163 + 17 * step, f"{1.42 - 0.12 * step:.2f}", SIZE) for step in range(7)),
        *(Text(544, 163 + 17 * step, f"{2 - step}", SIZE) for step in range(7)),
        Text(397, 308, "Age (years)", SIZE),
    )


def spine_page() -> Placed:
    """First page of a spine: picture, graph and the small table, comments to its left."""
    rows = [("L1-L4", *ANCILLARY_ROWS[-1][1:6])]
    comments = (Text(36, 358, "COMMENTS:", SIZE), Text(36, 369, "Mild scoliosis 4 degrees", SIZE))
    return person() + graph() + comments + table(rows, TABLE_EDGES, TABLE_HEADS, x=255, y=367, title_x=320) + foot()


def ancillary_page(rows: Sequence[tuple[str, ...]] = ANCILLARY_ROWS) -> Placed:
    """Second page of a spine."""
    title = "ANCILLARY RESULTS: AP Spine"
    return person() + table(rows, ANCILLARY_EDGES, ANCILLARY_HEADS, x=37, y=162, title=title) + foot()


def trend() -> Placed:
    """A trend table below the results."""
    edges = (380.0, 420.0, 480.0, 530.0)
    heads = (("Age", "(years)"), ("BMD", "(g/cm²)"), ("Change vs", "Previous (g/cm²)"), ("Previous", "(%)"))
    placed = [Text(255, 500, "Trend: L1-L4 (BMD)", SIZE), Text(255, 522, "Measured Date", SIZE)]
    for (upper, lower), edge in zip(heads, edges, strict=True):
        placed += [Text(edge, 512, upper, SIZE, right=True), Text(edge, 522, lower, SIZE, right=True)]
    for place, cells in enumerate((("67.6", "0.979", "0.021*", "2.2*"), ("65.5", "0.958", "-", "-"))):
        placed += row_of(532 + 9.5 * place, ("06/28/2017", "05/20/2015")[place], cells, edges, x=255, size=SIZE)
    return tuple(placed)
