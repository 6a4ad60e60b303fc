"""A Hologic P file of an invented person, built record by record."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

from tests.dxa_cases import DxaCase

# 2019 = 1*1296 + 20*36 + 3 (1K3), October (A), 5th; 0KCY = 20*1296 + 12*36 + 34 = 26386 s = 07:19:46.
SCAN_ID, SERIAL, KEY = "B1K3A050KCY2Q", "73519M", "1K3A050KA7Z173519M"
HIP = {  # area cm2, BMC g, BMD g/cm2, invented; the identities hold
    "HTOT": (31.5, 26.46, 0.84),
    "TROCH": (10.0, 6.2, 0.62),
    "INTER": (16.5, 16.57, 1.0042424242424243),
    "NECK": (5.0, 3.69, 0.738),
    "WARDS": (1.125, 0.5625, 0.5),
}
HIP_AT = {"HTOT": 376, "TROCH": 466, "INTER": 548, "NECK": 630, "WARDS": 712}
# Ten numbers of narrow neck, intertrochanteric region and shaft, each one of its own.
STRUCTURE = {
    466: [1.0 + k / 8 for k in range(10)],
    588: [2.5 + k / 8 for k in range(10)],
    710: [4.0 + k / 8 for k in range(10)],
}
ANGLE, AXIS_LENGTH, ROI = 126.25, 101.75, (2, 97.0, 104.0)


def text(value: str, size: int) -> bytes:
    return value.encode("utf-16-le").ljust(size, b"\x00")


def owner(scan_id: str = SCAN_ID, serial: str = SERIAL) -> bytes:
    return text(KEY, 50) + text(scan_id, 28) + text(serial, 26)


def hip_record(values: Mapping[str, Sequence[float]] = HIP, *, head: bytes = owner()) -> bytes:
    payload = bytearray(752)
    payload[: len(head)] = head
    struct.pack_into("<idd", payload, 104, *ROI)
    for field, place in HIP_AT.items():
        struct.pack_into("<3d", payload, place, *values[field])
    struct.pack_into("<d", payload, 416, AXIS_LENGTH)
    return bytes(payload)


def structure_record(values: Mapping[int, Sequence[float]] = STRUCTURE, angle: float = ANGLE) -> bytes:
    payload = bytearray(790)
    payload[:104] = owner()
    struct.pack_into("<d", payload, 416, angle)
    for place, numbers in values.items():
        struct.pack_into("<10d", payload, place, *numbers)
    return bytes(payload)


def p_records() -> dict[int, bytes]:
    """The records of a P file by type; a test replaces what it is about."""
    number, integer = struct.Struct("<d").pack, struct.Struct("<i").pack
    return {
        1001: text(KEY, 50),
        1002: text("Quillfeather", 130),
        1003: text("Ottoline", 52),
        1004: text("", 18),
        1006: text("INV-4711-Q", 130),
        1009: text("F", 4),
        1010: text("W", 6),
        1012: text("lives at 9 Nowhere Lane", 202),
        1051: text(SCAN_ID, 28),
        1052: text(SERIAL, 26),
        1055: b"10/05/2019 07:19:50\x00",
        1056: integer(3),
        1057: integer(17),
        1058: number(61.5),
        1059: number(158.25),
        1064: text("13.4.2", 22),
        1066: text("21", 22),
        1072: number(1.0234),
        1073: number(0.9912),
        70: bytes(range(64)),
        1053: b"10/07/2019 16:02:31\x00",
        1065: text("13.5", 22),
        1076: number(1.1311),
        1077: number(48.375),
        1078: number(5.625),
        1081: integer(332),
        1204: hip_record(),
        1211: structure_record(),
    }


def stream(records: Mapping[int, bytes], *, inclusive: bool = True) -> bytes:
    head = 6 if inclusive else 0
    parts = [struct.pack("<HI", kind, len(payload) + head) + payload for kind, payload in records.items()]
    return b"".join(parts) + struct.pack("<HI", 0, head)


CASE = DxaCase(
    route="hologic-p-file",
    module="bonemetrics.readers.dxa.hologic_scan",
    file_name="PB19A05A.P2Q",
    make=lambda: stream(p_records()),
    secrets=("Quillfeather", "Ottoline", "INV-4711-Q", "Nowhere Lane"),
    numbers={
        ("total-hip", "right", "bmc"): 26.46,
        ("trochanter", "right", "area"): 10.0,
        ("neck", "right", "bmd"): 0.738,
        ("wards", "right", "bmc"): 0.5625,
    },
)
