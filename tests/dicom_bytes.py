"""A small DICOM writer for tests: every byte is ours, so that files can be wrong in every way."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

IMPLICIT, EXPLICIT = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1"
DEFLATED, BIG_ENDIAN = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
LONG_VRS = frozenset(["OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"])
UNDEFINED = 0xFFFFFFFF

Value = tuple[str, object]
"""VR and value: text, bytes, a whole number for US and SS, or a list of items (mappings) for SQ."""


def encode(vr: str, value: object, order: str = "<", *, implicit: bool = False) -> bytes:
    """The bytes of a value, of even length."""
    if isinstance(value, bytes):
        return value
    if vr == "SQ":
        assert isinstance(value, list)
        items = (data_set(item, order, implicit=implicit) for item in value)
        return b"".join(struct.pack(order + "HHI", 0xFFFE, 0xE000, len(item)) + item for item in items)
    if vr in ("US", "SS"):
        return struct.pack(order + {"US": "H", "SS": "h"}[vr], value)
    if vr == "FD":
        return struct.pack(order + "d", value)
    raw = str(value).encode("latin-1")
    return raw + (b"\0" if vr == "UI" else b" ") * (len(raw) % 2)


def element(tag: int, vr: str, value: object, order: str = "<", *, implicit: bool = False) -> bytes:
    """One element, head and value."""
    raw = encode(vr, value, order, implicit=implicit)
    length = len(raw)
    head = struct.pack(order + "HH", tag >> 16, tag & 0xFFFF)
    if implicit:
        return head + struct.pack(order + "I", length) + raw
    if vr in LONG_VRS:
        return head + vr.encode() + b"\0\0" + struct.pack(order + "I", length) + raw
    return head + vr.encode() + struct.pack(order + "H", length) + raw


def data_set(elements: Mapping[int, Value], order: str = "<", *, implicit: bool = False) -> bytes:
    """Elements in ascending order of their tags."""
    return b"".join(element(tag, vr, value, order, implicit=implicit) for tag, (vr, value) in sorted(elements.items()))


def part10(body: bytes, transfer_syntax: str, *, preamble: bytes = b"") -> bytes:
    """A whole file around a data set."""
    meta = element(0x00020010, "UI", transfer_syntax)
    meta = element(0x00020000, "UL", struct.pack("<I", len(meta))) + meta
    return preamble.ljust(128, b"\0") + b"DICM" + meta + body


def encapsulated(frames: Iterable[bytes], *, offsets: bool = False) -> bytes:
    """The pixel data element of compressed frames, one fragment each."""
    padded = [frame + b"\0" * (len(frame) % 2) for frame in frames]
    starts = np.cumsum([0] + [8 + len(frame) for frame in padded[:-1]])
    table = struct.pack(f"<{len(starts)}I", *starts.tolist()) if offsets else b""
    head = struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OB", 0, UNDEFINED)
    parts = [struct.pack("<HHI", 0xFFFE, 0xE000, len(part)) + part for part in (table, *padded)]
    return head + b"".join(parts) + struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)


@dataclass
class Slice:
    """One classic CT slice; change `elements`, `stored`, or the raw bytes around them to make it wrong."""

    stored: npt.NDArray[np.integer]
    elements: dict[int, Value] = field(default_factory=dict)
    transfer_syntax: str = EXPLICIT
    preamble: bytes = b""
    before: bytes = b""
    after: bytes = b""
    pixel_element: bytes | None = None

    def body(self) -> bytes:
        """The data set, pixels included."""
        order = ">" if self.transfer_syntax == BIG_ENDIAN else "<"
        implicit = self.transfer_syntax == IMPLICIT
        header = data_set(self.elements, order, implicit=implicit)
        pixels = self.pixel_element
        if pixels is None:
            raw = self.stored.astype(self.stored.dtype.newbyteorder(order)).tobytes()
            pixels = element(0x7FE00010, "OW", raw, order, implicit=implicit)
        return self.before + header + pixels + self.after

    def encode(self) -> bytes:
        """The whole file."""
        body = self.body()
        if self.transfer_syntax == DEFLATED:
            packer = zlib.compressobj(wbits=-15)
            body = packer.compress(body) + packer.flush()
        return part10(body, self.transfer_syntax, preamble=self.preamble)


def ct_slice(stored: npt.NDArray[np.integer], position: tuple[float, float, float], number: int = 1) -> Slice:
    """A plain, valid slice: stored value minus 1024 is HU, 0.5 mm pixels."""
    signed = stored.dtype.kind == "i"
    bits = 8 * stored.dtype.itemsize
    return Slice(
        stored=stored,
        elements={
            0x00080008: ("CS", "ORIGINAL\\PRIMARY\\AXIAL"),
            0x00080016: ("UI", "1.2.840.10008.5.1.4.1.1.2"),
            0x00080018: ("UI", f"1.2.3.4.{number}"),
            0x00080020: ("DA", "20110405"),
            0x00080060: ("CS", "CT"),
            0x00080070: ("LO", "ACME"),
            0x00100010: ("PN", "Test^Rita"),
            0x00100020: ("LO", "ID-7"),
            0x00180050: ("DS", "1.0"),
            0x00180060: ("DS", "120"),
            0x00181210: ("SH", "B50"),
            0x00185100: ("CS", "HFS"),
            0x0020000D: ("UI", "1.2.3"),
            0x0020000E: ("UI", "1.2.3.4"),
            0x00200013: ("IS", number),
            0x00200032: ("DS", "\\".join(f"{part:.6g}" for part in position)),
            0x00200037: ("DS", "1\\0\\0\\0\\1\\0"),
            0x00200052: ("UI", "1.2.3.5"),
            0x00280002: ("US", 1),
            0x00280004: ("CS", "MONOCHROME2"),
            0x00280010: ("US", stored.shape[0]),
            0x00280011: ("US", stored.shape[1]),
            0x00280030: ("DS", "0.5\\0.5"),
            0x00280100: ("US", bits),
            0x00280101: ("US", bits),
            0x00280102: ("US", bits - 1),
            0x00280103: ("US", int(signed)),
            0x00281052: ("DS", "-1024"),
            0x00281053: ("DS", "1"),
        },
    )


def reference_series() -> list[Slice]:
    """12 slices of 64 × 64, 1 mm apart: 100 HU around a block of 300 + 10 k HU in slice k; block mean 355 HU."""
    slices = []
    for k in range(12):
        stored = np.full((64, 64), 1124, dtype=np.int16)
        stored[16:48, 16:48] = 1324 + 10 * k
        slices.append(ct_slice(stored, (-16.0, -16.0, float(k)), k + 1))
    return slices


def write_series(folder: Path, slices: Iterable[Slice]) -> Path:
    """Write slices as `000.dcm`, `001.dcm` … and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(slices):
        (folder / f"{number:03d}.dcm").write_bytes(one.encode())
    return folder
