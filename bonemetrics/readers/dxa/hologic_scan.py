"""Raw scan files of Hologic scanners (P and R files), alone or taken out of DICOM: hip results and hip structure.

Only what a real file has shown against its own database is decoded; every other record is named by its type. Name,
address and insurance of the person are not looked at.
"""

from __future__ import annotations

import re
import struct

from bonemetrics.anatomy import HIP
from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_scan_codes import (
    AREA_BMC_BMD,
    HIP_FIELDS,
    STRUCTURE_FIELDS,
    STRUCTURE_HAS_NO_UNITS,
    STRUCTURE_PARTS,
    coded,
    density_row,
    number_cell,
    positive,
    roi_text,
    scan_type_name,
    side_of,
    was_analysed,
)
from bonemetrics.readers.dxa.hologic_scan_id import settled_dates
from bonemetrics.readers.dxa.hologic_scan_records import Records, read_records, starts_like_records
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import (
    DxaCell,
    DxaCircumstances,
    DxaDevice,
    DxaPatient,
    DxaReading,
    DxaRow,
    Problem,
    RawDxaReport,
    ReportSide,
    Route,
    note,
)

ROUTE: Route = "hologic-p-file"
"""R files, which hold the raw picture, give reports of route `hologic-r-file` where they hold results at all."""

_FILE_NAME = re.compile(r".*\.[PR][0-9A-Z]{2}", re.IGNORECASE)
_FIRST_RECORDS = {1001, 90}
_IMAGE_BLOCK = 202
_IDENTIFIER, _SEX, _ETHNICITY = 1006, 1009, 1010
_SCAN_ID, _SERIAL, _ANALYSED, _SCANNED, _SCAN_TYPE, _SCAN_MODE = 1051, 1052, 1053, 1055, 1056, 1057
_WEIGHT, _HEIGHT, _SOFTWARE, _ANALYSIS_VERSION, _HARDWARE = 1058, 1059, 1064, 1065, 1066
_ACF, _BCF, _K, _D0, _THICKNESS, _PROTOCOL = 1072, 1073, 1076, 1077, 1078, 1081
_HIP, _STRUCTURE = 1204, 1211
_HIP_BYTES, _STRUCTURE_BYTES = 752, 790
_READ = {
    _IDENTIFIER,
    _SEX,
    _ETHNICITY,
    _SCAN_ID,
    _SERIAL,
    _ANALYSED,
    _SCANNED,
    _SCAN_TYPE,
    _SCAN_MODE,
    _WEIGHT,
    _HEIGHT,
}
_READ |= {_SOFTWARE, _ANALYSIS_VERSION, _HARDWARE, _ACF, _BCF, _K, _D0, _THICKNESS, _PROTOCOL, _HIP}
_RESULT_LIKE = range(1200, 1300)
"""Where the two known kinds of results stand; others here are likely results that nobody outside has decoded."""

# Offsets into the payloads, all verified against the database of the scanner that wrote the files.
_OWNER_SCAN_ID, _OWNER_SERIAL = slice(50, 78), slice(78, 104)
_ROI_TYPE, _ROI_WIDTH, _ROI_HEIGHT, _AXIS_LENGTH = 104, 108, 116, 416
_HIP_AT = {"HTOT": 376, "TROCH": 466, "INTER": 548, "NECK": 630, "WARDS": 712}
_ANGLE = 416
_PART_AT = {"NN": 466, "IT": 588, "FS": 710}


def recognises(name: str, start: bytes) -> bool:
    """Whether a file begins as P and R files do, or is named like one and begins with records."""
    if not starts_like_records(start):
        return False
    return struct.unpack_from("<H", start)[0] in _FIRST_RECORDS or _FILE_NAME.fullmatch(name) is not None


def read(source: Source) -> DxaReading:
    """Read one P or R file.

    Parameters
    ----------
    source
        The file's bytes; `dates` decides the order of day and month where the scan's own ID does not.

    Returns
    -------
    DxaReading
        One report.

    Raises
    ------
    ReadError
        `truncated-file`, `malformed-document`, `too-large`; `no-dxa-results` where no record is a result that can be
        decoded; `results-not-understood` where the results are of another layout or another scan.
    """
    records = read_records(source.data)
    results = records.payload(_HIP)
    if results is None:
        raise ReadError(_why_no_results(records), code="no-dxa-results")
    _require_own(records, _HIP, results, _HIP_BYTES)
    side, problems = side_of(records.integer(_SCAN_TYPE), HIP)
    rows = tuple(_hip_row(field, region, results, side) for field, region in HIP_FIELDS)
    if all(cell.value is None for row in rows for cell in row.cells.values()):
        raise ReadError("a hip scan that was not analysed: its results are empty", code="no-dxa-results")
    scan_id, serial = records.text(_SCAN_ID), records.text(_SERIAL)
    dates = settled_dates(records.stamp(_SCANNED), records.stamp(_ANALYSED), scan_id=scan_id, order=source.dates)
    others = _others(records)
    report = RawDxaReport(
        route=_route(records),
        key=f"{serial}/{scan_id}" if serial and scan_id else "",
        scan_id=scan_id,
        site=HIP,
        side=side,
        device=_device(records, serial),
        patient=_patient(records),
        scan_date=dates.scanned,
        analysis_date=dates.analysed,
        circumstances=_circumstances(records, results),
        rows=rows,
        structure=_structure(records, results),
        others=others,
        problems=(*problems, *dates.problems, *_left_alone(records)),
    )
    return DxaReading(reports=(report,))


def _route(records: Records) -> Route:
    return "hologic-r-file" if _IMAGE_BLOCK in records.kinds() else "hologic-p-file"


def _why_no_results(records: Records) -> str:
    if _route(records) == "hologic-r-file":
        return "a raw picture of a scan (R file), which holds no results; give the P file of the same scan"
    name = scan_type_name(records.integer(_SCAN_TYPE)) or "unknown SCAN_TYPE"
    return (
        f"a scan file without hip results ({name}): the layout of other result records is not public; "
        "take the results from the scanner's database, DICOM or report"
    )


def _require_own(records: Records, kind: int, payload: bytes, size: int) -> None:
    """Refuse a result record of another length, or one that names another scan than the file does."""
    if len(payload) != size:
        raise ReadError(
            f"record {kind} has {len(payload)} bytes; the known layout has {size}", code="results-not-understood"
        )
    for record, place in ((_SCAN_ID, _OWNER_SCAN_ID), (_SERIAL, _OWNER_SERIAL)):
        owner = payload[place].decode("utf-16-le", errors="replace").split("\x00")[0].strip()
        if owner != records.text(record):
            raise ReadError(
                f"record {kind} is of another layout, or holds the results of another scan than the file",
                code="results-not-understood",
            )


def _at(payload: bytes, place: int) -> float:
    return float(struct.unpack_from("<d", payload, place)[0])


def _hip_row(field: str, region: str, results: bytes, side: ReportSide | None) -> DxaRow:
    places = [_HIP_AT[field] + 8 * index for index in range(3)]
    names = [name for name, _column, _unit in AREA_BMC_BMD]
    return density_row(
        region,
        {name: _at(results, place) for name, place in zip(names, places, strict=True)},
        printed=field,
        side=side,
        places={name: f"record {_HIP} @{place}" for name, place in zip(names, places, strict=True)},
    )


def _device(records: Records, serial: str) -> DxaDevice:
    return DxaDevice(
        manufacturer="Hologic",
        serial=serial,
        software=records.text(_SOFTWARE),
        analysis_version=records.text(_ANALYSIS_VERSION),
        hardware=records.text(_HARDWARE),
    )


def _patient(records: Records) -> DxaPatient:
    sex = records.text(_SEX)
    return DxaPatient(
        patient_id=records.text(_IDENTIFIER),
        sex=sex if sex in ("F", "M", "O") else "",
        ethnicity=records.text(_ETHNICITY),
        height_cm=positive(records.number(_HEIGHT)),
        weight_kg=positive(records.number(_WEIGHT)),
    )


def _circumstances(records: Records, results: bytes) -> DxaCircumstances:
    (roi_type,) = struct.unpack_from("<i", results, _ROI_TYPE)
    return DxaCircumstances(
        scan_type=scan_type_name(records.integer(_SCAN_TYPE)),
        scan_mode=coded("SCAN_MODE", records.integer(_SCAN_MODE)),
        protocol=coded("PROTOCOL", records.integer(_PROTOCOL)),
        roi=roi_text(roi_type, positive(_at(results, _ROI_WIDTH)), positive(_at(results, _ROI_HEIGHT))),
        acf=positive(records.number(_ACF)),
        bcf=positive(records.number(_BCF)),
        k=positive(records.number(_K)),
        d0=positive(records.number(_D0)),
    )


def _structure(records: Records, results: bytes) -> dict[str, DxaCell]:
    """Hip structure, axis length and tissue thickness; the file states no unit of any of them."""
    stored = {"axis-length": (_at(results, _AXIS_LENGTH), f"record {_HIP} @{_AXIS_LENGTH}")}
    thickness = records.number(_THICKNESS)
    if thickness is not None:
        stored["thickness"] = (thickness, f"record {_THICKNESS}")
    payload = _known_structure(records)
    if payload is not None:
        stored |= _structure_fields(payload)
    return {name: number_cell(number, unit="", place=place) for name, (number, place) in stored.items()}


def _structure_fields(payload: bytes) -> dict[str, tuple[float, str]]:
    places = {
        f"{name}.{field}": _PART_AT[part] + 8 * index
        for part, name in STRUCTURE_PARTS
        for index, field in enumerate(STRUCTURE_FIELDS)
    }
    places["shaft-neck-angle"] = _ANGLE
    found = {name: (_at(payload, place), f"record {_STRUCTURE} @{place}") for name, place in places.items()}
    return found if was_analysed(number for number, _place in found.values()) else {}


def _known_structure(records: Records) -> bytes | None:
    payload = records.payload(_STRUCTURE)
    if payload is None or len(payload) != _STRUCTURE_BYTES:
        return None
    _require_own(records, _STRUCTURE, payload, _STRUCTURE_BYTES)
    return payload


def _left_alone(records: Records) -> tuple[Problem, ...]:
    """Say where a record looks like results but is of no known layout."""
    kinds = {kind for kind in records.kinds() if kind in _RESULT_LIKE} - {_HIP}
    if _known_structure(records) is not None:
        kinds -= {_STRUCTURE}
    if not kinds:
        return ()
    named = ", ".join(str(kind) for kind in sorted(kinds))
    return (note("other-records", f"records that may hold further results were not decoded: {named}"),)


def _others(records: Records) -> tuple[str, ...]:
    known = _known_structure(records) is not None
    decoded = _READ | {_STRUCTURE} if known else _READ
    names = [f"record {r.kind} ({r.end - r.start} bytes)" for r in records.found if r.kind not in decoded]
    return (STRUCTURE_HAS_NO_UNITS, *names) if known else tuple(names)
