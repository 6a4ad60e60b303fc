"""Workbooks: what a cell holds and what it only seems to hold, which sheet is read, and packages that mean harm."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from bonemetrics.errors import ReadError, TableError
from bonemetrics.readers.tables import xlsx_package
from bonemetrics.readers.tables.xlsx_rows import xlsx_sheet
from bonemetrics.records import RawCell, TableMap

TABLE = TableMap(kind="laboratory")
MERGED = RawCell("", flaw="merged")


def book(*rows, title="Lab"):
    made = openpyxl.Workbook()
    made.active.title = title
    for row in rows:
        made.active.append(row)
    return made


def saved(tmp_path, made, name="a.xlsx") -> Path:
    made.save(tmp_path / name)
    return tmp_path / name


def cells(path, **facts) -> list[tuple[RawCell, ...]]:
    return [row.cells for row in xlsx_sheet(path, TABLE.model_copy(update=facts)).rows]


def with_part(path: Path, name: str, change) -> Path:
    """The package with one part changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.infolist():
            data = old.read(part)
            new.writestr(part.filename, change(data) if part.filename == name else data)
    path.write_bytes(out.getvalue())
    return path


SHEET = "xl/worksheets/sheet1.xml"


def code_of(path, **facts) -> str:
    with pytest.raises((ReadError, TableError)) as caught:
        cells(path, **facts)
    return caught.value.code


def test_rows__cells_as_the_file_types_them(tmp_path):
    made = book(
        [
            "text ",
            12.3,
            7,
            True,
            datetime(2016, 3, 4, 23, 59),
            date(2016, 3, 4),
            time(10, 5),
            timedelta(hours=30),
            None,
            0,
        ]
    )
    (row,) = cells(saved(tmp_path, made))
    day = RawCell("2016-03-04", day=date(2016, 3, 4))
    assert row[:4] == (RawCell("text"), RawCell("12.3", number=12.3), RawCell("7", number=7.0), RawCell("yes"))
    assert row[4:6] == (RawCell("2016-03-04", day=date(2016, 3, 4), time="23:59"), day)
    assert [cell.text for cell in row[6:8]] == ["10:05:00", "1 day, 6:00:00"]
    assert row[8:] == (RawCell(""), RawCell("0", number=0.0))


def test_rows__formulas_and_errors_are_not_computed(tmp_path):
    made = book(["=1+1", "#REF!", "#DIV/0!", '=HYPERLINK("http://x")', "'=text"])
    found = cells(saved(tmp_path, made))[0]
    assert [cell.flaw for cell in found] == ["formula", "error", "error", "formula", ""]


def test_rows__array_formulas_are_formulas(tmp_path):
    made = book(["a", "b"])
    made.active["A2"] = openpyxl.worksheet.formula.ArrayFormula("A2:A3", "=B2:B3*2")
    assert cells(saved(tmp_path, made))[1][0].flaw == "formula"


@pytest.mark.parametrize(
    ("number_format", "text", "number"),
    [
        ("0%", "12%", None),
        ("0.00%;[Red]-0.00%", "12%", None),
        ('0.00" %"', "0.12", 0.12),  # a sign behind the number, which scales nothing
        ("0.00\\%", "0.12", 0.12),
        ("General", "0.12", 0.12),
    ],
)
def test_rows__a_percentage_is_what_is_shown(tmp_path, number_format, text, number):
    made = book([0.12])
    made.active["A1"].number_format = number_format
    assert cells(saved(tmp_path, made))[0][0] == RawCell(text, number=number)


def test_rows__days_are_counted_from_1900_or_1904(tmp_path):
    # 42433 days are 4 March 2016 in the 1900 system; the same day is 1462 less in that of 1904.
    assert cells(saved(tmp_path, dated(42433)))[0][0].day == date(2016, 3, 4)
    old = dated(40971)
    old.epoch = CALENDAR_MAC_1904
    assert cells(saved(tmp_path, old, "b.xlsx"))[0][0].day == date(2016, 3, 4)


def dated(serial: float):
    made = book([serial])
    made.active["A1"].number_format = "dd/mm/yyyy"
    return made


def test_rows__a_day_beyond_the_calendar_is_an_error_of_its_cell(tmp_path):
    assert cells(saved(tmp_path, dated(9e9)))[0][0].flaw == "error"


def test_rows__cells_under_a_merged_one_are_told_from_empty_ones(tmp_path):
    made = book(["subject", "value", "x"], ["S-1", 1, 5], [None, 2, 6], [None, 3, 7], ["S-2", 4, None])
    made.active.merge_cells("A2:A4")
    made.active.merge_cells("C4:D5")
    found = cells(saved(tmp_path, made))
    assert found[1][0] == RawCell("S-1")
    assert (found[2][0], found[3][0]) == (MERGED, MERGED)
    assert found[4][0] == RawCell("S-2")
    assert found[3][2:] == (RawCell("7", number=7.0), MERGED)
    assert found[4][2:] == (MERGED, MERGED)


def test_rows__merged_ranges_are_seen_wherever_they_stand(tmp_path):
    made = book(*[[f"S-{number}", number] for number in range(1, 9)])
    # Ranges are stored in the order of the letters, not of the rows.
    for first in (7, 1, 3):
        made.active.merge_cells(f"B{first}:B{first + 1}")
    found = cells(saved(tmp_path, made))
    assert [row[1].flaw for row in found] == ["", "merged", "", "merged", "", "", "", "merged"]


def test_rows__empty_rows_and_columns_keep_the_places_of_the_others(tmp_path):
    made = openpyxl.Workbook()
    made.active["B3"], made.active["D3"], made.active["D6"] = "subject", "value", 5
    rows = list(xlsx_sheet(saved(tmp_path, made), TABLE).rows)
    assert [row.line for row in rows] == [1, 2, 3, 4, 5, 6]
    assert [cell.text for cell in rows[2].cells] == ["", "subject", "", "value"]
    assert rows[5].cells[3].number == 5.0


def test_rows__the_size_a_sheet_claims_does_not_count(tmp_path):
    path = saved(tmp_path, book(["a", "b", "c"], [1, 2, 3]))
    with_part(path, SHEET, lambda data: data.replace(b'ref="A1:C2"', b'ref="A1"'))
    assert [len(row) for row in cells(path)] == [3, 3]


def test_sheet__the_only_one_with_a_table_is_read(tmp_path):
    made = book(["a", "b"], [1, 2])
    made.create_sheet("Notes").append(["see the other sheet"])
    found = xlsx_sheet(saved(tmp_path, made), TABLE)
    assert (found.name, found.names, found.problems) == ("Lab", ("Lab", "Notes"), ())
    assert len(list(found.rows)) == 2


def test_sheet__of_several_one_must_be_named(tmp_path):
    made = book(["a", "b"], [1, 2])
    made.create_sheet("Other").append(["a", "b"])
    made["Other"].append([3, 4])
    path = saved(tmp_path, made)
    with pytest.raises(TableError, match="'Lab', 'Other'") as caught:
        xlsx_sheet(path, TABLE)
    assert caught.value.code == "sheet-not-found"
    assert cells(path, sheet="Other")[1][0].number == 3.0
    assert code_of(path, sheet="other") == "sheet-not-found"


def test_sheet__a_hidden_one_is_read_only_where_it_is_named_and_noted(tmp_path):
    made = book(["a", "b"], [1, 2])
    made.create_sheet("Old").append(["a", "b"])
    made["Old"].append([3, 4])
    made["Old"].sheet_state = "hidden"
    path = saved(tmp_path, made)
    assert cells(path)[1][0].number == 1.0
    found = xlsx_sheet(path, TABLE.model_copy(update={"sheet": "Old"}))
    assert [problem.code for problem in found.problems] == ["sheet-hidden"]
    assert len(list(found.rows)) == 2


def test_sheet__the_name_of_the_file_does_not_count(tmp_path):
    path = saved(tmp_path, book(["a", "b"]))
    assert len(cells(path.rename(tmp_path / "lab.dat"))) == 1


def test_package__what_is_no_workbook_is_refused(tmp_path):
    for name, content in (("word/document.xml", b"<a/>"), ("xl/workbook.bin", b"\x83\x01")):
        with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as package:
            package.writestr(name, content)
        assert code_of(tmp_path / "a.xlsx") == "unsupported-format"


@pytest.mark.parametrize("cut", [10, 200, 1500])
def test_package__a_cut_one_is_damaged(tmp_path, cut):
    path = saved(tmp_path, book(["a", "b"], [1, 2]))
    path.write_bytes(path.read_bytes()[:-cut])
    assert code_of(path) == "malformed-document"


def test_package__damage_far_inside_a_large_sheet_is_told(tmp_path):
    path = saved(tmp_path, book(*[[f"S-{number * 7919 % 5003}", number * 0.37] for number in range(5000)]))
    with zipfile.ZipFile(path) as package:
        part = package.getinfo(SHEET)
    data = bytearray(path.read_bytes())
    data[part.header_offset + part.compress_size * 9 // 10] ^= 0xFF
    path.write_bytes(data)
    assert code_of(path) == "malformed-document"


def test_package__sheets_that_are_no_xml_are_damage(tmp_path):
    for number, text in enumerate((b"<worksheet><sheetData><row r='1'>", b"", b"\xff" * 100)):
        path = with_part(saved(tmp_path, book(["a", "b"]), f"{number}.xlsx"), SHEET, lambda _, text=text: text)
        assert code_of(path) in ("malformed-document", "sheet-not-found")


@pytest.mark.parametrize("comment", [b"", b"<!--" + b"x" * 10_000 + b"-->"])
def test_package__entities_are_refused_wherever_they_are_declared(tmp_path, comment):
    bomb = b'<?xml version="1.0"?>' + comment + b'<!DOCTYPE a [<!ENTITY b "c">]><worksheet>&b;</worksheet>'
    path = with_part(saved(tmp_path, book(["a", "b"])), SHEET, lambda _: bomb)
    assert code_of(path) in ("unsafe-document", "malformed-document")


def test_package__one_that_unfolds_without_bound_is_refused_before_it_does(tmp_path):
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package,
        package.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(48):
            part.write(bytes(1 << 20))
    assert path.stat().st_size < 100_000
    assert code_of(path) == "unsafe-document"


@pytest.mark.parametrize(
    ("limit", "code"),
    [("MAX_PACKAGE_BYTES", "too-large"), ("MAX_UNFOLDED_BYTES", "too-large"), ("_MOST_PARTS", "unsafe-document")],
)
def test_package__more_than_the_limits_is_refused(tmp_path, monkeypatch, limit, code):
    path = saved(tmp_path, book(["a", "b"]))
    monkeypatch.setattr(xlsx_package, limit, 3)
    assert code_of(path) == code


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml."


def by_hand(path: Path, rows: str, strings: str) -> Path:
    """A workbook as Excel writes it, with its texts in a part of their own."""
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}worksheet+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{TYPE}sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets><sheet name="Lab" sheetId="1" r:id="rId1"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        SHEET: f"<worksheet {MAIN}><sheetData>{rows}</sheetData></worksheet>",
        "xl/sharedStrings.xml": f"<sst {MAIN}>{strings}</sst>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return path


def test_rows__texts_of_a_part_of_their_own_shared_formulas_and_stored_errors(tmp_path):
    rows = (
        '<row r="1"><c r="A1" t="s"><v>1</v></c><c r="C1" t="s"><v>0</v></c></row>'
        '<row r="3"><c r="A3"><v>1.5</v></c><c r="B3"><f t="shared" ref="B3:B4" si="0">A3*2</f><v>3</v></c></row>'
        '<row r="4"><c r="B4"><f t="shared" si="0"/><v>4</v></c><c r="C4" t="e"><v>#N/A</v></c>'
        '<c r="D4" t="b"><v>1</v></c><c r="E4" t="str"><f>"x"</f><v>x</v></c></row>'
    )
    path = by_hand(tmp_path / "a.xlsx", rows, "<si><t>value</t></si><si><r><t>sub</t></r><r><t>ject</t></r></si>")
    found = cells(path)
    assert [cell.text for cell in found[0]] == ["subject", "", "value"]
    assert found[2] == (RawCell("1.5", number=1.5), RawCell("", flaw="formula"))
    assert [cell.flaw for cell in found[3]] == ["", "formula", "error", "", "formula"]
    assert found[3][3].text == "yes"


def test_rows__a_text_that_is_not_there_is_damage(tmp_path):
    path = by_hand(tmp_path / "a.xlsx", '<row r="1"><c r="A1" t="s"><v>7</v></c><c r="B1"><v>1</v></c></row>', "")
    assert code_of(path) == "malformed-document"


def test_package__texts_beyond_the_limit_are_refused(tmp_path, monkeypatch):
    path = by_hand(tmp_path / "a.xlsx", "", "<si><t>value</t></si>")
    monkeypatch.setattr(xlsx_package, "MAX_STRINGS_BYTES", 10)
    assert code_of(path) == "too-large"


def test_package__two_parts_of_one_name_are_refused(tmp_path):
    path = saved(tmp_path, book(["a", "b"]))
    with zipfile.ZipFile(path, "a") as package, pytest.warns(UserWarning, match="Duplicate name"):
        package.writestr(SHEET, "<worksheet/>")
    assert code_of(path) == "unsafe-document"


def test_package__encrypted_parts_are_refused(tmp_path):
    path = saved(tmp_path, book(["a", "b"]))
    data = bytearray(path.read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 8] |= 1
    path.write_bytes(data)
    assert code_of(path) == "encrypted-document"


def test_rows__a_row_beyond_every_sheet_ends_the_reading(tmp_path):
    path = saved(tmp_path, book(["a", "b"], [1, 2]))
    with_part(path, SHEET, lambda data: data.replace(b'<row r="2"', b'<row r="99999999999"'))
    assert code_of(path) == "too-large"


def test_package__merged_ranges_without_number_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(xlsx_package, "_MOST_MERGED", 2)
    made = book(*[[number, number] for number in range(1, 9)])
    for first in (1, 3, 5):
        made.active.merge_cells(f"B{first}:B{first + 1}")
    assert code_of(saved(tmp_path, made)) == "too-large"
