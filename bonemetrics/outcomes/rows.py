"""The outcomes dataset in memory: values that could count, the rows made of them, and what stands beside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Literal

from bonemetrics.histomorphometry.repeats import StudyPrecision
from bonemetrics.records import AdverseEvent, Fracture, Problem, Visit
from bonemetrics.study.protocol import Protocol

Flag = Literal["Y", "N", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a value is from, so that it can be traced: one row of the table of sources.

    `source_id` is what SRCID says. `kind` is that of the data (`qct`, `dxa`, `laboratory` …). `series_uid` is of a
    scan, `sheet` and `line` of a table. `calibration` is method and parameters in one line. `mask_sha256` is the hash
    of the segmentation that was measured, `reader` who drew it where it was edited.
    """

    source_id: str
    kind: str
    input_sha256: str
    series_uid: str = ""
    sheet: str = ""
    line: int | None = None
    reader: str = ""
    calibration: str = ""
    scanner: str = ""
    software_version: str = ""
    method: str = ""
    review: str = ""
    mask_sha256: str = ""


def common_source(parts: Sequence[Source], otherwise: str = "") -> Source:
    """The source of a value that was made of several: what they share, and all their IDs, split by `;`.

    Parameters
    ----------
    parts
        Sources of the values it was made of.
    otherwise
        Name of the source where there are none.
    """
    if not parts:
        return Source(source_id=otherwise, kind=otherwise, input_sha256="")
    shared = {
        one.name: getattr(parts[0], one.name)
        for one in fields(Source)
        if len({getattr(source, one.name) for source in parts}) == 1
    }
    ids = ";".join(dict.fromkeys(source.source_id for source in parts))
    return Source(**{"kind": parts[0].kind, "input_sha256": "", **shared, "source_id": ids})


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One value of one person that may count for parameters of the protocol.

    `paramcds` are the parameters it belongs to, none where the protocol does not ask for it. `value` is empty where
    only `text` is known, such as `<0.5`. `scanner` is the serial of the device, for the least significant change;
    `review` the status of a scan's review, `not-applicable` for what has no segmentation. `given` and `given_unit` are
    the source's own. `scale` names version and value set of a score that has several. `time` and `instance` tell values
    of one day apart; flags and stated numbers are those of the source, which are compared and never taken. `factor` is
    by what value and stated numbers were converted from its unit. `answers` are the items behind a score, in the order
    of the questionnaire, `None` for one that was not answered.
    """

    subject: str
    cohort: str
    visit: Visit
    day: date | None
    study_day: int | None
    kind: str
    paramcds: tuple[str, ...]
    quantity: str
    site: str
    region: str
    side: str
    value: float | None
    unit: str
    text: str = ""
    censored: str = ""
    standard_uncertainty: float | None = None
    material: str = ""
    scale: str = ""
    scanner: str = ""
    derivation: str = ""
    review: str = "not-applicable"
    source: Source
    given: str = ""
    given_unit: str = ""
    time: str = ""
    instance: str = ""
    baseline_flag: bool = False
    analysis_flag: bool | None = None
    stated_baseline: float | None = None
    stated_change: float | None = None
    stated_percent_change: float | None = None
    factor: float = 1.0
    answers: tuple[int | None, ...] = ()
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeRow:
    """One row of the long table: one value for one parameter, with its baseline and change.

    `analysed` is ANL01FL: the one record of its visit that counts. `criterion_1_met` is |change| ≥ LSC,
    `criterion_2_met` the same in the direction of benefit; `None` where it cannot be told.
    """

    subject: str
    cohort: str
    visit: str
    visit_number: float | None
    day: date | None
    study_day: int | None
    paramcd: str
    param: str
    value: float | None
    unit: str
    text: str
    base: float | None = None
    change: float | None = None
    percent_change: float | None = None
    is_baseline: bool = False
    analysed: bool = False
    lsc: float | None = None
    criterion_1_met: bool | None = None
    criterion_2_met: bool | None = None
    derivation: str = ""
    material: str = ""
    standard_uncertainty: float | None = None
    review: str = ""
    source: Source
    notes: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One person of the study; `last_day` is the last on which anything of her is dated."""

    subject: str
    cohort: str
    day1: date | None
    last_day: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedAdverseEvent:
    """An adverse event with cohort and study days (day of infusion is day 1).

    `is_repeated` where an earlier sheet tells the same event; it is listed and not counted.
    """

    event: AdverseEvent
    subject: str
    cohort: str
    study_day: int | None
    end_study_day: int | None
    source: Source
    is_repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedFracture:
    """A fracture with cohort and study day; `is_new` where it happened on or after day 1, `None` where not known.

    `is_repeated` where an earlier sheet tells the same fracture; it is listed and not counted.
    """

    event: Fracture
    subject: str
    cohort: str
    study_day: int | None
    is_new: bool | None
    source: Source
    is_repeated: bool = False

    @property
    def counts(self) -> bool:
        """Whether it is one fracture more: told for the first time, and not judged to be none."""
        return not self.is_repeated and self.event.confirmed is not False


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStatus:
    """Whether a biopsy had a double label, a single one only or none, by envelope; `unknown` where nothing tells."""

    subject: str
    visit: str
    day: date | None
    envelope: str
    status: Literal["double", "single", "none", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowNote:
    """A note or refusal on a row of a table, a value or a person: nothing that was said is lost."""

    subject: str
    visit: str
    paramcd: str
    problem: Problem
    source_id: str = ""
    file: str = ""
    sheet: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything of a study that the dataset is made of, placed in the trial; `last_change` is an ISO 8601 UTC time.

    `sheets` are all tables as a whole, `fracture_sheets` those of fractures, which a count of none is from;
    `n_unread_fracture_sheets` are those that gave nothing. `has_fracture_table` and `has_event_table` tell "none
    happened" from "nobody told".
    """

    protocol: Protocol
    participants: tuple[Participant, ...]
    candidates: tuple[Candidate, ...]
    adverse_events: tuple[PlacedAdverseEvent, ...] = ()
    fractures: tuple[PlacedFracture, ...] = ()
    labels: tuple[LabelStatus, ...] = ()
    notes: tuple[RowNote, ...] = ()
    reader_precision: tuple[StudyPrecision, ...] = ()
    has_fracture_table: bool = False
    has_event_table: bool = False
    sheets: tuple[Source, ...] = ()
    fracture_sheets: tuple[Source, ...] = ()
    n_unread_fracture_sheets: int = 0
    last_change: str = ""
    audit_rows: int = 0
    audit_head: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """The outcomes dataset: `rows` in the order of subject, parameter, visit and day, and what it was gathered from."""

    gathered: Gathered
    rows: tuple[OutcomeRow, ...]
    notes: tuple[RowNote, ...]
