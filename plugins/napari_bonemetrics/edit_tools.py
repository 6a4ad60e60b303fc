"""What each edit button asks of the library, and what it says of the result; no widgets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bonemetrics.errors import UsageError
from bonemetrics.segmentation.editing.contour import Contour, MovedContour, move_contour
from bonemetrics.segmentation.editing.interpolate import interpolate_between
from bonemetrics.segmentation.editing.islands import fill_holes, remove_islands
from bonemetrics.segmentation.editing.patch import LabelPatch
from bonemetrics.segmentation.editing.redo import redo_in_box
from bonemetrics.segmentation.editing.smooth import smooth_contours
from bonemetrics.segmentation.parameters import TissueParameters
from bonemetrics.volume import Box, DensityVolume, LabelVolume

_OF_THE_ARM = ("side-unknown", "distal-unknown")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """What the reader chose: slices (`None` for all), lengths in mm, thresholds in mg/cm³ (`None` where blank)."""

    slices: range | None = None
    contour: Contour = "periosteal"
    by_mm: float = 0.1
    length_mm: float = 0.5
    box: Box | None = None
    periosteal_threshold: float | None = None
    endosteal_threshold: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToolResult:
    """The edit, not applied, and one line for the reader."""

    patch: LabelPatch
    told: str
    move: MovedContour | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ToolCase:
    """What the tools work on; `parameters` are those that the study segments with."""

    labels: LabelVolume
    density: DensityVolume
    parameters: TissueParameters
    last_move: MovedContour | None = None


def _fill(case: ToolCase, chosen: ToolSettings) -> ToolResult:
    found = fill_holes(case.labels, slices=chosen.slices)
    return ToolResult(patch=found.patch, told=f"filled {found.n_pieces} holes of {found.volume_mm3:.3g} mm³ together")


def _islands(case: ToolCase, chosen: ToolSettings) -> ToolResult:
    one = chosen.slices is not None and len(chosen.slices) == 1
    found = remove_islands(case.labels, slices=chosen.slices, in_plane=one)
    told = f"removed {found.n_pieces} islands of {found.volume_mm3:.3g} mm³ together"
    return ToolResult(patch=found.patch, told=told)


def _smooth(case: ToolCase, chosen: ToolSettings) -> ToolResult:
    found = smooth_contours(case.labels, length_mm=chosen.length_mm, slices=chosen.slices)
    left = f"; {len(found.slices_left)} slices were left, a compartment would vanish there" if found.slices_left else ""
    return ToolResult(patch=found.patch, told=f"smoothed over {chosen.length_mm:g} mm{left}")


def _interpolate(case: ToolCase, chosen: ToolSettings) -> ToolResult:
    if chosen.slices is None or len(chosen.slices) < 3:
        raise UsageError("choose a range of at least three slices; its first and last are the edited ones")
    first, last = chosen.slices[0], chosen.slices[-1]
    patch = interpolate_between(case.labels, first, last)
    return ToolResult(patch=patch, told=f"drew slices {first + 2} to {last} from {first + 1} and {last + 1}")


def _move(case: ToolCase, chosen: ToolSettings) -> ToolResult:
    last = case.last_move
    same = last is not None and (last.contour, last.slices) == (chosen.contour, chosen.slices)
    moved = move_contour(
        case.labels,
        contour=chosen.contour,
        by_mm=chosen.by_mm,
        slices=chosen.slices,
        after=last if same else None,
    )
    told = f"moved the {chosen.contour} contour by {moved.total_mm:+.2g} mm in all"
    met = f"; at {moved.n_met} voxels it met the other contour" if moved.n_met else ""
    return ToolResult(patch=moved.patch, told=told + met, move=moved)


def _redo(case: ToolCase, chosen: ToolSettings) -> ToolResult:
    if chosen.box is None:
        raise UsageError("choose a box first")
    for threshold in (chosen.periosteal_threshold, chosen.endosteal_threshold):
        if threshold is None or not threshold > 0:
            raise UsageError("state both thresholds in mg/cm³, above 0")
    given = case.parameters.model_dump(exclude_unset=True) | {
        "periosteal_threshold": chosen.periosteal_threshold,
        "threshold": chosen.endosteal_threshold,
        "placement": "threshold",
    }
    parameters = TissueParameters.model_validate(given)
    found = redo_in_box(case.labels, case.density, box=chosen.box, parameters=parameters)
    seam = f"; {found.n_seam} of them where the box ends, look there" if found.n_seam else ""
    # Which arm it is shapes no label, and the desk knows it already.
    notes = "".join(f"; {note.message}" for note in found.notes if note.code not in _OF_THE_ARM)
    return ToolResult(patch=found.patch, told=f"{found.n_changed} voxels changed in the box{seam}{notes}")


TOOLS: dict[str, Callable[[ToolCase, ToolSettings], ToolResult]] = {
    "fill": _fill,
    "islands": _islands,
    "smooth": _smooth,
    "interpolate": _interpolate,
    "move": _move,
    "redo-box": _redo,
}
