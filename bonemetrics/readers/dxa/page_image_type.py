"""What digits look like in type that is known beforehand: a look at a page's digits that owes Tesseract nothing."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from bonemetrics.readers.dxa.page_image_face import FINE, THIN, Face, Glyphs

_FILES = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-Bold.ttf",
    "STIXGeneral.ttf",
    "STIXGeneralBol.ttf",
    "cmss10.ttf",
    "cmr10.ttf",
    "DejaVuSansMono.ttf",
)
"""Free type that comes with matplotlib: plain and with serifs, regular and bold."""
_DRAWN = 200
_MOVES = (-2, 0, 2)
_DENIED = 1.2
"""A label is dropped where the type looks this many times more like another digit."""
_FEW = 3
"""A digit seen in fewer other cells must look like its label, not merely not unlike it."""
_ALIKE = 0.06
_NOBODY = -2
_Floats = npt.NDArray[np.float64]


def checked(face: Face) -> Face:
    """Drop digits whose label known type contradicts.

    Parameters
    ----------
    face
        Learnt from labels that Tesseract gave, which can be wrong in all cells alike.

    Returns
    -------
    Face
        With the digits whose label stands.
    """
    pictures, labels = face.digits.pictures.astype(np.float64), face.digits.labels
    if not len(labels):
        return face
    drawn, digits = _drawn(face, _FILES)
    likeness = _centred(pictures) @ _centred(drawn).T
    off = np.stack([1.0 - likeness[:, digits == digit].max(axis=1) for digit in range(10)], axis=1)
    own = np.array([int(label) for label in labels])
    mine = off[np.arange(len(own)), own]
    best = off.min(axis=1)
    limit = np.where(_company(face.digits) >= _FEW, _DENIED, 1.0)
    kept = mine <= best * limit + 1e-9
    digits_kept = Glyphs(face.digits.pictures[kept], labels[kept], face.digits.owners[kept])
    return replace(face, digits=digits_kept)


def with_bold_type(face: Face) -> Face:
    """The face with bold digits of known type, for a page's few bold cells that no other cell can teach.

    Parameters
    ----------
    face
        Digits of a page.

    Returns
    -------
    Face
        All of them and the drawn ones, which belong to no cell.
    """
    drawn, digits = _drawn(face, tuple(file for file in _FILES if "Bol" in file))
    glyphs = face.digits
    labels = np.concatenate([glyphs.labels, digits.astype(np.str_)])
    order = np.argsort(labels, kind="stable")
    return replace(
        face,
        digits=Glyphs(
            np.concatenate([glyphs.pictures, drawn.astype(np.float32)])[order],
            labels[order],
            np.concatenate([glyphs.owners, np.full(len(digits), _NOBODY)])[order],
        ),
    )


def _company(glyphs: Glyphs) -> npt.NDArray[np.int64]:
    """In how many other cells the same picture stands under the same label."""
    power = (glyphs.pictures**2).sum(axis=1)
    apart = power[:, None] + power[None] - 2.0 * (glyphs.pictures @ glyphs.pictures.T)
    near = (apart < _ALIKE * power.mean()) & (glyphs.labels[:, None] == glyphs.labels[None])
    return np.array([len(set(glyphs.owners[row]) - {owner}) for row, owner in zip(near, glyphs.owners, strict=True)])


def _drawn(face: Face, files: tuple[str, ...]) -> tuple[_Floats, npt.NDArray[np.int64]]:
    """Every digit in each type and at nine places, as wide and high as those of the page."""
    pictures, digits = [], []
    high = face.rows - 2 * FINE
    for file in files:
        for digit, shape in enumerate(_shapes(file)):
            small = Image.fromarray(shape).resize((face.digit_width, high), Image.Resampling.BOX)
            canvas = np.zeros((face.rows, face.digit_width))
            canvas[FINE : FINE + high] = np.asarray(small, dtype=np.float64) / 255.0
            # A pixel gathers the ink of its square; the rest is the softness of edges.
            soft = ndimage.gaussian_filter(ndimage.uniform_filter(canvas, FINE), FINE / 4)
            for down in _MOVES:
                for across in _MOVES:
                    moved = ndimage.shift(soft, (down, across), order=1)
                    pictures.append(moved[::THIN, ::THIN].ravel())
                    digits.append(digit)
    return np.array(pictures), np.array(digits)


@lru_cache(maxsize=len(_FILES))
def _shapes(file: str) -> tuple[npt.NDArray[np.uint8], ...]:
    import matplotlib as mpl

    font = ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / file), _DRAWN)
    _, top, _, bottom = font.getbbox("0123456789")
    wide = round(font.getlength("0"))
    shapes = []
    for digit in "0123456789":
        picture = Image.new("L", (wide, round(bottom - top)), 0)
        ImageDraw.Draw(picture).text((0, -top), digit, fill=255, font=font)
        shapes.append(np.asarray(picture, dtype=np.uint8).copy())
    return tuple(shapes)


def _centred(pictures: _Floats) -> _Floats:
    """Without mean and size, so that only shape counts."""
    moved = pictures - pictures.mean(axis=1, keepdims=True)
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-9), dtype=np.float64)
