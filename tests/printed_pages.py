"""Pages as densitometers print them, of invented people with invented numbers, as placed texts."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from xml.sax.saxutils import quoteattr

from bonemetrics.readers.dxa.printed import Page, Word

LETTER = (612.0, 792.0)
_NARROW = {".": 0.28, ",": 0.28, "-": 0.33, ":": 0.28, "/": 0.28, "|": 0.26, "i": 0.22, "l": 0.22, "(": 0.33, ")": 0.33}


@dataclass(frozen=True)
class Text:
    """One text of a page: its baseline starts, or with `right` ends, at x; y counts from the top."""

    x: float
    y: float
    text: str
    size: float = 8.0
    right: bool = False


Placed = tuple[Text, ...]


def width_of(text: str, size: float) -> float:
    """About the width in a sans-serif font."""
    return sum(_NARROW.get(letter, 0.54) for letter in text) * size


def words_of(texts: Sequence[Text]) -> tuple[Word, ...]:
    """The words of placed texts with tight boxes, as a program that reads pictures would give them."""
    words = []
    for text in texts:
        x = text.x - width_of(text.text, text.size) if text.right else text.x
        for part in text.text.split(" "):
            wide = width_of(part, text.size)
            if part:
                words.append(Word(text=part, x0=x, y0=text.y - 0.72 * text.size, x1=x + wide, y1=text.y))
            x += wide + 0.28 * text.size
    return tuple(words)


def page_of(texts: Sequence[Text], *, number: int = 1, scale: float = 1.0) -> Page:
    """A page of words."""
    words = tuple(
        replace(word, x0=word.x0 * scale, y0=word.y0 * scale, x1=word.x1 * scale, y1=word.y1 * scale)
        for word in words_of(texts)
    )
    return Page(number=number, width=LETTER[0] * scale, height=LETTER[1] * scale, words=words)


def row_of(
    y: float, label: str, cells: Sequence[str], edges: Sequence[float], *, x: float, size: float = 8.0
) -> Placed:
    """A row: the label, and cells that end at the edges; an empty cell prints nothing."""
    placed = [Text(x, y, label, size)] if label else []
    placed += [Text(edge, y, cell, size, right=True) for cell, edge in zip(cells, edges, strict=True) if cell]
    return tuple(placed)


HOLOGIC_EDGES = (150.0, 238.0, 327.0, 413.0, 503.0)
HOLOGIC_SPINE_ROWS = (
    # BMC / area worked out by hand: 9.87/12.34 = 0.7998, 11.62/13.05 = 0.8904, 13.31/14.41 = 0.9237,
    # 15.94/16.28 = 0.9791; L1-L4: 12.34+13.05+14.41+16.28 = 56.08, 9.87+11.62+13.31+15.94 = 50.74, ratio 0.9048.
    ("L1", "12.34", "9.87", "0.800", "-1.1", "0.3"),
    ("L2", "13.05", "11.62", "0.890", "-1.3", "0.2"),
    ("L3", "14.41", "13.31", "0.924", "-1.4", "0.1"),
    ("L4", "16.28", "15.94", "0.979", "-0.8", "0.7"),
    ("L1-L4", "56.08", "50.74", "0.905", "-1.2", "0.4"),
)


def hologic_patient(*, name: str = "Birch, Willow", patient_id: str = "QX-4471", born: str = "May 21, 1957") -> Placed:
    """The frame with the person of a Hologic page."""
    return (
        Text(4, 90, f"Name: {name}"),
        Text(277, 90, "Sex: Female"),
        Text(452, 90, "Height: 163.5 cm"),
        Text(4, 102, f"Patient ID: {patient_id}"),
        Text(277, 102, "Ethnicity: White"),
        Text(452, 102, "Weight: 71.2 kg"),
        Text(4, 114, f"DOB: {born}"),
        Text(452, 114, "Age: 61"),
    )


def hologic_scan(*, kind: str = "a Lumbar Spine", scan_id: str = "A0317180C", day: str = "March 17, 2018") -> Placed:
    """The block `Scan Information` of a Hologic page, with the lines around its picture."""
    return (
        Text(301, 156, "Scan Information:", 10),
        Text(301, 170, f"Scan Date: {day}"),
        Text(465, 170, f"ID: {scan_id}"),
        Text(301, 183, f"Scan Type: {kind}"),
        Text(301, 196, "Analysis: March 19, 2018 09:41 Version 13.5.2.1"),
        Text(356, 209, "Spine"),
        Text(301, 222, "Operator: KM"),
        Text(301, 235, "Model: Discovery Wi (S/N 87245)"),
        Text(301, 248, "Comment:"),
        Text(48, 434, "Image not for diagnostic use", 7),
        Text(48, 443, "k = 1.143, d0 = 45.9", 7),
        Text(48, 452, "119 x 128", 7),
    )


def hologic_table(
    rows: Sequence[tuple[str, ...]], *, y: float = 486, heads: Sequence[tuple[str, str]] = (), x: float = 29
) -> Placed:
    """A results table with heads of two lines, cells right-aligned under them."""
    heads = heads or (("Area", "(cm²)"), ("BMC", "(g)"), ("BMD", "(g/cm²)"), ("T -", "score"), ("Z -", "score"))
    placed = [Text(25, y - 16, "DXA Results Summary:", 10), Text(x, y, "Region")]
    for (upper, lower), edge in zip(heads, HOLOGIC_EDGES, strict=True):
        placed += [Text(edge, y, upper, right=True), Text(edge, y + 9, lower, right=True)]
    for place, (label, *cells) in enumerate(rows):
        placed += row_of(y + 25 + 13.8 * place, label, cells, HOLOGIC_EDGES, x=x)
    below = y + 25 + 13.8 * len(rows)
    placed += [Text(25, below, "Total BMD CV 1.0%, ACF = 1.031, BCF = 0.992, TH = 5.214", 7)]
    return tuple(placed)


HOLOGIC_REFERENCE = (
    Text(300, 340, "T-score vs. White Female. Source:2012 BMDCS/NHANES White Female. Z-score", 7),
    Text(300, 349, "vs. White Female. Source:2012 BMDCS/NHANES White Female.", 7),
)
LOGO = (Text(530, 780, "HOLOGIC", 14),)


def hologic_spine(rows: Sequence[tuple[str, ...]] = HOLOGIC_SPINE_ROWS) -> Placed:
    """A Hologic page of one lumbar spine."""
    return hologic_patient() + hologic_scan() + HOLOGIC_REFERENCE + hologic_table(rows) + LOGO


def pdf_of(pages: Sequence[Sequence[Text]], *, rotate: int = 0, invisible: bool = False) -> bytes:
    """A small PDF, written by hand: Helvetica in Windows-1252, one object for each text."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    objects.append("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    kids = []
    for texts in pages:
        drawn = "\n".join(_drawn(text, invisible=invisible) for text in texts)
        objects.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {LETTER[0]:g} {LETTER[1]:g}] /Rotate {rotate} "
            f"/Resources << /Font << /F1 3 0 R >> >> /Contents {len(objects)} 0 R >>"
        )
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    return document_of([text.encode("cp1252") for text in objects])


def document_of(objects: Sequence[bytes]) -> bytes:
    """A PDF of numbered objects, the first of which is its catalogue."""
    data = b"%PDF-1.4\n"
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        data
        + b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
        % (
            len(objects) + 1,
            table,
            len(objects) + 1,
            len(data),
        )
    )


def _drawn(text: Text, *, invisible: bool) -> str:
    x = text.x - width_of(text.text, text.size) if text.right else text.x
    shown = text.text.replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
    mode = " 3 Tr" if invisible else ""
    return f"BT /F1 {text.size:g} Tf{mode} {x:.2f} {LETTER[1] - text.y:.2f} Td ({shown}) Tj ET"


def fixed_page(texts: Sequence[Text], *, advances: bool = True, canvas: str = "", extra: str = "") -> str:
    """A page of an XPS document, whose unit is a 96th of an inch."""
    glyphs = "".join(_glyphs(text, advances=advances) for text in texts)
    if canvas:
        glyphs = f'<Canvas RenderTransform="{canvas}">{glyphs}</Canvas>'
    return (
        '<FixedPage xmlns="http://schemas.microsoft.com/xps/2005/06" xml:lang="en-us" '
        f'Width="{LETTER[0] / 0.75:g}" Height="{LETTER[1] / 0.75:g}">{glyphs}{extra}</FixedPage>'
    )


def xps_of(pages: Sequence[str | bytes], *, pieces: bool = False, encoding: str = "utf-8") -> bytes:
    """An XPS document of whole pages."""
    parts: dict[str, str | bytes] = {
        "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="R1" Type="http://schemas.microsoft.com/xps/2005/06/fixedrepresentation" '
        'Target="/FixedDocSeq.fdseq"/></Relationships>',
        "FixedDocSeq.fdseq": '<FixedDocumentSequence><DocumentReference Source="/Documents/1/FixedDoc.fdoc"/>'
        "</FixedDocumentSequence>",
        "Documents/1/FixedDoc.fdoc": "<FixedDocument>"
        + "".join(f'<PageContent Source="Pages/{place + 1}.fpage"/>' for place in range(len(pages)))
        + "</FixedDocument>",
    }
    for place, page in enumerate(pages):
        parts[f"Documents/1/Pages/{place + 1}.fpage"] = page
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            data = content.encode(encoding) if isinstance(content, str) else content
            if pieces and name.endswith(".fpage"):
                half = len(data) // 2
                archive.writestr(f"{name}/[0].piece", data[:half])
                archive.writestr(f"{name}/[1].last.piece", data[half:])
            else:
                archive.writestr(name, data)
    return stream.getvalue()


def _glyphs(text: Text, *, advances: bool) -> str:
    x = text.x - width_of(text.text, text.size) if text.right else text.x
    indices = ";".join(f",{100 * width_of(letter, 1.0):.4g}" for letter in text.text) if advances else ""
    return (
        f'<Glyphs Fill="#ff000000" FontUri="/Resources/1.odttf" FontRenderingEmSize="{text.size / 0.75:g}" '
        f'OriginX="{x / 0.75:.4f}" OriginY="{text.y / 0.75:.4f}" UnicodeString={quoteattr(text.text)} '
        f'Indices="{indices}"/>'
    )


def hologic_dual_hip(rows: Sequence[tuple[str, ...]]) -> Placed:
    """A Hologic page of both hips, with its foot lines."""
    placed = [
        Text(5, 154, "a Right Hip 10/29/2016", 7),
        Text(137, 154, "a Left Hip 10/29/2016", 7),
        Text(5, 313, "Image not for diagnostic use", 7),
        Text(137, 313, "Image not for diagnostic use", 7),
        Text(5, 321, "k = 1.127, d0 = 50.3", 7),
        Text(137, 321, "k = 1.129, d0 = 49.8", 7),
        Text(5, 330, "97 x 113 NECK: 47 x 15", 7),
        Text(137, 330, "103 x 108 NECK: 51 x 15", 7),
        Text(530, 590, "Comment:", 10),
        Text(
            0, 712, "Right - Scan Id:A1029161B(S/N 51873M) Analysis:October 30, 2016 12:56 Hip V:13.4.2 Operator: RS", 7
        ),
        Text(
            0, 721, "Left - Scan Id:A1029161A(S/N 51873M) Analysis:October 30, 2016 12:56 Hip V:13.4.2 Operator: RS", 7
        ),
    ]
    return hologic_patient() + tuple(placed) + HOLOGIC_REFERENCE + hologic_table(rows, y=450, x=8) + LOGO


def with_texts(texts: Sequence[Text], replacements: dict[str, str]) -> Placed:
    """The page with parts of its texts replaced."""
    placed = []
    for text in texts:
        plain = text.text
        for old, new in replacements.items():
            plain = plain.replace(old, new)
        placed.append(replace(text, text=plain))
    return tuple(placed)
