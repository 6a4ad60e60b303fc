"""What a file is by its first bytes, and which names are plainly nothing of ours."""

from __future__ import annotations

import struct

_JUNK_NAMES = frozenset({"thumbs.db", "desktop.ini", "dicomdir", "__macosx", ".ds_store"})
_JUNK_ENDINGS = (".zip", ".tmp", ".part", ".crdownload", ".lnk", ".typ")

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_REPORT_CLASSES = frozenset({_STORAGE + end for end in ("88.11", "88.22", "88.33", "88.34", "104.1")})
_PLAIN_PICTURE_CLASSES = (_STORAGE + "1.", _STORAGE + "7.")
_OTHER_MODALITIES = frozenset({"CT", "MR", "US", "NM", "PT", "MG", "XA", "RF", "IO", "ES"})


_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def is_junk_name(name: str) -> bool:
    """Whether a name inside a folder is a hidden file, a leftover of copying or packing, or a DICOMDIR."""
    lower = name.lower()
    return lower.startswith(".") or lower in _JUNK_NAMES or lower.endswith(_JUNK_ENDINGS)


def kind_by_content(name: str, start: bytes) -> str:
    """The kind of a file that is not DICOM, from its first 1024 bytes; `unknown` where nothing fits.

    Parameters
    ----------
    name
        File name; decides only among text tables.
    start
        First bytes.
    """
    for kind, fits in _SIGNATURES:
        if fits(start):
            return kind
    lower = name.lower()
    if lower.endswith((".csv", ".tsv")) and start and (b"\0" not in start or start.startswith(_UTF_16)):
        return "table"
    if lower.endswith((".xlsx", ".xlsm", ".xls")) and start.startswith((b"PK\x03\x04", _OLE)):
        # Old workbooks and encrypted ones lie in the same container.
        return "table"
    return "unknown"


def dicom_kind(sop_class: str, modality: str) -> str:
    """The kind of a DICOM object that is no CT picture: `dxa-report`, `dxa-image` or `unknown`.

    Parameters
    ----------
    sop_class
        SOP Class UID.
    modality
        Modality of the series.
    """
    if sop_class in _REPORT_CLASSES:
        return "dxa-report"
    if (sop_class + ".").startswith(_PLAIN_PICTURE_CLASSES) and modality not in _OTHER_MODALITIES:
        return "dxa-image"
    return "unknown"


def _is_stratec(start: bytes) -> bool:
    return len(start) > 8 and struct.unpack_from("<ii", start) in ((5, 1609), (5, 1529))


def _is_aim(start: bytes) -> bool:
    return start.startswith(b"AIMDATA_V030") or (len(start) > 8 and struct.unpack_from("<ii", start) == (20, 140))


def _is_hologic_scan(start: bytes) -> bool:
    """Records of number and length, 16 bit each: scans begin with 1001 (56 bytes), results with 90 (12 bytes)."""
    return len(start) > 8 and struct.unpack_from("<HH", start) in ((1001, 56), (90, 12))


def _is_table(start: bytes) -> bool:
    return start.startswith(b"HEADER RECORD*******LIB") or (start.startswith(b"PK\x03\x04") and b"xl/" in start)


_SIGNATURES = (
    ("isq", lambda start: start.startswith(b"CTDATA-HEADER_V1")),
    ("aim", _is_aim),
    ("stratec", _is_stratec),
    ("hologic-database", lambda start: start[4:15] in (b"Standard Je", b"Standard AC")),
    ("hologic-scan", _is_hologic_scan),
    ("table", _is_table),
    ("dxa-report", lambda start: start.startswith(b"%PDF")),
)
