"""Cells of a picture: what independent looks say they hold, and the picture of each for a reviewer."""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from bonemetrics.readers.dxa.numbers import is_undefined, printed_number
from bonemetrics.readers.dxa.page_image_files import Grey
from bonemetrics.readers.dxa.page_image_glyphs import Matched
from bonemetrics.readers.dxa.page_image_ink import Box, Sheet, has_ink
from bonemetrics.records import DxaCell, DxaRow, RawDxaReport

_NUMBER = re.compile(r"-?\d{1,4}(?:[.,]\d{1,4})?")
_SCORES = ("t_score", "z_score")
_FIXED = ("area", "bmc", "bmd")
_MISFIT, _LEAD = 0.12, 2.5
"""Digits nearer than the first to their like, and the next best reading further off than the second: no doubt."""
_WEAK_MISFIT, _WEAK_LEAD = 0.22, 1.4
_PLACE = re.compile(r"page (\d+) box ([\d.]+),([\d.]+),([\d.]+),([\d.]+)")
_UNSAFE = re.compile(r"[^A-Za-z0-9-]+")
_ENLARGED = 3


def is_sure(matched: Matched) -> bool:
    """Whether the digits of a cell look like those of other cells, and like no others."""
    return matched.misfit <= _MISFIT and matched.lead >= _LEAD


@dataclass(frozen=True, slots=True)
class Token:
    """A box of a page, what Tesseract reads in it at several sizes, and its digits matched with others of the page."""

    box: Box
    looks: tuple[str, ...]
    matched: Matched | None

    @property
    def is_sure(self) -> bool:
        """Whether the digits look like those of other cells, and like no others."""
        return self.matched is not None and is_sure(self.matched)

    @property
    def text(self) -> str:
        """The best reading."""
        if self.is_sure and self.matched is not None:
            return self.matched.text
        return self.voted

    @property
    def voted(self) -> str:
        """What Tesseract reads most often; whole numbers first."""
        seen = [look for look in self.looks if look]
        if not seen:
            return ""
        counts = Counter(seen)
        return max(counts, key=lambda look: (_NUMBER.fullmatch(look) is not None, counts[look], "." in look))


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One page with everything known of it; boxes of `tokens` are in pixels of the sheet."""

    picture: Grey
    sheet: Sheet
    tokens: tuple[Token, ...]


def crop(picture: Grey, place: str) -> bytes:
    """Cut a cell out of its page.

    Parameters
    ----------
    picture
        The page.
    place
        Of the cell, as `DxaCell.place` says it.

    Returns
    -------
    bytes
        PNG, three times enlarged, with a margin so narrow that nothing of a neighbour is in it.

    Raises
    ------
    ValueError
        If `place` is no box of a page.
    """
    found = _PLACE.fullmatch(place)
    if found is None:
        raise ValueError("not a box of a page")
    x0, y0, x1, y1 = (float(part) for part in found.groups()[1:])
    margin = max(1.0, 0.15 * (y1 - y0))
    rows, columns = picture.shape
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    right, bottom = min(columns, int(x1 + margin + 1)), min(rows, int(y1 + margin + 1))
    part = Image.fromarray(picture[top : max(bottom, top + 1), left : max(right, left + 1)])
    packed = io.BytesIO()
    part.resize((part.width * _ENLARGED, part.height * _ENLARGED), Image.Resampling.NEAREST).save(packed, "PNG")
    return packed.getvalue()


def with_readings(report: RawDxaReport, looks: Mapping[int, Look]) -> RawDxaReport:
    """Give every cell its independent readings and its picture; a number stands only where two of them agree.

    Parameters
    ----------
    report
        As read from the words of its pages.
    looks
        Its pages by number.

    Returns
    -------
    RawDxaReport
    """
    formats = _formats(report.rows, looks)
    pictures = dict(report.pictures)
    rows = []
    for row in report.rows:
        cells = {}
        for name, cell in row.cells.items():
            read = _read(name, cell, looks, formats.get(name))
            if read.raw or read.readings:
                picture = _picture_name(row, name)
                page = _PLACE.fullmatch(cell.place)
                if page is not None and int(page[1]) in looks:
                    pictures[picture] = crop(looks[int(page[1])].picture, read.place)
                    read = read.model_copy(update={"picture": picture if read.readings else ""})
            cells[name] = read
        rows.append(row.model_copy(update={"cells": cells}))
    used = {cell.picture for row in rows for cell in row.cells.values()}
    return report.model_copy(
        update={
            "rows": tuple(rows),
            "pictures": {name: picture for name, picture in pictures.items() if name in used},
            "problems": tuple(problem for problem in report.problems if problem.code != "cell-refused"),
        }
    )


def _picture_name(row: DxaRow, name: str) -> str:
    parts = [row.region, row.side or "", "" if row.statistic == "value" else row.statistic, name]
    return "cell-" + "-".join(_UNSAFE.sub("_", part) for part in parts if part) + ".png"


def _token(cell: DxaCell, looks: Mapping[int, Look]) -> tuple[Look | None, list[Token]]:
    found = _PLACE.fullmatch(cell.place)
    look = looks.get(int(found[1])) if found is not None else None
    if found is None or look is None:
        return None, []
    x0, y0, x1, y1 = (float(part) / look.sheet.scale for part in found.groups()[1:])
    inside = [
        token
        for token in look.tokens
        if x0 - 1.5 <= (token.box.x0 + token.box.x1) / 2 <= x1 + 1.5 and y0 - 1.5 <= token.box.middle <= y1 + 1.5
    ]
    return look, inside


def _formats(rows: Sequence[DxaRow], looks: Mapping[int, Look]) -> dict[str, int]:
    """Digits after the point in each column, from its surest readings."""
    counts: dict[str, Counter[int]] = {}
    for row in rows:
        for name, cell in row.cells.items():
            for token in _token(cell, looks)[1]:
                number = printed_number(token.text)
                if number is not None and number.decimals:
                    counts.setdefault(name, Counter())[number.decimals] += 1
    return {name: found.most_common(1)[0][0] for name, found in counts.items()}


def _read(name: str, cell: DxaCell, looks: Mapping[int, Look], decimals: int | None) -> DxaCell:
    look, tokens = _token(cell, looks)
    if look is None:
        return cell.model_copy(update={"value": None, "decimals": None})
    if len(tokens) != 1:
        return _unread(cell, look, tokens)
    token = tokens[0]
    if _is_dash(token, look.sheet) and is_undefined(token.voted):
        return cell.model_copy(update={"raw": "-", "value": None, "decimals": None})
    matched = token.matched.text if token.matched is not None and token.matched.misfit <= _WEAK_MISFIT else ""
    readings = (token.voted if _NUMBER.fullmatch(token.voted) else "", matched)
    place = _place(cell.place, look.sheet.scale, token.box)
    text = matched if name in _SCORES else _agreed(token, decimals)
    number = printed_number(text) if text else None
    if name in _SCORES and not _score_stands(token, decimals):
        number = None
    if number is None or (name in _FIXED and number.decimals != decimals):
        return cell.model_copy(
            update={"raw": token.text, "value": None, "decimals": None, "readings": readings, "place": place}
        )
    if name not in _SCORES:
        readings = (text, matched)
    return cell.model_copy(
        update={
            "raw": text,
            "value": number.value,
            "decimals": number.decimals,
            "readings": readings,
            "place": place,
        }
    )


def _unread(cell: DxaCell, look: Look, tokens: Sequence[Token]) -> DxaCell:
    """A cell with nothing in it, by its pixels; or with ink that is no single word."""
    found = _PLACE.fullmatch(cell.place)
    if found is None:
        return cell
    box = [float(part) / look.sheet.scale for part in found.groups()[1:]]
    if not tokens and not has_ink(look.sheet, *box):
        return cell.model_copy(update={"raw": "", "value": None, "decimals": None})
    return cell.model_copy(update={"value": None, "decimals": None, "readings": ("", "")})


def _agreed(token: Token, decimals: int | None) -> str:
    """The number that Tesseract and the matched digits agree on to the last digit; empty where they do not.

    Readings of another form than the column's, as without its point, count for nothing.
    """
    found = token.matched
    if found is None or found.misfit > _WEAK_MISFIT or found.lead < _WEAK_LEAD:
        return ""
    counts = Counter(
        look for look in token.looks if _NUMBER.fullmatch(look) and (not decimals or printed_decimals(look) == decimals)
    )
    votes = counts.pop(found.text, 0)
    # A reading that only lost a digit says nothing against one that fills the cell's whole width.
    against = max((count for look, count in counts.items() if not is_part(look, found.text)), default=0)
    enough = votes > against if token.is_sure else votes >= 3 and not against
    return found.text if enough else ""


def is_part(short: str, text: str) -> bool:
    """Whether a text is another one that lost some of its letters."""
    rest = iter(text)
    return len(short) < len(text) and all(letter in rest for letter in short)


def printed_decimals(text: str) -> int:
    """Digits after the point."""
    return len(re.split(r"[.,]", text)[1]) if re.search(r"[.,]", text) else 0


def _score_stands(token: Token, decimals: int | None) -> bool:
    """Whether the digits of a score are sure and Tesseract, which loses signs and points, sees the same ones.

    A score is kept only where it agrees with one that is computed, so this is no more than a first sieve.
    """
    if not token.is_sure or token.matched is None or (decimals and printed_decimals(token.matched.text) != decimals):
        return False
    digits = re.sub(r"\D", "", token.matched.text)
    return any(re.sub(r"\D", "", look) == digits for look in token.looks)


def _is_dash(token: Token, sheet: Sheet) -> bool:
    return token.box.height <= 0.5 * sheet.type_height and token.box.width <= 1.2 * sheet.type_height


def _place(place: str, scale: float, box: Box) -> str:
    page = place.split(" box ")[0]
    edges = (f"{edge * scale:.1f}".removesuffix(".0") for edge in (box.x0, box.y0, box.x1, box.y1))
    return f"{page} box {','.join(edges)}"
