"""From the verdicts and masks of a study to readings that can be compared, and how far they agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from bonemetrics.errors import GeometryMismatchError, ReadError
from bonemetrics.pipeline.opening import geometry_of
from bonemetrics.quantities import Material
from bonemetrics.records import GridFacts, Measurement, Verdict
from bonemetrics.review.agreement import QUANTITY, AgreementRow, Reading, agreement
from bonemetrics.study.layout import sha256_of
from bonemetrics.study.masks import Labels
from bonemetrics.study.reviews import StoredReview
from bonemetrics.study.store import Store
from bonemetrics.study.stored import StoredScan
from bonemetrics.volume import LabelVolume

_REGION = "trabecular"


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskFile:
    """Where a mask lies, and the grid of its scan."""

    path: Path
    grid: GridFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyReadings:
    """What readers said last of each scan, each by her own work.

    `masks` are the files by their SHA-256. `n_dependent` verdicts are left out because they are on a mask that another
    reader drew, or began from: they say nothing of how two readers agree.
    """

    found: tuple[Reading, ...]
    masks: Mapping[str, MaskFile]
    n_dependent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyAgreement:
    """How far the readers of a study agree.

    `n_unread` masks could not be compared because their file is missing or not the one that was recorded. Values are
    left out where they are of several `materials`, which is then not empty.
    """

    rows: tuple[AgreementRow, ...]
    n_dependent: int = 0
    n_unread: int = 0
    materials: tuple[Material, ...] = ()


def study_readings(store: Store) -> StudyReadings | None:
    """Collect the readings of a study.

    Parameters
    ----------
    store
        Of the study.

    Returns
    -------
    StudyReadings or None
        The last verdict of each reader on each scan, and that of a hidden second look apart, in the order of scans and
        names. Adjudicators are left out, and so is a verdict on a mask of an older result, or one after which its
        reader drew a newer mask: she has not judged that yet. `None` where nobody has read anything.
    """
    reviews: dict[str, list[StoredReview]] = {}
    for review in store.reading.reviews():
        if review.role == "reader":
            reviews.setdefault(review.scan_id, []).append(review)
    if not reviews:
        return None
    found: list[Reading] = []
    files: dict[str, MaskFile] = {}
    n_dependent = 0
    for scan in store.scans(status="measured"):
        masks = store.reading.masks(scan.scan_id)
        for review in _last_words(reviews.get(scan.scan_id, ()), masks):
            judged = _mask_of(review.label_sha256, masks, review.reader)
            if not _is_own(judged, masks, review.reader):
                n_dependent += 1
            elif review.label_sha256 == _before_her(masks, review).sha256:
                found.append(_reading(store, scan, review, judged))
                if scan.result.facts is not None:
                    grid = scan.result.facts.grid
                    files[judged.sha256] = MaskFile(path=store.reading.path_of(judged), grid=grid)
    return StudyReadings(found=tuple(found), masks=files, n_dependent=n_dependent)


def _last_words(reviews: Iterable[StoredReview], masks: Sequence[Labels]) -> Iterator[StoredReview]:
    """The last verdict of each reader and look on a mask of the current result, in the order of names."""
    known = {mask.sha256 for mask in masks}
    last = {(one.reader, one.repeat): one for one in reviews if one.label_sha256 in known}
    for key in sorted(last):
        yield last[key]


def _mask_of(sha256: str, masks: Iterable[Labels], reader: str) -> Labels:
    """The mask of that hash: the automatic one, else this reader's, since two readers may have drawn alike."""
    alike = [mask for mask in masks if mask.sha256 == sha256]
    own = [mask for mask in alike if mask.is_automatic or mask.reader == reader]
    return (own or alike)[0]


def _is_own(mask: Labels, masks: Sequence[Labels], reader: str) -> bool:
    """Whether a mask is the automatic one, or this reader's and made from it by nobody else."""
    known = {one.sha256 for one in masks}
    # An edit that was taken back leads in a circle; without one there are no more steps than masks.
    for _ in masks:
        if mask.is_automatic:
            return True
        if mask.reader != reader or mask.source == "adjudicated" or mask.based_on not in known:
            return False
        mask = _mask_of(mask.based_on, masks, reader)
    return False


def _before_her(masks: Sequence[Labels], review: StoredReview) -> Labels:
    """The last mask that the reader drew in this look, or the automatic one."""
    source = "repeat" if review.repeat else "edited"
    own = [mask for mask in masks if mask.source == source and mask.reader == review.reader]
    return own[-1] if own else masks[0]


def _reading(store: Store, scan: StoredScan, review: StoredReview, mask: Labels) -> Reading:
    number = _number(store, scan, mask)
    return Reading(
        scan_id=scan.scan_id,
        reader=review.reader,
        verdict=_verdict(review, mask),
        labels_sha256=mask.sha256,
        values={} if number is None else {QUANTITY: number.value},
        material=None if number is None else number.material,
        is_repeat=review.repeat,
    )


def _verdict(review: StoredReview, mask: Labels) -> Verdict:
    """The verdict; an accepted mask is one with an edit where a reader drew it, whatever she called it."""
    if not review.is_accepted:
        return review.verdict
    return "accept" if mask.is_automatic else "accept-with-edit"


def _number(store: Store, scan: StoredScan, mask: Labels) -> Measurement | None:
    """The trabecular density in a mask; `None` where it was not measured."""
    measurements: Sequence[Measurement] = scan.result.measurements
    if not mask.is_automatic:
        measured = store.reading.mask_result(mask)
        measurements = () if measured is None else measured.measurements
    found = [one for one in measurements if (one.quantity, one.region) == (QUANTITY, _REGION)]
    return found[0] if len(found) == 1 else None


def study_agreement(readings: StudyReadings | None) -> StudyAgreement | None:
    """Compare the readings of a study; masks are read from their files two at a time.

    Parameters
    ----------
    readings
        From `study_readings`.

    Returns
    -------
    StudyAgreement or None
        Without rows where no scan was read twice; `None` where nobody has read anything.
    """
    if readings is None:
        return None
    found, several = readings.found, _materials(readings.found)
    if len(several) > 1:
        found = tuple(replace(one, values={}, material=None) for one in found)
    load = _Loader(readings.masks)
    rows = agreement(found, load)
    return StudyAgreement(
        rows=rows,
        n_dependent=readings.n_dependent,
        n_unread=len(load.unread),
        materials=several if len(several) > 1 else (),
    )


def _materials(readings: Iterable[Reading]) -> tuple[Material, ...]:
    return tuple(sorted({one.material for one in readings if one.values and one.material is not None}))


@dataclass(frozen=True, slots=True)
class _Loader:
    """Reads masks on the grid of their scan; `unread` are the hashes of those that it could not read."""

    masks: Mapping[str, MaskFile]
    unread: set[str] = field(default_factory=set)

    def __call__(self, sha256: str) -> LabelVolume | None:
        from bonemetrics.readers.labels import read_labels

        known = self.masks.get(sha256)
        try:
            if known is not None and known.path.is_file() and sha256_of(known.path) == sha256:
                return read_labels(known.path).onto(geometry_of(known.grid))
        except (ReadError, GeometryMismatchError):
            # `bonemetrics verify` and the opening of the scan say what is wrong with it.
            pass
        self.unread.add(sha256)
        return None
