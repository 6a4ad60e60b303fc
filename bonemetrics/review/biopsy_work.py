"""A biopsy as it is worked on: its form, the drawings behind its numbers, and what is drawn and not yet in the form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bonemetrics.errors import SectionError
from bonemetrics.histomorphometry.catalogue import MEASUREMENTS
from bonemetrics.records import GivenNumber, HistomorphometryParameters
from bonemetrics.review.biopsy_fields import Judged, Level, drawn_text, judge, parse
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.section_drawing import measure_code
from bonemetrics.review.section_evidence import Evidence
from bonemetrics.review.section_pool import Pooled, one_each, pool


@dataclass(frozen=True, slots=True, kw_only=True)
class BiopsyWork:
    """Every change gives a new one.

    `drawings` are behind the form's numbers, one for each picture; `canvas` are drawn and not put into the form yet.
    `unreadable` says why drawings that the entry rests on cannot be read, so that nothing can be added to them.
    """

    form: BiopsyForm
    drawings: tuple[Evidence, ...] = ()
    canvas: tuple[Evidence, ...] = ()
    unreadable: str = ""
    _pooled: Mapping[str, Pooled] | None = field(default=None, compare=False, repr=False)

    @property
    def pooled(self) -> Mapping[str, Pooled]:
        """What all drawings give together."""
        return pool(self.drawings) if self._pooled is None else self._pooled

    @property
    def pictures(self) -> tuple[Evidence, ...]:
        """Drawings of which something counts."""
        return tuple(one for one in self.drawings if not one.is_empty)

    def with_text(self, key: str, text: str) -> BiopsyWork:
        """With another text in one field; raises as `BiopsyForm.with_text`."""
        return replace(self, form=self.form.with_text(key, text))

    def put(self, drawing: Evidence) -> BiopsyWork:
        """Put a drawing into the form, in place of an earlier one on the same picture.

        Every field that it takes part in then holds what all pictures give together, or is blank where that cannot be
        told. Other fields that were typed over stay as they are.

        Parameters
        ----------
        drawing
            On one picture; one without shapes takes the picture out.

        Raises
        ------
        SectionError
            Of the first shape that has no value, such as `pixel-size-unknown`; `invalid-drawing` where drawings of the
            entry cannot be read.
        TableError
            `entry-locked`.
        """
        if self.unreadable:
            raise SectionError(self.unreadable, code="invalid-drawing")
        for code in drawing.codes:
            ours = [shape for shape in drawing.shapes if shape.code == code]
            if ours:
                measure_code(code, ours, drawing.pixel_size, drawing.shape)
        known = [one for one in self.drawings if one.picture_sha256 != drawing.picture_sha256]
        is_known = len(known) < len(self.drawings)
        now = (*known, drawing) if is_known or not drawing.is_empty else tuple(known)
        canvas = tuple(one for one in self.canvas if one.picture_sha256 != drawing.picture_sha256)
        pooled = pool(now)
        form = self._filled(pooled, drawing.codes)
        return replace(self, form=form, drawings=now, canvas=canvas, _pooled=pooled)

    def take_out(self, picture_sha256: str) -> BiopsyWork:
        """Without the part of one picture; what was typed over stays. Raises as `put`."""
        found = [one for one in self.drawings if one.picture_sha256 == picture_sha256]
        return self.put(found[0].emptied()) if found else self

    def _filled(self, after: Mapping[str, Pooled], put: Iterable[str]) -> BiopsyForm:
        before = self.pooled
        form, own = self.form, frozenset(put)
        for code in {**before, **after}:
            is_drawn = form.text(code) == _text(before.get(code))
            if code in own or is_drawn:
                form = form.with_text(code, _text(after.get(code)))
        return form

    def with_canvas(self, drawing: Evidence) -> BiopsyWork:
        """With what is on the canvas now; nothing is waiting where the form holds just that."""
        others = [one for one in self.canvas if one.picture_sha256 != drawing.picture_sha256]
        return replace(self, canvas=(*others, drawing) if self.differs(drawing) else tuple(others))

    def differs(self, drawing: Evidence) -> bool:
        """Whether a drawing says something else than the form holds of its picture."""
        known = next((one for one in self.drawings if one.picture_sha256 == drawing.picture_sha256), None)
        return not drawing.is_empty if known is None else not drawing.says_as(known)

    def put_canvas(self) -> BiopsyWork:
        """Put everything that is waiting into the form; raises as `put`."""
        work = self
        for one in self.canvas:
            work = work.put(one)
        return work

    def without_canvas(self, picture_sha256: str = "") -> BiopsyWork:
        """Let go of what is waiting: on one picture, or on all where none is named."""
        left = (one for one in self.canvas if picture_sha256 and one.picture_sha256 != picture_sha256)
        return replace(self, canvas=tuple(left))

    def new_drawings(self, saved: BiopsyWork) -> tuple[Evidence, ...]:
        """Drawings that the stored entry does not have."""
        old = saved.drawings
        return tuple(one for one in self.drawings if not any(one is it or one.says_as(it) for it in old))

    def is_changed(self, saved: BiopsyWork) -> bool:
        """Whether form or drawings are other than those of the stored entry."""
        return self.form != saved.form or bool(self.new_drawings(saved))

    @property
    def told(self) -> Mapping[str, Judged]:
        """What is to be said of drawn fields: of how many pictures, or why there is no number."""
        return {code: self._told(one) for code, one in self.pooled.items()}

    def _told(self, one: Pooled) -> Judged:
        typed = self.form.text(one.code)
        pictures = f"{one.n_pictures} picture{'s' if one.n_pictures > 1 else ''}"
        if one.refused:
            return Judged("unusual", f"{'typed' if typed.strip() else 'not filled in'}; {one.refused}")
        if typed != _text(one):
            return Judged("unusual", f"typed over; drawn on {pictures}: {_text(one)}")
        told = f"mean of {one.n} on {pictures}" if one.kind == "distance" else f"drawn on {pictures}"
        return Judged("ok", told)


def work_of(form: BiopsyForm, drawings: Iterable[Evidence] = (), canvas: Iterable[Evidence] = ()) -> BiopsyWork:
    """A form with the drawings behind its numbers, and what is only drawn."""
    each = one_each(drawings)
    return BiopsyWork(form=form, drawings=each, canvas=one_each(canvas), _pooled=pool(each))


def judged_fields(
    work: BiopsyWork, parameters: HistomorphometryParameters, keys: Iterable[str]
) -> Mapping[str, Judged]:
    """What is to be said of fields: what cannot be, what is unusual, and of how many pictures a drawn number is.

    Parameters
    ----------
    work
        As it stands.
    parameters
        `[histomorphometry]` of the protocol.
    keys
        Of the fields.
    """
    faults, drawn = work.form.faults(parameters), work.told
    envelope = work.form.entry_so_far.envelope
    found: dict[str, Judged] = {}
    for key in keys:
        number = parse(work.form.text(key)) if key in MEASUREMENTS else None
        judged = Judged("ok")
        if key in faults:
            judged = Judged("impossible", faults[key])
        elif isinstance(number, GivenNumber):
            judged = judge(key, number.value, envelope, parameters)
        found[key] = _joined(judged, drawn.get(key))
    return found


def _joined(judged: Judged, drawn: Judged | None) -> Judged:
    if drawn is None or judged.level == "impossible":
        return judged
    level: Level = "unusual" if "unusual" in (judged.level, drawn.level) else "ok"
    return Judged(level, "; ".join(text for text in (judged.text, drawn.text) if text))


def _text(one: Pooled | None) -> str:
    return "" if one is None or one.value is None else drawn_text(one.value)
