"""Report pages as PNG pictures, with a stain where one is asked for."""

from __future__ import annotations

import io

import numpy as np

from bonemetrics.sample.dxa import hologic_page
from bonemetrics.sample.dxa.draw import grey
from bonemetrics.sample.dxa.exam import Report


def png(report: Report) -> bytes:
    """The page of a report as a grey picture without date.

    Parameters
    ----------
    report
        Of one page; `stain` blackens a cell.
    """
    from PIL import Image

    page = hologic_page.pages(report)[0]
    picture = grey(page, report.dpi)
    if report.stain is not None:
        region, name = report.stain
        box = next(box for (its, _, cell), box in page.cells.items() if (its, cell) == (region, name))
        scale = report.dpi / 72
        rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
        across = (columns / scale - (box.x0 + box.x1) / 2) / 24
        down = (rows / scale - (box.y0 + box.y1) / 2) / 6.5
        picture[across**2 + down**2 < 1] = 35
    out = io.BytesIO()
    Image.fromarray(picture).save(out, format="PNG", dpi=(report.dpi, report.dpi))
    return out.getvalue()
