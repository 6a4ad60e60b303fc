"""What rows of clinical and histomorphometry tables become: observations, events and biopsy entries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, JsonValue, model_validator

from bonemetrics.quantities import CATALOGUE
from bonemetrics.records.base import Finite, Problem, Record, Side
from bonemetrics.records.tables import TableKind

Envelope = Literal["cancellous", "endocortical", "intracortical", "periosteal"]
ENVELOPES: tuple[Envelope, ...] = ("cancellous", "endocortical", "intracortical", "periosteal")
EntryState = Literal["draft", "complete", "locked"]
Censored = Literal["below", "above"]


class TableRecord(Record):
    """What every record of a table says of itself: whose it is, when it was, and its row.

    `subject` is what the table calls the person until the study has found her study ID. `visit` is the visit's name in
    the table and `visit_number` its number there; `study_day` a stated one. `sheet` and `line` are its place in the
    file.
    """

    kind: TableKind
    subject: str
    visit: str = ""
    visit_number: Finite | None = None
    day: date | None = None
    study_day: int | None = None
    sheet: str = ""
    line: int = 0
    reader: str = ""
    notes: tuple[Problem, ...] = ()


class Observation(TableRecord):
    """One value of one person at one time.

    `value` is empty where there is only a text, such as a result below the detection limit: `text` then holds it as
    given (`<0.5`, `BLQ`), `censored` says on which side of `limit` the value lies; a limit that the source does not
    state is left open. `given` and `given_unit` are the source's. `derivation` is a CDISC DTYPE where the value is no
    plain measurement. `parameters` are whatever could change it.

    `time` is the time of day as ISO text, `instance` what the source tells repeats of one day by: a sequence number, a
    time point. `baseline_flag` and `analysis_flag` are the source's ABLFL and ANL01FL (`None` where it has none);
    `stated_baseline`, `stated_change` and `stated_percent_change` its BASE, CHG and PCHG, which are checked, never
    taken.
    """

    record: Literal["observation"] = "observation"
    quantity: str
    unit: str
    value: Finite | None = None
    standard_uncertainty: Finite | None = Field(default=None, ge=0)
    site: str
    region: str = ""
    side: Side | None = None
    text: str = ""
    censored: Censored | None = None
    limit: Finite | None = None
    given: str = ""
    given_unit: str = ""
    derivation: str = ""
    time: str = ""
    instance: str = ""
    baseline_flag: bool = False
    analysis_flag: bool | None = None
    stated_baseline: Finite | None = None
    stated_change: Finite | None = None
    stated_percent_change: Finite | None = None
    method: str = ""
    parameters: dict[str, JsonValue] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_whole(self) -> Observation:
        entry = CATALOGUE.get(self.quantity)
        if entry is None:
            raise ValueError(f"{self.quantity!r} is not in the catalogue of quantities")
        if entry.unit and entry.unit != self.unit:
            raise ValueError(f"{self.quantity} is in {entry.unit}, found {self.unit!r}")
        if self.value is None and not self.text:
            raise ValueError("an observation has a value or a text")
        if self.censored is None and self.limit is not None:
            raise ValueError("only a censored value has a limit")
        return self


class AdverseEvent(TableRecord):
    """One adverse event. `day` is its onset; terms are those of the sheet or of its coding.

    `instance` is what the source tells events of one day by, such as a sequence number.
    """

    record: Literal["adverse-event"] = "adverse-event"
    term: str = Field(min_length=1)
    preferred_term: str = ""
    system_organ_class: str = ""
    serious: bool | None = None
    severity: str = ""
    related: str = ""
    outcome: str = ""
    end_day: date | None = None
    instance: str = ""


class Fracture(TableRecord):
    """One new fracture. `day` is when it happened or was found; `low_impact` is as judged by the site.

    `instance` is what the source tells fractures of one day by, such as a sequence number.
    """

    record: Literal["fracture"] = "fracture"
    site: str = Field(min_length=1)
    side: Side | None = None
    low_impact: bool | None = None
    confirmed: bool | None = None
    instance: str = ""


class SectionFactors(Record):
    """From a section to space: thickness = `width_to_thickness` × width, surface = `perimeter_to_surface` × perimeter.

    `convention` names where they are from: `isotropic` (π/4 and 4/π), `iliac` (1/1.2 and 1.2) or `stated`.
    """

    convention: Literal["isotropic", "iliac", "stated"]
    width_to_thickness: Finite = Field(gt=0)
    perimeter_to_surface: Finite = Field(gt=0)


class HistomorphometryEntry(TableRecord):
    """What one reader entered for one envelope of one biopsy. `day` is the day of the biopsy.

    `primaries` are 2D measurements and counts by code, in the catalogue's units; `typed` are derived values entered by
    hand; `half_units` half a unit of the last digit of either. `referent` is what T.Ar is: tissue (`TV`) or core
    (`CV`). Labels are courses of days. `entry` tells independent entries of the same biopsy apart: `1`, `2`, or
    `adjudicated`. `change_reason` is why a locked entry was changed.
    """

    record: Literal["histomorphometry"] = "histomorphometry"
    biopsy: str = ""
    site: str = "iliac-crest"
    side: Side | None = None
    envelope: Envelope | None = None
    referent: Literal["TV", "CV"] | None = None
    entry: str = "1"
    state: EntryState = "complete"
    blinded: bool | None = None
    label1_start: date | None = None
    label1_end: date | None = None
    label2_start: date | None = None
    label2_end: date | None = None
    labelling_confirmed: bool | None = None
    sections: int | None = None
    core_broken: bool | None = None
    factors: SectionFactors | None = None
    osteoid_perimeter: Literal["one-sided", "outline"] | None = None
    erosion_definition: str = ""
    primaries: dict[str, Finite] = Field(default_factory=dict)
    typed: dict[str, Finite] = Field(default_factory=dict)
    half_units: dict[str, Finite] = Field(default_factory=dict)
    change_reason: str = ""
    comment: str = ""


AnyTableRecord = Annotated[Observation | AdverseEvent | Fracture | HistomorphometryEntry, Field(discriminator="record")]


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row: its records, and the notes or refusals that were made on it."""

    line: int
    records: tuple[AnyTableRecord, ...] = ()
    problems: tuple[Problem, ...] = ()
