"""What the header of one CT file says, as plain values: shared facts, and one entry per picture in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from bonemetrics.errors import ReadError
from bonemetrics.readers import frames
from bonemetrics.readers.dicom_file import DicomHead, PixelPlace
from bonemetrics.readers.elements import Elements
from bonemetrics.readers.files import Stamp
from bonemetrics.readers.frames import FrameFacts
from bonemetrics.readers.limits import MAX_SIDE_PIXELS
from bonemetrics.readers.scanco import GROUP as SCANCO_GROUP
from bonemetrics.readers.scanco import ScancoValues, scanco_values
from bonemetrics.readers.values import number, text, whole

SOP_CLASS, SOP_UID, MODALITY = 0x00080016, 0x00080018, 0x00080060
STUDY_UID, SERIES_UID, FRAME_OF_REFERENCE = 0x0020000D, 0x0020000E, 0x00200052
_SHARED_TAGS = (
    *(0x00080070, 0x00081090, 0x00100010, 0x00100020, 0x00100030, 0x00100040, 0x00180015, 0x00180060, 0x00181000),
    *(0x00181020, 0x00181120, 0x00181210, 0x00185100, STUDY_UID, FRAME_OF_REFERENCE, 0x00200060, 0x00200062),
    *(0x00209072, 0x00280002, 0x00280004, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280102, 0x00280103),
    *(0x00280120, 0x00280121, 0x00282110),
)
_ENHANCED = frozenset({"1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"})


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelLayout:
    """How stored values are laid out; one for a whole series."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed picture."""
        return self.rows * self.columns * (self.bits_allocated // 8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose picture it is; compared within a series, never shown."""

    patient_id: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: str = field(repr=False)
    sex: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerFacts:
    """The scanner and its own calibration, as each file states it."""

    manufacturer: str
    model: str
    serial: str
    scanco: ScancoValues | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedFacts:
    """What one file says that must be the same in all files of its series, or is taken from one of them."""

    layout: PixelLayout
    study_uid: str
    frame_of_reference_uid: str
    identity: Identity
    scanner: ScannerFacts
    software: str
    kvp: float | None
    kernel: str
    tilt_degrees: float
    lossy: bool | None
    padding: tuple[float, ...]
    body_part: str
    patient_position: str
    laterality: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFacts:
    """One CT file: how to find it again, what it shares with its series, and its pictures."""

    path: Path
    stamp: Stamp
    digest: bytes
    digest_bytes: int
    transfer_syntax: str
    little: bool
    pixels: PixelPlace
    sop_uid: str
    series_uid: str
    shared: SharedFacts = field(repr=False)
    frames: tuple[FrameFacts, ...]
    scan_date: str
    scan_time: str
    preamble_program: bool
    trailing: bool

    @property
    def layout(self) -> PixelLayout:
        """How the stored values are laid out."""
        return self.shared.layout


Known = dict[tuple[bytes | None, ...], SharedFacts]
"""Shared facts by the bytes they came from: the slices of a series repeat them."""


def ct_facts(path: Path, head: DicomHead, known: Known) -> FileFacts:
    """Take from a CT file's header all that reading its series needs.

    Parameters
    ----------
    path
        The file.
    head
        Its header.
    known
        Shared facts met so far; added to.

    Raises
    ------
    ReadError
        Where the header is broken or a value in it is not what it must be.
    """
    if head.problem is not None:
        raise head.problem
    found = head.elements
    if head.pixels is None:
        raise ReadError("the file has no integer pixels", code="no-pixel-data")
    if text(found, SOP_CLASS) in _ENHANCED:
        shared, taken = _shared(found, frames.first_acquisition(found)), frames.multi_frame(found)
    else:
        shared, taken = _shared_once(found, known), frames.single_frame(found)
    return FileFacts(
        path=path,
        stamp=head.stamp,
        digest=head.digest,
        digest_bytes=head.digest_bytes,
        transfer_syntax=head.transfer_syntax,
        little=found.little,
        pixels=head.pixels,
        sop_uid=text(found, SOP_UID),
        series_uid=text(found, SERIES_UID),
        shared=shared,
        frames=taken,
        scan_date=_first(found, 0x00080022, 0x00080023, 0x00080021, 0x00080020),
        scan_time=_first(found, 0x00080032, 0x00080033, 0x00080031, 0x00080030),
        preamble_program=head.preamble_program,
        trailing=head.trailing,
    )


def _shared_once(found: Elements, known: Known) -> SharedFacts:
    private = [tag for tag in found.index if tag >> 16 == SCANCO_GROUP]
    raw = found.raw
    key = (b"%d%d" % (found.explicit, found.little), *map(raw, _SHARED_TAGS), *map(raw, private))
    if key not in known:
        known[key] = _shared(found, found)
    return known[key]


def _shared(found: Elements, acquired: Elements) -> SharedFacts:
    layout = _layout(found)
    return SharedFacts(
        layout=layout,
        study_uid=text(found, STUDY_UID),
        frame_of_reference_uid=text(found, FRAME_OF_REFERENCE),
        identity=Identity(
            patient_id=text(found, 0x00100020),
            # Empty parts at a name's end may be written or left out.
            name=text(found, 0x00100010).rstrip("^= "),
            birth_date=text(found, 0x00100030),
            sex=text(found, 0x00100040),
        ),
        scanner=ScannerFacts(
            manufacturer=text(found, 0x00080070),
            model=text(found, 0x00081090),
            serial=text(found, 0x00181000),
            scanco=scanco_values(found),
        ),
        software=text(found, 0x00181020),
        kvp=number(acquired, 0x00180060),
        kernel=text(acquired, 0x00181210),
        tilt_degrees=number(acquired, 0x00181120) or 0.0,
        lossy={"01": True, "00": False}.get(text(found, 0x00282110)),
        padding=_padding(found, layout.signed),
        body_part=text(found, 0x00180015),
        patient_position=text(found, 0x00185100),
        laterality=_laterality(found, acquired),
    )


def _first(found: Elements, *tags: int) -> str:
    return next((value for tag in tags if (value := text(found, tag))), "")


def _laterality(found: Elements, acquired: Elements) -> str:
    """Image, series or frame laterality; the three may not contradict each other."""
    stated = {text(found, 0x00200062), text(found, 0x00200060), text(acquired, 0x00209072)} & {"L", "R"}
    if len(stated) > 1:
        raise ReadError("the file states both sides of the body", code="invalid-header-value")
    return next(iter(stated), "")


def _layout(found: Elements) -> PixelLayout:
    photometric = text(found, 0x00280004)
    if whole(found, 0x00280002, 1, 4) != 1 or photometric != "MONOCHROME2":
        raise ReadError(
            "CT numbers are one grey channel (MONOCHROME2); these pixels are colour, inverted or not described",
            code="unsupported-pixels",
        )
    layout = PixelLayout(
        rows=whole(found, 0x00280010, 1, 65535),
        columns=whole(found, 0x00280011, 1, 65535),
        bits_allocated=whole(found, 0x00280100, 1, 64),
        bits_stored=whole(found, 0x00280101, 1, 64),
        high_bit=whole(found, 0x00280102, 0, 63),
        signed=bool(whole(found, 0x00280103, 0, 1)),
    )
    if max(layout.rows, layout.columns) > MAX_SIDE_PIXELS:
        raise ReadError(
            f"a picture of {layout.rows} × {layout.columns} pixels, at most {MAX_SIDE_PIXELS} a side are read",
            code="too-large",
        )
    if layout.bits_allocated not in (8, 16, 32) or not layout.high_bit < layout.bits_allocated:
        raise ReadError(
            f"{layout.bits_allocated} bits per pixel with high bit {layout.high_bit}; 8, 16 or 32 are read",
            code="unsupported-pixels",
        )
    if layout.high_bit != layout.bits_stored - 1:
        raise ReadError(
            f"{layout.bits_stored} bits stored below high bit {layout.high_bit}: values do not start at bit 0",
            code="unsupported-pixels",
        )
    return layout


def _padding(found: Elements, signed: bool) -> tuple[float, ...]:
    """The stored value, or the two ends of the range, that marks pixels outside the picture."""
    letter = "h" if signed else "H"
    ends = [number(found, tag, binary=letter) for tag in (0x00280120, 0x00280121)]
    return tuple(end for end in ends if end is not None) if ends[0] is not None else ()
