"""Records of DXA: cells as a source gave them, reports as a study keeps them, and reference curves."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import ConfigDict, Field, JsonValue, model_validator

from bonemetrics.records.base import Finite, Problem, Record

Route = Literal[
    "hologic-database",
    "hologic-p-file",
    "hologic-r-file",
    "hologic-xml",
    "hologic-image-analysis",
    "dicom-sr",
    "lunar-text",
    "fhir",
    "nhanes",
    "csv",
    "pdf",
    "xps",
    "page-image",
]
"""How a result left its scanner."""
ReportSide = Literal["left", "right", "mean"]
Trust = Literal["exact", "text", "ocr"]
"""`exact`: a binary number of full precision; `text`: characters written as such; `ocr`: read from a picture."""
Statistic = Literal["value", "mean", "difference"]
"""Of a row: a region's own numbers, the mean of left and right, or their absolute difference."""
NUMBERS = ("area", "bmc", "bmd", "t_score", "z_score")
"""Names of the cells that become numbers of a study; other names are kept as they stand."""
UNITS = {"area": "cm2", "bmc": "g", "bmd": "g/cm2", "t_score": "1", "z_score": "1"}
"""UCUM units in which a study keeps them."""


QUANTITIES = {"area": "Area", "bmc": "BMC", "bmd": "aBMD", "t_score": "T-score", "z_score": "Z-score"}
"""Their codes in the catalogue of quantities."""


class DxaCell(Record):
    """One cell of a results table as its source gives it.

    `raw` is the text exactly as it stands (for a binary number its shortest exact decimal form), `value` the number in
    `unit` (UCUM; empty where the source states none and its format defines none), or `None` for an empty or undefined
    cell (`-`, `*****`, a missing marker) and for one that could not be read; `place` is the tag, column or page box it
    was read from; `decimals` counts the digits after the point of a printed number, `None` for a binary one. `readings`
    are the texts of independent readings of a picture, `picture` names the picture of the cell kept for the reviewer.
    """

    raw: str = ""
    value: Finite | None = None
    unit: str = ""
    place: str = ""
    decimals: int | None = None
    trust: Trust = "text"
    readings: tuple[str, ...] = ()
    picture: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether the source holds no number here, rather than one that could not be read."""
        return self.value is None and not self.picture and not self.readings


class DxaRow(Record):
    """One row of a results table. `region` is of `anatomy`, `printed` as the source writes it."""

    region: str
    printed: str = ""
    side: ReportSide | None = None
    statistic: Statistic = "value"
    cells: dict[str, DxaCell] = {}

    def value(self, name: str) -> float | None:
        """Number of a cell, `None` where there is none."""
        cell = self.cells.get(name)
        return None if cell is None else cell.value


class DxaDevice(Record):
    """The densitometer and its software, as far as a source tells. `analysis_version` is that of the analysis."""

    manufacturer: str = ""
    model: str = ""
    serial: str = ""
    software: str = ""
    analysis_version: str = ""
    hardware: str = ""


class DxaPatient(Record):
    """Whom a report is about; never leaves the process that matches subjects and scores.

    `birth_date` as DICOM writes it (YYYYMMDD), empty where the source is ambiguous; `sex` is `F`, `M`, `O` or empty.
    The name is not read at all.
    """

    patient_id: str = Field(default="", repr=False)
    birth_date: str = Field(default="", repr=False)
    sex: str = Field(default="", repr=False)
    age_years: Finite | None = Field(default=None, repr=False)
    ethnicity: str = Field(default="", repr=False)
    height_cm: Finite | None = Field(default=None, repr=False)
    weight_kg: Finite | None = Field(default=None, repr=False)
    menopause_age: Finite | None = Field(default=None, repr=False)


class DxaCircumstances(Record):
    """What two scans must share to be compared, each as the source writes it; empty where it does not say."""

    scan_type: str = ""
    scan_mode: str = ""
    protocol: str = ""
    roi: str = ""
    reference: str = ""
    """The printed name of the reference population."""
    acf: Finite | None = None
    bcf: Finite | None = None
    k: Finite | None = None
    d0: Finite | None = None


class RawDxaReport(Record):
    """What a reader hands over: one report or one scan of a file, nothing judged and nothing converted.

    `key` is stable under a new reading of the same scan from the same kind of source (a UID, device serial and scan
    ID); empty where the source offers none. `included` are the vertebrae that the scanner counted into its total.
    `structure` holds results that are no areal density (hip structure), by a dotted name. `others` lists what the
    source holds and no reader knows, by type and without content. `pictures` are PNG files by name, of cells in doubt.
    """

    model_config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")  # PNG files are no UTF-8

    route: Route
    key: str = Field(default="", repr=False)
    study_uid: str = ""
    series_uid: str = ""
    instance_uid: str = ""
    scan_id: str = ""
    site: str = ""
    side: ReportSide | None = None
    device: DxaDevice = DxaDevice()
    patient: DxaPatient = Field(default=DxaPatient(), repr=False)
    scan_date: date | None = None
    analysis_date: date | None = None
    circumstances: DxaCircumstances = DxaCircumstances()
    included: tuple[str, ...] = ()
    rows: tuple[DxaRow, ...] = ()
    structure: dict[str, DxaCell] = {}
    others: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    pictures: dict[str, bytes] = Field(default={}, repr=False)


class DxaReading(Record):
    """All that one file gave: reports, reference curves, and what is to be said of the file as a whole."""

    reports: tuple[RawDxaReport, ...] = ()
    curves: tuple[ReferenceCurve, ...] = ()
    problems: tuple[Problem, ...] = ()


class DxaRegion(Record):
    """One region of a report, in g, cm² and g/cm²; `None` is a cell that is empty or was refused."""

    region: str
    side: ReportSide | None = None
    area_cm2: Finite | None = None
    bmc_g: Finite | None = None
    bmd_g_cm2: Finite | None = None
    t_score: Finite | None = None
    z_score: Finite | None = None


class DxaReport(Record):
    """A report as a study keeps it: of the person it knows the study subject only."""

    subject: str | None = None
    route: Route
    scan_id: str = ""
    site: str = ""
    side: ReportSide | None = None
    device: DxaDevice = DxaDevice()
    scan_date: date | None = None
    analysis_date: date | None = None
    circumstances: DxaCircumstances = DxaCircumstances()
    included: tuple[str, ...] = ()
    regions: tuple[DxaRegion, ...] = ()
    structure: dict[str, DxaCell] = {}
    others: tuple[str, ...] = ()
    assessment: dict[str, JsonValue] = {}
    """What the rules of the field say of it: evaluable vertebrae, T or Z, category."""


class CurvePoint(Record):
    """A reference at one age: mean (or LMS median M), SD in the unit of the curve, and the LMS power L (1: normal)."""

    age_years: Finite = Field(ge=0)
    mean: Finite = Field(gt=0)
    sd: Finite = Field(gt=0)
    power: Finite = 1.0


class ReferenceCurve(Record):
    """A named reference population for the BMD of one region, in g/cm².

    `age_young` is where the T-score is taken; `None` only where the curve has a single point, which serves T alone. An
    empty `sex` or `ethnicity` fits everybody. `printed` are texts by which reports name it, `models` the devices it is
    known to be used by (both empty: unknown).
    """

    name: str = Field(min_length=1)
    source: str
    site: str
    region: str
    sex: str = ""
    ethnicity: str = ""
    method: str = ""
    age_young: Finite | None = None
    points: tuple[CurvePoint, ...] = Field(min_length=1)
    printed: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _ages_rise(self) -> ReferenceCurve:
        ages = [point.age_years for point in self.points]
        if ages != sorted(set(ages)):
            raise ValueError("the ages of a reference curve must rise")
        return self


DxaReading.model_rebuild()
