"""Hologic P files: a stream of records, hips only, since no source gives the records of other sites."""

from __future__ import annotations

import struct

from bonemetrics.sample.dxa.exam import Exam
from bonemetrics.sample.dxa.numbers import Row

_PLACES = {"total-hip": 376, "trochanter": 466, "intertrochanter": 548, "neck": 630, "wards": 712}
"""Offset of area, BMC and BMD in record 1204."""
_STRUCTURE = {"nn": 466, "it": 588, "fs": 710}
_SCAN_TYPES = {"left": 2, "right": 3}


def p_file(exam: Exam) -> bytes:
    """The P file of a hip scan: who, when, how, the results and the structure of the hip, without the picture.

    Parameters
    ----------
    exam
        A hip on a Hologic scanner.
    """
    surname, _, given = exam.woman.name.partition("^")
    device = exam.densitometer
    records = [
        (1001, _text(_patient_key(exam), 50)),
        (1002, _text(surname, 130)),
        (1003, _text(given, 52)),
        (1006, _text(exam.patient_id, 130)),
        (1009, _text("F", 4)),
        (1010, _text("W", 6)),
        (1051, _text(exam.long_scan_id, 28)),
        (1052, _text(device.serial, 26)),
        (1055, f"{exam.scanned:%m/%d/%Y %H:%M:%S}".encode().ljust(20, b"\0")),
        (1056, struct.pack("<i", _SCAN_TYPES[str(exam.side)])),
        (1057, struct.pack("<i", 17)),
        (1058, struct.pack("<d", exam.weight_kg)),
        (1059, struct.pack("<d", exam.height_cm)),
        (1064, _text(device.software, 22)),
        (1066, _text("13", 22)),
        (1072, struct.pack("<d", 1.0273)),
        (1073, struct.pack("<d", 1.0061)),
        (1084, _text(f"P{exam.scan_id[:7]}A.P{exam.scan_id[7:]}", 26)),
        (1053, f"{exam.analysed:%m/%d/%Y %H:%M:%S}".encode().ljust(20, b"\0")),
        (1092, _text("H", 6)),
        (1065, _text(device.software, 22)),
        (1076, struct.pack("<d", 1.1371)),
        (1077, struct.pack("<d", 51.62)),
        (1081, struct.pack("<i", 331)),
        (1082, struct.pack("<i", 2)),
        (1204, _results(exam)),
        (1211, _hip_structure(exam)),
        (0, b""),
    ]
    return b"".join(struct.pack("<HI", kind, len(payload) + 6) + payload for kind, payload in records)


def _text(text: str, length: int) -> bytes:
    return text.encode("utf-16-le").ljust(length, b"\0")


def _owner(exam: Exam, size: int) -> bytearray:
    """A results record begins with the keys of the person, the scan and the scanner."""
    device = exam.densitometer
    keys = _text(_patient_key(exam), 50) + _text(exam.long_scan_id, 28) + _text(device.serial, 26)
    return bytearray(keys.ljust(size, b"\0"))


def _patient_key(exam: Exam) -> str:
    return exam.long_scan_id[1:11] + exam.densitometer.serial.rjust(8, "0")


def _results(exam: Exam) -> bytes:
    payload = _owner(exam, 752)
    struct.pack_into("<i2d", payload, 104, 2, 96.0, 91.0)
    struct.pack_into("<d", payload, 416, 97.35)
    for row in exam.rows:
        struct.pack_into("<3d", payload, _PLACES[row.region], row.area, row.bmc, row.bmd)
    return bytes(payload)


def _hip_structure(exam: Exam) -> bytes:
    """Invented but of one make: section modulus = CSMI / PCD and so on, from the neck's density."""
    payload = _owner(exam, 790)
    struct.pack_into("<d", payload, 416, 128.4)
    neck = next(row for row in exam.rows if row.region == "neck")
    for place, name in enumerate(_STRUCTURE):
        struct.pack_into("<10d", payload, _STRUCTURE[name], *_section(neck, 1.0 + 0.25 * place))
    return bytes(payload)


def _section(neck: Row, scale: float) -> tuple[float, ...]:
    """BMD, CSA, CSMI, width, endosteal width, cortical thickness, PCD, CMP, section modulus, buckling ratio."""
    bmd, width = neck.bmd * scale, 3.1 + 0.2 * scale
    csa = bmd * width / 1.05
    thickness = 0.16 * bmd
    csmi = csa * width**2 / 14.0
    half = width / 2
    return (bmd, csa, csmi, width, width - 2 * thickness, thickness, half, 1.02 * half, csmi / half, half / thickness)
