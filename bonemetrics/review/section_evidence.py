"""What was drawn on a picture, kept as evidence beside the entry that its numbers went into."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path

from pydantic import ValidationError

from bonemetrics import __version__
from bonemetrics.atomic import write_atomic
from bonemetrics.errors import SectionError
from bonemetrics.readers.files import whole_file
from bonemetrics.records import Record
from bonemetrics.review.section_drawing import DRAWN, Drawn, Shape, measure_drawing
from bonemetrics.review.section_picture import SectionPicture
from bonemetrics.review.section_scale import PixelSize

_MOST_BYTES = 64 * 1024**2


class Measurement(Record):
    """What the shapes of one code gave when the drawing was kept."""

    code: str
    value: float
    unit: str
    n: int
    sd: float | None = None


class Evidence(Record):
    """A drawing on one picture, which is known by the sha256 of its file.

    Vertices are (row, column) in pixels of a picture of `shape` rows and columns. `absent` are measurements that were
    looked for and of which the picture has none. One without shapes tells that the picture was taken out again.
    """

    kind: str = "section-drawing"
    version: int = 1
    picture_sha256: str
    shape: tuple[int, int]
    pixel_size: PixelSize | None
    shapes: tuple[Shape, ...]
    absent: tuple[str, ...] = ()
    measurements: tuple[Measurement, ...]
    reader: str = ""
    software_version: str

    @property
    def is_empty(self) -> bool:
        """Whether nothing of the picture counts."""
        return not self.shapes and not self.absent

    @property
    def codes(self) -> tuple[str, ...]:
        """Measurements that were drawn or looked for, in the order of the catalogue."""
        known = {shape.code for shape in self.shapes} | set(self.absent)
        return tuple(code for code in DRAWN if code in known)

    @property
    def drawn(self) -> dict[str, Drawn]:
        """What the shapes give, measured anew."""
        return measure_drawing(self.shapes, self.pixel_size, self.shape, self.absent)

    def says_as(self, other: Evidence) -> bool:
        """Whether both count the same, whoever drew and with whichever version of the software."""
        same_shapes = Counter(self.shapes) == Counter(other.shapes)
        same = (self.picture_sha256, self.pixel_size) == (other.picture_sha256, other.pixel_size)
        return same and same_shapes and set(self.absent) == set(other.absent)

    def emptied(self) -> Evidence:
        """What stands in its place when the picture is taken out."""
        return self.model_copy(update={"shapes": (), "absent": (), "measurements": ()})


def evidence_of(
    picture: SectionPicture, shapes: Sequence[Shape], reader: str, absent: Collection[str] = ()
) -> Evidence:
    """The drawing with what it gives; what is refused gives no measurement.

    Parameters
    ----------
    picture
        On which the shapes were drawn.
    shapes
        In the order in which they were drawn.
    reader
        Who drew.
    absent
        Measurements of which the picture has none.
    """
    drawn = measure_drawing(shapes, picture.pixel_size, picture.shape, absent)
    without = {shape.code for shape in shapes}
    return Evidence(
        picture_sha256=picture.sha256,
        shape=picture.shape,
        pixel_size=picture.pixel_size,
        shapes=tuple(shapes),
        absent=tuple(code for code in DRAWN if code in absent and code not in without),
        measurements=tuple(_told(one) for one in drawn.values() if one.value is not None),
        reader=reader,
        software_version=__version__,
    )


def _told(one: Drawn) -> Measurement:
    return Measurement(code=one.code, value=one.value or 0.0, unit=one.unit, n=one.n, sd=one.sd)


def write_evidence(path: Path, evidence: Evidence) -> None:
    """Write the drawing as JSON, whole or not at all."""
    write_atomic(path, evidence.model_dump_json(indent=1).encode("utf-8"))


def read_evidence(path: Path, picture: SectionPicture | None = None) -> Evidence:
    """Read a drawing back.

    Parameters
    ----------
    path
        As `write_evidence` wrote it.
    picture
        The picture that it must have been made on, where it is to be shown on one.

    Raises
    ------
    SectionError
        `invalid-drawing`.
    ReadError
        If there is no such file, or it is too large.
    """
    try:
        evidence = Evidence.model_validate_json(whole_file(path, most_bytes=_MOST_BYTES))
    except ValidationError:
        raise SectionError("the file holds no drawing of this version", code="invalid-drawing") from None
    if picture is not None and (evidence.picture_sha256, evidence.shape) != (picture.sha256, picture.shape):
        raise SectionError("the drawing was made on another picture", code="invalid-drawing")
    return evidence
