"""Pages as XPS documents: glyphs with their text, in ninety-sixths of an inch."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from bonemetrics.sample.dxa.fonts import advances, font
from bonemetrics.sample.dxa.page import HEIGHT, WIDTH, Box, Drawing, Text

_UNIT = 96 / 72
_PAGE_NS = "http://schemas.microsoft.com/xps/2005/06"
_FONTS = {False: "/Resources/regular.ttf", True: "/Resources/bold.ttf"}
_EPOCH = (1980, 1, 1, 0, 0, 0)
_TYPES = """<?xml version="1.0" encoding="utf-8"?>
<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Default Extension="fdseq" ContentType="application/vnd.ms-package.xps-fixeddocumentsequence+xml"/>
<Default Extension="fdoc" ContentType="application/vnd.ms-package.xps-fixeddocument+xml"/>
<Default Extension="fpage" ContentType="application/vnd.ms-package.xps-fixedpage+xml"/>
<Default Extension="ttf" ContentType="application/vnd.ms-opentype"/>
</Types>"""
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def document(pages: Sequence[Drawing]) -> bytes:
    """An XPS document with its fonts.

    Parameters
    ----------
    pages
        At least one.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in _parts(pages):
            about = zipfile.ZipInfo(name, date_time=_EPOCH)
            about.compress_type = zipfile.ZIP_DEFLATED
            package.writestr(about, content)
    return out.getvalue()


def _parts(pages: Sequence[Drawing]) -> Iterator[tuple[str, str | bytes]]:
    yield "[Content_Types].xml", _TYPES
    yield "_rels/.rels", _relations([("fixedrepresentation", "/FixedDocSeq.fdseq")])
    yield (
        "FixedDocSeq.fdseq",
        _element("FixedDocumentSequence", '<DocumentReference Source="/Documents/1/FixedDoc.fdoc"/>'),
    )
    names = [f"/Documents/1/Pages/{number}.fpage" for number in range(1, len(pages) + 1)]
    yield "Documents/1/FixedDoc.fdoc", _element("FixedDocument", "".join(f'<PageContent Source="{n}"/>' for n in names))
    for name, page in zip(names, pages, strict=True):
        folder, _, file = name[1:].rpartition("/")
        yield name[1:], _page(page)
        yield f"{folder}/_rels/{file}.rels", _relations([("required-resource", part) for part in _FONTS.values()])
    for bold, part in _FONTS.items():
        yield part[1:], font(bold=bold)


def _element(name: str, content: str, attributes: str = "") -> str:
    return f'<?xml version="1.0" encoding="utf-8"?>\n<{name} xmlns="{_PAGE_NS}"{attributes}>{content}</{name}>'


def _relations(targets: Sequence[tuple[str, str]]) -> str:
    links = "".join(
        f'<Relationship Id="R{number}" Type="{_PAGE_NS}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets)
    )
    return f'<?xml version="1.0" encoding="utf-8"?>\n<Relationships xmlns="{_RELATIONS}">{links}</Relationships>'


def _page(page: Drawing) -> str:
    marks = "".join([*map(_path, page.boxes), *map(_glyphs, page.texts)])
    size = f' Width="{WIDTH * _UNIT:g}" Height="{HEIGHT * _UNIT:g}" xml:lang="en-US"'
    return _element("FixedPage", marks, size)


def _path(box: Box) -> str:
    x0, y0, x1, y1 = (f"{value * _UNIT:.2f}" for value in (box.x0, box.y0, box.x1, box.y1))
    look = "" if box.fill is None else f' Fill="{_grey(box.fill)}"'
    if box.edge is not None:
        look += f' Stroke="{_grey(box.edge)}" StrokeThickness="{box.line * _UNIT:.2f}"'
    return f'<Path Data="M {x0},{y0} L {x1},{y0} {x1},{y1} {x0},{y1} Z"{look}/>'


def _grey(value: float) -> str:
    return "#" + 3 * f"{round(255 * value):02X}"


def _glyphs(text: Text) -> str:
    widths = advances(bold=text.bold)
    width = sum(widths[letter] for letter in text.text) * text.size / 100
    x = text.x - {"left": 0.0, "center": width / 2, "right": width}[text.align]
    steps = ";".join(f",{widths[letter]}" for letter in text.text)
    return (
        f'<Glyphs OriginX="{x * _UNIT:.2f}" OriginY="{text.y * _UNIT:.2f}"'
        f' FontRenderingEmSize="{text.size * _UNIT:.2f}" FontUri="{_FONTS[text.bold]}" Fill="#FF000000"'
        f' UnicodeString={quoteattr(text.text)} Indices="{steps}"/>'
    )
