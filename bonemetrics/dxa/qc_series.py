"""A series of phantom scans from a CSV."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from bonemetrics.dxa.csv_table import fault, read_lines
from bonemetrics.dxa.phantom_qc import PhantomScan
from bonemetrics.errors import DxaError

_EVENT = re.compile(r"(service|remark)(?::\s*(.*))?", re.IGNORECASE)
_LARGEST_BMD = 10.0
"""g/cm². No phantom is as dense as that; mg/cm² in the column is."""


def read_series(path: Path) -> tuple[PhantomScan, ...]:
    """Read phantom scans: `date, serial, bmd` and, where wanted, `event`.

    Parameters
    ----------
    path
        CSV in UTF-8 with commas. `date` is YYYY-MM-DD, `serial` the scanner's, `bmd` in g/cm². `event` is empty,
        `service` (this scan is the first after work on the scanner) or `remark`, either with more words after a colon:
        `service: tube replaced`. Another word is refused, since a misspelt service would be lost.

    Returns
    -------
    tuple of PhantomScan
        In the order of the file.

    Raises
    ------
    DxaError
        `invalid-series`, with the line.
    """
    found = []
    for line in read_lines(path, required=("date", "serial", "bmd"), optional=("event",)):
        event = _EVENT.fullmatch(line.text("event")) if line.text("event") else None
        if line.text("event") and event is None:
            raise fault(line.number, "event is neither empty nor service nor remark, such as 'service: tube replaced'")
        bmd = line.number_of("bmd")
        if abs(bmd) > _LARGEST_BMD:
            raise fault(line.number, f"a bmd beyond {_LARGEST_BMD:g} g/cm2; is it in mg/cm2?")
        found.append(
            PhantomScan(
                day=line.day_of("date"),
                bmd_g_cm2=bmd,
                serial=line.required("serial"),
                service=event is not None and event[1].casefold() == "service",
                remark=(event[2] or "").strip() if event is not None else "",
            )
        )
    return tuple(found)


def of_scanner(scans: Iterable[PhantomScan], serial: str | None) -> tuple[PhantomScan, ...]:
    """The scans of one scanner; without a serial number those of the only one.

    Raises
    ------
    DxaError
        `invalid-series` where none or several scanners are there to choose from.
    """
    known = tuple(scans)
    serials = sorted({scan.serial for scan in known})
    if serial is None and len(serials) > 1:
        shown = ", ".join(serials[:10])
        raise DxaError(f"scans of {len(serials)} scanners ({shown}); name one by its serial", code="invalid-series")
    if serial is not None and serial not in serials:
        raise DxaError(f"no scan of this serial; there are {', '.join(serials[:10])}", code="invalid-series")
    return known if serial is None else tuple(scan for scan in known if scan.serial == serial)
