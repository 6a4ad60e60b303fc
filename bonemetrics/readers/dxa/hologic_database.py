"""Databases of Hologic scanners: PatScan.mdb with every analysed scan, Reference.mdb with the reference curves.

All numbers are stored in full precision, and are given so. A scan is known by patient key, scan ID and serial number
together. What was never analysed, and phantoms, are counted; results of no known meaning are named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from bonemetrics.errors import ReadError
from bonemetrics.readers.dxa.hologic_database_codes import KEY_COLUMNS, OTHER_TABLES, TABLE_NAMES, WANTED
from bonemetrics.readers.dxa.hologic_database_curves import curves_in
from bonemetrics.readers.dxa.hologic_database_pages import SIGNATURES
from bonemetrics.readers.dxa.hologic_database_report import Scan, ScanKey, report_of_scan, site_of_scan
from bonemetrics.readers.dxa.hologic_database_results import has_results
from bonemetrics.readers.dxa.hologic_database_tables import Row, Tables, read_tables
from bonemetrics.readers.dxa.hologic_database_values import moment_in, text_in
from bonemetrics.readers.dxa.source import Source
from bonemetrics.records import DxaReading, Problem, RawDxaReport, ReferenceCurve, Route, note, refusal

ROUTE: Route = "hologic-database"

_REFERENCES = "Reference.mdb"
_OLDEST = datetime.min


def recognises(_name: str, start: bytes) -> bool:
    """Whether a file begins as databases of Microsoft Access do."""
    return start.startswith(SIGNATURES)


def read(source: Source) -> DxaReading:
    """Read a database of scans, with the Reference.mdb beside it where there is one, or a Reference.mdb alone.

    Parameters
    ----------
    source
        The file's bytes; `sibling` is asked for `Reference.mdb`.

    Returns
    -------
    DxaReading
        One report for every analysed scan of a person, and the reference curves.

    Raises
    ------
    ReadError
        `no-dxa-results` for a database of something else; and as `Pages` and `read_tables` say.
    """
    tables = read_tables(source.data, WANTED)
    if "REFERENCECURVE" in tables:
        curves, problems = curves_in(tables)
    else:
        curves, problems = _curves_beside(source)
    if "SCANANALYSIS" not in tables:
        if "REFERENCECURVE" not in tables:
            raise ReadError("a database without the tables of a Hologic scanner", code="no-dxa-results")
        return DxaReading(curves=curves, problems=(*_miscounts(tables), *problems))
    found = _Database(tables)
    return DxaReading(
        reports=tuple(found.reports), curves=curves, problems=(*_miscounts(tables), *found.problems(), *problems)
    )


def _curves_beside(source: Source) -> tuple[tuple[ReferenceCurve, ...], tuple[Problem, ...]]:
    try:
        data = source.sibling(_REFERENCES)
        if data is None:
            return (), ()
        tables = read_tables(data, {name: WANTED[name] for name in ("REFERENCECURVE", "POINTS")})
    except ReadError as error:
        return (), (note("reference-unreadable", f"{_REFERENCES} beside the database: {error.message}"),)
    if "REFERENCECURVE" not in tables:
        return (), (note("reference-unreadable", f"{_REFERENCES} beside the database holds no curves"),)
    curves, problems = curves_in(tables)
    return curves, (*_miscounts(tables), *problems)


def _miscounts(tables: Tables) -> tuple[Problem, ...]:
    return tuple(
        note("row-count-differs", f"table {TABLE_NAMES.get(name, name)} holds another number of rows than it says")
        for name in tables.miscounted
    )


class _Database:
    """Goes through the scans once; counts what it passes over."""

    def __init__(self, tables: Tables) -> None:
        self.reports: list[RawDxaReport] = []
        self._passed: Counter[str] = Counter()
        self._refused: list[Problem] = []
        self._patients = _patients(tables["PATIENT"])
        self._results = {table: _by_scan(tables[table]) for table in WANTED if _is_result_table(table)}
        scans = _by_scan(tables["SCANANALYSIS"])
        owners = Counter(key[1:] for key in scans)
        for key, analyses in scans.items():
            repeated = len(analyses) > 1 or owners[key[1:]] > 1
            self._add(Scan(key, _newest(analyses), self._rows_of(key), _repeated(analyses) if repeated else ()))
        known = set(scans)
        self._orphans = sum(key not in known for found in self._results.values() for key in found)

    def _rows_of(self, key: ScanKey) -> dict[str, list[Row]]:
        return {table: found[key] for table, found in self._results.items() if key in found}

    def _add(self, scan: Scan) -> None:
        patient = self._patients.get(scan.key[0], {})
        if scan.analysis.get("QC_SCAN") or text_in(patient, "PHANTOM_ID"):
            self._passed["phantom-scans-skipped"] += 1
            return
        try:
            site = site_of_scan(scan)
            if site:
                self.reports.append(report_of_scan(scan, site, patient))
                return
        except ReadError as error:
            self._refused.append(refusal(error))
            return
        drawn = any(has_results(row) for row in scan.results.get("SUBREGIONBONE", []))
        is_other = drawn or any(table in scan.results for table in OTHER_TABLES)
        self._passed["other-records" if is_other else "scans-without-results"] += 1

    def problems(self) -> tuple[Problem, ...]:
        """What is to be said of the database as a whole."""
        texts = {
            "phantom-scans-skipped": "scans of a phantom, passed over: {}",
            "scans-without-results": "scans without results, passed over: {}",
            "other-records": "scans that hold only results other than area, BMC and BMD of known regions: {}",
        }
        notes = [note(code, text.format(self._passed[code])) for code, text in texts.items() if self._passed[code]]
        if self._orphans:
            notes.append(
                note("other-records", f"rows of results that belong to no scan of the database: {self._orphans}")
            )
        return (*notes, *self._refused)


def _is_result_table(table: str) -> bool:
    return table in TABLE_NAMES or table in OTHER_TABLES


def _text_key(row: Row, column: str) -> str:
    value = row.get(column)
    return value if isinstance(value, str) else ""


def _patients(rows: tuple[Row, ...]) -> dict[str, Row]:
    """Patients by key; a key of two different people leaves open whose its scans are."""
    found: dict[str, Row] = {}
    for row in rows:
        key = _text_key(row, "PATIENT_KEY")
        found[key] = row if found.get(key, row) == row else {}
    return found


def _by_scan(rows: tuple[Row, ...]) -> dict[ScanKey, list[Row]]:
    found: dict[ScanKey, list[Row]] = defaultdict(list)
    for row in rows:
        patient, scan, serial = (_text_key(row, column) for column in KEY_COLUMNS)
        found[patient, scan, serial].append(row)
    return dict(found)


def _newest(analyses: list[Row]) -> Row:
    return max(analyses, key=lambda row: moment_in(row, "ANALYSIS_DATE") or _OLDEST)


def _repeated(analyses: list[Row]) -> tuple[Problem, ...]:
    if len(analyses) == 1:
        return (note("scan-repeated", "the database holds the same scan under another patient too"),)
    days = sorted(str(moment_in(row, "ANALYSIS_DATE") or "no date") for row in analyses)
    return (note("scan-repeated", f"analysed {len(days)} times ({', '.join(days)}); the newest analysis stands"),)
