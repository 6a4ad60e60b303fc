"""The tables of `study.toml`, each a frozen and strict record."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from bonemetrics.anatomy import SITES, SPINE, is_region
from bonemetrics.quantities import CATALOGUE, canonical_code
from bonemetrics.records import ENVELOPES, Finite, MeasuredSide, Record, TableMap
from bonemetrics.study.nearest import suggestion

DataKind = Literal[
    "qct",
    "dxa",
    "histomorphometry",
    "laboratory",
    "eq5d",
    "oswestry",
    "vas",
    "adverse-events",
    "fractures",
]
"""Kinds of data that may have visit windows of their own."""
Name = Annotated[str, Field(min_length=1, max_length=200)]


def _study_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", text):
        raise ValueError("letters, digits, '.', '_' and '-' only, 64 at most, a letter or digit first")
    return text


def _paramcd(text: str) -> str:
    if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,7}", text):
        raise ValueError("capitals, digits and '_' only, 8 at most, a letter first")
    return text


StudyId = Annotated[str, AfterValidator(_study_id)]
"""An ID that is safe in tables, paths and messages."""
StudyDay = int
Scalar = bool | int | float | str
Window = tuple[StudyDay, StudyDay]
REGIONS = ("total", "trabecular", "cortical", "central-45")
"""Regions of a radius, beside `label-N` of a given mask."""
DXA_QUANTITIES = frozenset({"aBMD", "BMC", "Area", "T-score", "Z-score"})


class StudyTable(Record):
    """[study]: what the study is called, where its subjects stand and where its records are kept."""

    id: StudyId = "STUDY"
    title: str = ""
    subjects: Name | None = None
    database: Name = Field(default="sqlite", repr=False)

    @field_validator("database")
    @classmethod
    def _is_supported(cls, url: str) -> str:
        if url != "sqlite" and not url.startswith("postgresql+psycopg://"):
            raise ValueError("write 'sqlite' or a URL that begins with 'postgresql+psycopg://'")
        return url


class CohortTable(Record):
    """One of [[cohorts]]."""

    code: StudyId
    title: str = ""


class VisitTable(Record):
    """One of [[visits]]: days are CDISC study days, day 1 is the infusion and there is no day 0.

    `windows` holds, by kind of data, windows that stand instead of `window`.
    """

    name: Name
    number: Finite | None = None
    target_day: StudyDay | None = None
    window: Window | None = None
    windows: dict[DataKind, Window] = Field(default={})
    baseline: bool = False

    def window_for(self, kind: str) -> Window | None:
        """First and last study day for this kind of data, both included, or `None` where the visit has none."""
        return next((window for own, window in self.windows.items() if own == kind), self.window)

    @model_validator(mode="after")
    def _days_exist(self) -> VisitTable:
        if self.window is None and not self.windows:
            raise ValueError("a visit needs a 'window' of two study days, for example window = [320, 410]")
        named = {"window": self.window, **{f"windows.{kind}": window for kind, window in self.windows.items()}}
        for key, window in named.items():
            if window is None:
                continue
            if 0 in window or self.target_day == 0:
                raise ValueError("there is no study day 0: the day of infusion is day 1, the day before it is day -1")
            if window[0] > window[1]:
                raise ValueError(f"'{key}' [{window[0]}, {window[1]}] ends before it begins")
            if self.target_day is not None and not window[0] <= self.target_day <= window[1]:
                raise ValueError(f"'target_day' {self.target_day} lies outside '{key}' [{window[0]}, {window[1]}]")
        return self


_OPEN = ("Lab", "Score")
"""Quantities whose test or item the study names, and of which it alone knows the scale."""


class ParameterTable(Record):
    """One of [[parameters]]: a quantity of one place under its code in the outcomes dataset.

    A quantity that has numbers from one place only, such as a serum marker, needs no `site`.
    """

    paramcd: Annotated[str, AfterValidator(_paramcd)]
    param: Name
    quantity: str
    site: Name = ""
    region: Name | None = None
    side: MeasuredSide | None = None
    unit: str | None = None
    benefit: Literal["up", "down"] | None = None
    version: Literal["3L", "5L"] | None = None
    value_set: Name | None = None
    percent_change: bool | None = None

    @field_validator("quantity")
    @classmethod
    def _is_in_the_catalogue(cls, text: str) -> str:
        code = canonical_code(text)
        if code is None:
            raise ValueError(f"{text!r} is not in the catalogue of quantities{suggestion(text, CATALOGUE)}")
        return code

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, given: object) -> object:
        """The site of a quantity that has only one; NTX in per cent is a quantity of its own."""
        if not isinstance(given, dict) or not isinstance(given.get("quantity"), str):
            return given
        code = canonical_code(given["quantity"])
        if code == "NTX" and given.get("unit") == "%":
            code = "NTX%"
        if code is None:
            return given
        return {**given, "quantity": code, "site": given.get("site") or CATALOGUE[code].site or "radius"}

    @property
    def own_unit(self) -> str:
        """Unit of its values: the catalogue's, or the stated one where the catalogue leaves it open."""
        return CATALOGUE[self.quantity].unit or self.unit or ""

    @property
    def has_percent_change(self) -> bool:
        """Whether a per cent change of it has a meaning: as the study says of its own test, else the catalogue."""
        return CATALOGUE[self.quantity].ratio_scale if self.percent_change is None else self.percent_change

    @model_validator(mode="after")
    def _percent_change_is_open(self) -> ParameterTable:
        if self.percent_change is not None and self.quantity not in _OPEN:
            raise ValueError(f"'percent_change' belongs to Lab and Score; of {self.quantity} the catalogue decides")
        return self

    @model_validator(mode="after")
    def _place_is_known(self) -> ParameterTable:
        own = CATALOGUE[self.quantity].site
        if self.quantity in DXA_QUANTITIES:
            _require_dxa_place(self.site, self.region)
        elif own == "iliac-crest":
            if self.region not in ENVELOPES:
                raise ValueError(f"a biopsy's parameter needs its envelope as 'region': {', '.join(ENVELOPES)}")
        elif own:
            _require_test(self.quantity, self.region)
        elif self.region is not None and not (
            self.region in REGIONS or re.fullmatch(r"label-[1-9][0-9]*", self.region)
        ):
            raise ValueError(f"'region' {self.region!r} is none; known are {', '.join(REGIONS)} and label-N")
        return self

    @model_validator(mode="after")
    def _value_set_is_complete(self) -> ParameterTable:
        if self.quantity != "EQ-5D-index" and (self.version or self.value_set):
            raise ValueError("'version' and 'value_set' belong to the EQ-5D index")
        return self

    @model_validator(mode="after")
    def _unit_matches(self) -> ParameterTable:
        unit = CATALOGUE[self.quantity].unit
        if not unit and not self.unit:
            raise ValueError(f"a parameter of {self.quantity} states its 'unit'")
        if unit and self.unit is not None and self.unit != unit:
            raise ValueError(f"'unit' is {self.unit!r}, but {self.quantity} is in {unit!r}")
        return self


def _require_test(quantity: str, region: str | None) -> None:
    if quantity in _OPEN and region is None:
        raise ValueError(f"a parameter of {quantity} needs the test or item as its 'region'")
    if quantity not in _OPEN and region is not None:
        raise ValueError(f"{quantity} has no regions; leave 'region' out")


def _require_dxa_place(site: str, region: str | None) -> None:
    if site not in SITES:
        raise ValueError(f"'site' {site!r} is none of DXA; known are {', '.join(SITES)}{suggestion(site, SITES)}")
    if region is None:
        raise ValueError("a DXA parameter needs its 'region', for example region = 'L1-L4'")
    if not is_region(site, region):
        known = "every combination of vertebrae, such as L1-L4" if site == SPINE else ", ".join(SITES[site])
        raise ValueError(f"'region' {region!r} is none of the {site}; known are {known}")


class PrecisionTable(Record):
    """One of [[precision]]: the least significant change of a parameter, or the repeats it is computed from.

    `repeats` holds one row per person, in the unit of the parameter.
    """

    paramcd: str
    scanner: str | None = None
    lsc: Finite | None = Field(default=None, gt=0)
    lsc_percent: Finite | None = Field(default=None, gt=0)
    repeats: tuple[tuple[Finite, ...], ...] | None = None

    @model_validator(mode="after")
    def _has_one_source(self) -> PrecisionTable:
        given = [name for name in ("lsc", "lsc_percent", "repeats") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of 'lsc', 'lsc_percent' and 'repeats' is needed, found {len(given)}")
        if self.repeats is not None and (not self.repeats or min(map(len, self.repeats)) < 2):
            raise ValueError("'repeats' needs at least two measurements of every person")
        return self


class ClinicalTable(TableMap):
    """One of [[tables]]: which files hold a clinical or histomorphometry table, and which column is what.

    `file` is a pattern of file names, or of the ends of paths, such as `lab*.csv` or `lab/2016/*.xlsx`.
    """

    file: Name
