"""Printed pages of any kind: words in pieces, wavering lines, other languages, garbled pictures, limits."""

from dataclasses import replace
from datetime import date

import pytest

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.printed import Page, Word, parse_pages
from bonemetrics.records import RawDxaReport
from tests.printed_pages import (
    HOLOGIC_SPINE_ROWS,
    LOGO,
    Placed,
    Text,
    hologic_patient,
    hologic_scan,
    hologic_spine,
    hologic_table,
    page_of,
    row_of,
    width_of,
    with_texts,
)


def read(*pages: Placed) -> tuple[RawDxaReport, ...]:
    return parse_pages([page_of(page, number=place + 1) for place, page in enumerate(pages)], route="pdf")


@pytest.mark.parametrize(("x", "text"), [(440.0, "7.7"), (370.0, "0.905")])
def test_a_number_under_no_column__is_refused(x, text):
    with pytest.raises(ReadError) as caught:
        read((*hologic_spine(), Text(x, 511 + 2 * 13.8, text)))
    assert caught.value.code == "results-not-understood"


def test_a_table_of_no_known_vendor__is_refused():
    page = with_texts(hologic_table(HOLOGIC_SPINE_ROWS), {"DXA Results Summary:": "Results"})
    with pytest.raises(ReadError) as caught:
        read(page)
    assert caught.value.code == "results-not-understood"


def test_no_table__has_no_results():
    with pytest.raises(ReadError) as caught:
        read(hologic_patient() + LOGO)
    assert caught.value.code == "no-dxa-results"


def test_a_sentence_about_a_region__is_no_table():
    with pytest.raises(ReadError) as caught:
        read((Text(40, 80, "In this region BMD (g/cm²) and T-score were low. HOLOGIC"),))
    assert caught.value.code == "no-dxa-results"


def cell_words(text: str, right: float, y: float, gap: float) -> Placed:
    """The pieces of a number, set apart by a gap."""
    placed, edge = [], right
    for part in reversed(text.split(" ")):
        placed.append(Text(edge, y, part, right=True))
        edge -= width_of(part, 8.0) + gap
    return tuple(placed)


@pytest.mark.parametrize(
    ("pieces", "value"),
    [
        ("- 1.1", -1.1),
        ("\u2212 1.1", -1.1),
        ("1. 1", 1.1),
        ("- 1. 1", -1.1),
        ("1 1", None),
        ("1.1 1.1", None),
        ("-1.1 x", None),
    ],
)
def test_pieces_of_a_cell__are_one_number_only_where_they_must_be(pieces, value):
    rows = [("L1", *HOLOGIC_SPINE_ROWS[0][1:4], "", "0.3"), *HOLOGIC_SPINE_ROWS[1:]]
    (report,) = read((*hologic_spine(rows), *cell_words(pieces, 413, 511, 2.0)))
    assert report.rows[0].value("t_score") == value
    assert report.rows[0].value("z_score") == 0.3
    assert [problem.code for problem in report.problems] == ([] if value is not None else ["cell-refused"])


@pytest.mark.parametrize("jitter", [0.8, -0.8])
def test_base_lines__may_waver(jitter):
    page = tuple(replace(text, y=text.y + (jitter if place % 2 else 0)) for place, text in enumerate(hologic_spine()))
    (report,) = read(page)
    assert [[row.cells[n].raw for n in ("area", "bmc", "bmd", "t_score", "z_score")] for row in report.rows] == [
        list(row[1:]) for row in HOLOGIC_SPINE_ROWS
    ]


def test_raised_twos__may_be_words_of_their_own():
    heads = (("Area", "(cm"), ("BMC", "(g)"), ("BMD", "(g/cm"), ("T -", "score"), ("Z -", "score"))
    page = hologic_patient() + hologic_scan() + hologic_table(HOLOGIC_SPINE_ROWS, heads=heads)
    raised = (Text(150.2, 493, "2", 5), Text(153.2, 495, ")"), Text(327.2, 493, "2", 5), Text(330.2, 495, ")"))
    (report,) = read(page + raised)
    assert [report.rows[0].cells[name].unit for name in ("area", "bmd")] == ["cm2", "g/cm2"]


def test_units__are_those_of_the_head_and_none_where_it_states_none():
    heads = (("Area", "(mm²)"), ("BMC", "(mg)"), ("BMD", "(mg/cm²)"), ("T -", "score"), ("Z -", "score"))
    (report,) = read(hologic_patient() + hologic_scan() + hologic_table(HOLOGIC_SPINE_ROWS, heads=heads))
    assert [report.rows[0].cells[n].unit for n in ("area", "bmc", "bmd")] == ["mm2", "mg", "mg/cm2"]
    heads = (("Area",), ("BMC",), ("BMD",), ("T-score",), ("Z-score",))
    page = hologic_patient() + hologic_scan() + hologic_table(HOLOGIC_SPINE_ROWS, heads=[(*h, "") for h in heads])
    (report,) = read(page)
    assert [report.rows[0].cells[n].unit for n in ("area", "bmc", "bmd")] == ["", "", ""]


LANGUAGES = {
    "German": (
        {
            "DXA Results Summary:": "Zusammenfassung der DXA-Ergebnisse:",
            "Patient ID:": "Patienten-ID:",
            "DOB: May 21, 1957": "Geburtsdatum: 21. Mai 1957",
            "Sex: Female": "Geschlecht: Weiblich",
            "Age:": "Alter:",
            "Height:": "Größe:",
            "Weight:": "Gewicht:",
            "Scan Date: March 17, 2018": "Scandatum: 17. März 2018",
        },
        (("Fläche", "(cm²)"), ("BMC", "(g)"), ("BMD", "(g/cm²)"), ("T-", "Wert"), ("Z-", "Wert")),
        "Region",
    ),
    "Spanish": (
        {
            "DXA Results Summary:": "Resumen de resultados DXA:",
            "Patient ID:": "ID del paciente:",
            "DOB: May 21, 1957": "Fecha de nacimiento: 21 de mayo de 1957",
            "Sex: Female": "Sexo: Femenino",
            "Age:": "Edad:",
            "Height:": "Talla:",
            "Weight:": "Peso:",
            "Scan Date: March 17, 2018": "Fecha de exploración: 17 de marzo de 2018",
        },
        (("Área", "(cm²)"), ("CMO", "(g)"), ("DMO", "(g/cm²)"), ("Puntuación", "T"), ("Puntuación", "Z")),
        "Región",
    ),
    "French": (
        {
            "DXA Results Summary:": "Résumé des résultats DXA:",
            "DOB: May 21, 1957": "Date de naissance: 21 mai 1957",
            "Sex: Female": "Sexe: Femme",
            "Age:": "Âge:",
            "Height:": "Taille:",
            "Weight:": "Poids:",
            "Scan Date: March 17, 2018": "Date d'examen: 17 mars 2018",
        },
        (("Surface", "(cm²)"), ("CMO", "(g)"), ("DMO", "(g/cm²)"), ("T-", "score"), ("Z-", "score")),
        "Région",
    ),
}


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_prints_of_other_countries__with_decimal_commas(language):
    words, heads, region = LANGUAGES[language]
    rows = [(label, *(cell.replace(".", ",") for cell in cells)) for label, *cells in HOLOGIC_SPINE_ROWS]
    page = hologic_patient() + hologic_scan() + hologic_table(rows, heads=heads) + LOGO
    (report,) = read(with_texts(page, {**words, "163.5": "163,5", "71.2": "71,2", "Region": region}))
    assert [
        [row.region, *(row.cells[n].raw for n in ("area", "bmc", "bmd", "t_score", "z_score"))] for row in report.rows
    ] == [list(row) for row in rows]
    assert {row.region: row.value("bmd") for row in report.rows} == {
        "L1": 0.8,
        "L2": 0.89,
        "L3": 0.924,
        "L4": 0.979,
        "L1-L4": 0.905,
    }
    person = report.patient
    assert (person.birth_date, person.sex, person.age_years) == ("19570521", "F", 61.0)
    assert (person.height_cm, person.weight_kg) == (163.5, 71.2)
    assert report.scan_date == date(2018, 3, 17)


def test_a_comma_beside_decimal_points__parts_thousands():
    rows = [("L1", "1,234.5", "9,87", "0.800", "-1.1", "0.3"), *HOLOGIC_SPINE_ROWS[1:]]
    (report,) = read(hologic_spine(rows))
    assert report.rows[0].value("area") == 1234.5
    assert (report.rows[0].value("bmc"), report.rows[0].cells["bmc"].raw) == (None, "9,87")
    assert [problem.code for problem in report.problems] == ["cell-refused"]


def test_points_and_commas_at_odds__leave_no_density():
    rows = [("L1", "12.34", "9.87", "0,800", "-1.1", "0.3"), ("L2", "13.05", "11.62", "1.890", "-1.3", "0.2")]
    (report,) = read(hologic_spine(rows))
    assert [row.value("bmd") for row in report.rows] == [0.8, None]
    assert [problem.code for problem in report.problems] == ["cell-refused"]


def test_garbled_words__of_a_picture_are_mended_where_only_one_meaning_is_left():
    labels = [
        "Ll",
        "12",
        "L3",
        "1.4",
        "L1-12",
        "L113",
        "LLL4",
        "12-13",
        "1214",
        "13-14",
        "L1-13",
        "L1-1214",
        "L113-L4",
        "12.14",
        "L1-L4",
    ]
    rows = [(label, f"{12 + n}.34", f"{9 + n}.87", f"0.8{n:02d}", "-1.0", "0.3") for n, label in enumerate(labels)]
    heads = (("Area", "(ar)"), ("BMC", "(g)"), ("BMD", "(e/cm)"), ("Lis", "score"), ("is", "score"))
    page = page_of(hologic_patient() + hologic_scan() + hologic_table(rows, heads=heads))
    (report,) = parse_pages([page], route="page-image", trust="ocr")
    regions = {row.printed: row.region for row in report.rows}
    assert "1.4" not in regions
    assert [regions[label] for label in ("Ll", "12", "L113", "1214", "12.14", "L1-L4")] == [
        *("L1", "L2", "L1,L3", "L2,L4", "L2-L4", "L1-L4")
    ]
    first = report.rows[0]
    assert {name: cell.unit for name, cell in first.cells.items()} == {
        "area": "cm2",
        "bmc": "g",
        "bmd": "g/cm2",
        "t_score": "1",
        "z_score": "1",
    }
    assert all(cell.trust == "ocr" for cell in first.cells.values())
    (report,) = read(hologic_spine([("L1", *HOLOGIC_SPINE_ROWS[0][1:]), ("12", *HOLOGIC_SPINE_ROWS[1][1:])]))
    assert [row.region for row in report.rows] == ["L1"]


def test_too_many_words_or_heads__are_refused():
    with pytest.raises(ReadError) as caught:
        read(tuple(Text(20 + 40 * (n % 10), 20 + 10 * (n // 10), "Region") for n in range(70)))
    assert caught.value.code == "too-large"
    word = Word(text="a", x0=0.0, y0=0.0, x1=1.0, y1=1.0)
    with pytest.raises(ReadError) as caught:
        parse_pages([Page(number=1, width=9.0, height=9.0, words=(word,) * 20_001)], route="pdf")
    assert caught.value.code == "too-large"


def test_a_page_of_a_phantom__is_no_persons():
    phantom = with_texts(hologic_spine(), {"Birch, Willow": "Spine, Phantom", "A0317180C": "A0317180D"})
    with pytest.raises(ReadError) as caught:
        read(phantom)
    assert caught.value.code == "phantom-scan"
    (report,) = read(phantom, hologic_spine())
    assert report.rows[0].cells["bmd"].place.startswith("page 2")
    assert [(problem.code, "page 1" in problem.message) for problem in report.problems] == [
        ("phantom-scans-skipped", True)
    ]


def test_a_region_that_stands_twice__is_refused_unless_it_is_the_same():
    rows = [*HOLOGIC_SPINE_ROWS, HOLOGIC_SPINE_ROWS[1]]
    (report,) = read(hologic_spine(rows))
    assert [row.region for row in report.rows] == ["L1", "L2", "L3", "L4", "L1-L4"]
    with pytest.raises(ReadError) as caught:
        read(hologic_spine([*HOLOGIC_SPINE_ROWS, ("L2", *HOLOGIC_SPINE_ROWS[2][1:])]))
    assert caught.value.code == "results-not-understood"


def test_rows_apart_from_their_table__are_not_lost_in_silence():
    page = hologic_spine(HOLOGIC_SPINE_ROWS[:3])
    below = (Text(29, 640, "L4"), Text(150, 640, "16.28", right=True), Text(327, 640, "0.979", right=True))
    with pytest.raises(ReadError) as caught:
        read((*page, *below))
    assert caught.value.code == "results-not-understood"
    # What has no name of a region is another matter, such as a table of earlier visits.
    (report,) = read((*page, *(replace(text, text="2016") if text.text == "L4" else text for text in below)))
    assert len(report.rows) == 3


def test_a_table_of_something_else_below__ends_the_results():
    other = (
        Text(29, 640, "Region"),
        Text(150, 640, "Fat (g)", right=True),
        Text(238, 640, "Lean (g)", right=True),
        Text(29, 654, "L2"),
        Text(150, 654, "812.4", right=True),
        Text(238, 654, "2013.6", right=True),
    )
    (report,) = read((*hologic_spine(), *other))
    assert [row.region for row in report.rows] == ["L1", "L2", "L3", "L4", "L1-L4"]


def test_per_cent_columns_of_hologic__are_told_from_the_scores():
    edges = (120.0, 180.0, 240.0, 300.0, 350.0, 410.0, 460.0)
    heads = (
        ("Area", "(cm²)"),
        ("BMC", "(g)"),
        ("BMD", "(g/cm²)"),
        ("T -", "score"),
        ("PR", "(%)"),
        ("Z -", "score"),
        ("AM", "(%)"),
    )
    placed = [Text(29, 486, "Region")]
    for (upper, lower), edge in zip(heads, edges, strict=True):
        placed += [Text(edge, 486, upper, right=True), Text(edge, 495, lower, right=True)]
    cells = ("12.34", "9.87", "0.800", "", "77", "0.3", "104")
    placed += row_of(511, "L1", cells, edges, x=29)
    placed += row_of(525, "L2", ("13.05", "11.62", "0.890", "-1.3", "", "0.2", ""), edges, x=29)
    (report,) = read((*hologic_patient(), *hologic_scan(), *placed, *LOGO))
    names = ("area", "bmc", "bmd", "t_score", "percent_young", "z_score", "percent_age")
    assert tuple(report.rows[0].cells[name].raw for name in names) == cells
    assert report.rows[1].value("percent_young") is None
    assert report.rows[1].value("z_score") == 0.2


def test_included__is_not_told_where_a_row_was_left_out():
    rows = [*HOLOGIC_SPINE_ROWS, ("L9", "56.08", "50.74", "0.905", "-1.2", "0.4")]
    (report,) = read(hologic_spine(rows))
    assert report.included == ()
