"""The pictures of one CT file: position, orientation, spacing and rescale of each, classic or enhanced."""

from __future__ import annotations

from dataclasses import dataclass

from bonemetrics.errors import ReadError
from bonemetrics.readers.elements import Elements, items
from bonemetrics.readers.limits import MAX_FRAMES
from bonemetrics.readers.values import number, numbers, text, vector, whole

IMAGE_TYPE, NUMBER_OF_FRAMES = 0x00080008, 0x00280008
_POSITION, _ORIENTATION, _SPACING = 0x00200032, 0x00200037, 0x00280030
_INTERCEPT, _SLOPE, _RESCALE_TYPE, _MODALITY_LUT = 0x00281052, 0x00281053, 0x00281054, 0x00283000
_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_PLANE_POSITION, _PLANE_ORIENTATION, _PIXEL_MEASURES = 0x00209113, 0x00209116, 0x00289110
_TRANSFORMATION, _FRAME_TYPE = 0x00289145, 0x00189329
_X_RAY, _RECONSTRUCTION, _DETECTOR, _ANATOMY = 0x00189325, 0x00189314, 0x00189304, 0x00209071
_GROUPS = (
    *(_PLANE_POSITION, _PLANE_ORIENTATION, _PIXEL_MEASURES, _TRANSFORMATION, _FRAME_TYPE),
    *(_X_RAY, _RECONSTRUCTION, _DETECTOR, _ANATOMY),
)
_MOST_ITEMS = 16
_KVP, _TILT = 0x00180060, 0x00181120
_NUMBERS = frozenset({_KVP, _TILT})

Groups = dict[int, Elements]
"""The item of each functional group, by the group's tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameFacts:
    """One picture: where it lies in LPS mm, and how stored values become rescaled ones.

    `position` or `orientation` is empty where the file gives none; `slope` or `intercept` is `None` where absent.
    """

    position: tuple[float, ...]
    orientation: tuple[float, ...]
    spacing: tuple[float, float]
    slope: float | None
    intercept: float | None
    rescale_type: str
    localizer: bool


def is_localizer(image_type: str) -> bool:
    """Whether an ImageType names a scout view."""
    return any(part.strip() in ("LOCALIZER", "SCOUT", "TOPOGRAM") for part in image_type.split("\\"))


def single_frame(found: Elements) -> tuple[FrameFacts, ...]:
    """The one picture of a classic CT file.

    Raises
    ------
    ReadError
        Where a value is not what it must be, or the file claims several frames.
    """
    if (number(found, NUMBER_OF_FRAMES) or 1) != 1:
        raise ReadError("a classic CT file holds one picture, this one claims more", code="invalid-header-value")
    return (_frame(found, found, found, found, text(found, IMAGE_TYPE)),)


def multi_frame(found: Elements) -> tuple[FrameFacts, ...]:
    """The pictures of an enhanced CT file, from its shared and per-frame functional groups.

    Raises
    ------
    ReadError
        Where a value is not what it must be, or the groups do not fit NumberOfFrames.
    """
    count = whole(found, NUMBER_OF_FRAMES, 1, MAX_FRAMES, binary="")
    shared, image_type = _shared_groups(found), text(found, IMAGE_TYPE)
    each = items(found, _PER_FRAME, limit=MAX_FRAMES)
    if len(each) != count:
        raise ReadError(f"{len(each)} per-frame groups for {count} frames", code="invalid-header-value")
    return tuple(_enhanced_frame(image_type, shared, own) for own in each)


def _enhanced_frame(image_type: str, shared: Groups, own: Elements) -> FrameFacts:
    frame_type = text(_group(shared, own, _FRAME_TYPE), IMAGE_TYPE) or image_type
    return _frame(
        _group(shared, own, _PLANE_POSITION),
        _group(shared, own, _PLANE_ORIENTATION),
        _group(shared, own, _PIXEL_MEASURES),
        _group(shared, own, _TRANSFORMATION),
        frame_type,
    )


def _frame(
    position: Elements, orientation: Elements, measures: Elements, rescale: Elements, image_type: str
) -> FrameFacts:
    localizer = is_localizer(image_type)
    spacing = (
        (1.0, 1.0)
        if localizer
        else vector(measures, _SPACING, 2, missing="missing-pixel-spacing", invalid="invalid-geometry")
    )
    if min(spacing) <= 0:
        raise ReadError(f"PixelSpacing is {spacing[0]:g} × {spacing[1]:g} mm", code="invalid-geometry")
    if _MODALITY_LUT in rescale.index:
        raise ReadError("HU by look-up table instead of slope and intercept", code="invalid-rescale")
    return FrameFacts(
        position=_of_length(numbers(position, _POSITION, code="invalid-geometry"), 3),
        orientation=_of_length(numbers(orientation, _ORIENTATION, code="invalid-geometry"), 6),
        spacing=(spacing[0], spacing[1]),
        slope=_rescale_number(rescale, _SLOPE),
        intercept=_rescale_number(rescale, _INTERCEPT),
        rescale_type=text(rescale, _RESCALE_TYPE).upper(),
        localizer=localizer,
    )


def _of_length(found: tuple[float, ...], count: int) -> tuple[float, ...]:
    if found and len(found) != count:
        raise ReadError(f"a position or orientation of {len(found)} numbers", code="invalid-geometry")
    return found


def _rescale_number(rescale: Elements, tag: int) -> float | None:
    found = number(rescale, tag, code="invalid-rescale")
    if found is None and tag in rescale.index:
        raise ReadError("slope or intercept is there but empty", code="invalid-rescale")
    return found


def first_acquisition(found: Elements) -> Elements:
    """The tube, kernel, tilt and side of an enhanced file, gathered flat.

    Raises
    ------
    ReadError
        `mixed-kvp`, `mixed-kernel`, `gantry-tilt` or `mixed-orientation` where frames differ.
    """
    shared, flat = _shared_groups(found), Elements(found.data, found.explicit, found.little)
    each = items(found, _PER_FRAME, limit=MAX_FRAMES) or [flat]
    wanted = (
        (_X_RAY, _KVP, "mixed-kvp"),
        (_RECONSTRUCTION, 0x00181210, "mixed-kernel"),
        (_DETECTOR, _TILT, "gantry-tilt"),
        (_ANATOMY, 0x00209072, "mixed-orientation"),
    )
    for group, tag, code in wanted:
        holders = [_group(shared, own, group) for own in each]
        # "120" and "120.0" are one voltage, so numbers are compared as numbers.
        take = number if tag in _NUMBERS else text
        if len({take(holder, tag) for holder in holders}) > 1:
            raise ReadError("frames of one file differ in what must be the same", code=code)
        if tag in holders[0].index:
            flat.index[tag] = holders[0].index[tag]
    return flat


def _shared_groups(found: Elements) -> Groups:
    """The shared functional groups, each looked at once however many frames refer to it."""
    shared = (items(found, _SHARED, limit=1) or [found])[0]
    each = ((tag, items(shared, tag, limit=_MOST_ITEMS)) for tag in _GROUPS)
    return {tag: group[0] for tag, group in each if group}


def _group(shared: Groups, own: Elements, tag: int) -> Elements:
    """The one item of a functional group, the frame's own before the shared one; empty where there is none."""
    if tag in own.index and (group := items(own, tag, limit=_MOST_ITEMS)):
        return group[0]
    return shared.get(tag) or Elements(own.data, own.explicit, own.little)
