"""The fonts of the pages, cut down to Latin-1: small enough to lie in every file."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_FILES = {False: "DejaVuSerif.ttf", True: "DejaVuSerif-Bold.ttf"}
"""By boldness; they come with matplotlib, so every machine draws the same."""
_CHARACTERS = "".join(map(chr, (*range(0x20, 0x7F), *range(0xA0, 0x100))))


@cache
def font(*, bold: bool) -> bytes:
    """A TrueType font without layout tables and hints.

    Parameters
    ----------
    bold
        Of two weights.
    """
    # fontTools comes with matplotlib, which cuts fonts by it as well; it has no type information.
    import matplotlib as mpl
    from fontTools import subset  # type: ignore[import-untyped]

    options = subset.Options(layout_features=[], hinting=False, recalc_timestamp=False)
    options.drop_tables += ["FFTM", "GDEF", "GPOS", "GSUB"]
    whole: Any = subset.load_font(str(Path(mpl.get_data_path(), "fonts", "ttf", _FILES[bold])), options)
    cutter = subset.Subsetter(options)
    cutter.populate(text=_CHARACTERS)
    cutter.subset(whole)
    out = io.BytesIO()
    subset.save_font(whole, out, options)
    whole.close()
    return out.getvalue()


@cache
def font_file(*, bold: bool) -> Path:
    """The same in a file that lasts as long as the process, since matplotlib takes fonts by name."""
    path = Path(_folder().name, _FILES[bold])
    path.write_bytes(font(bold=bold))
    return path


@cache
def advances(*, bold: bool) -> dict[str, int]:
    """Width of every character in hundredths of the type size."""
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    opened = TTFont(io.BytesIO(font(bold=bold)))
    names, widths, size = opened.getBestCmap(), opened["hmtx"], opened["head"].unitsPerEm
    return {chr(code): round(100 * widths[name][0] / size) for code, name in names.items()}


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="bonemetrics-fonts-")
