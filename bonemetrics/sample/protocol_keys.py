"""Every key that `study.toml` knows, with an example and what it means: the comments of the sample's protocol."""

from __future__ import annotations

from collections.abc import Mapping

KEYS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "[study]": {
        "id": ('"STUDY"', "stands in every table as STUDYID"),
        "title": ('"…"', ""),
        "subjects": ('"subjects.csv"', "participants: subject, cohort, day1, patient_ids, forearm_length_mm"),
        "database": ('"sqlite"', "or a PostgreSQL URL"),
    },
    "[[cohorts]]": {"code": ('"2M"', "as in the subjects table"), "title": ('"…"', "")},
    "[[visits]]": {
        "name": ('"Month 6"', "AVISIT"),
        "number": ("6", "AVISITN"),
        "target_day": ("183", "study day; the day of infusion is day 1, the day before it day -1"),
        "window": ("[140, 226]", "first and last study day"),
        "windows": ("{ dxa = [130, 240] }", "windows of single kinds of data in its place"),
        "baseline": ("true", "changes are counted from this visit"),
    },
    "[[parameters]]": {
        "paramcd": ('"RADTBD"', "PARAMCD, eight characters at most"),
        "param": ('"…"', "PARAM"),
        "quantity": ('"Tb.vBMD"', "code in the catalogue"),
        "site": ('"radius"', "left out where the quantity has one site only"),
        "region": ('"trabecular"', "or the DXA region, or the envelope of a biopsy, or the test of a Lab value"),
        "side": ('"left"', "left, right or mean"),
        "unit": ('"mg/cm3"', "UCUM"),
        "benefit": ('"up"', "direction of a good change: up or down"),
        "version": ('"3L"', "of the EQ-5D: 3L or 5L"),
        "value_set": ('"Spain TTO"', "of the EQ-5D index"),
        "percent_change": ("true", "of a Lab or Score: whether a per cent change of it has a meaning"),
    },
    "[[precision]]": {
        "paramcd": ('"RADTBD"', "one of [[parameters]]"),
        "scanner": ('"3012"', "serial number; without it, all scanners"),
        "lsc": ("3.1", "least significant change in the parameter's unit"),
        "lsc_percent": ("20.0", "or in per cent of the baseline"),
        "repeats": ("[[182.1, 183.0], [171.5, 170.2]]", "or the measurements it follows from, a row per person"),
    },
    "[[phantoms]]": {
        "name": ('"…"', ""),
        "serial": ('"…"', ""),
        "material": ('"HA"', "HA, K2HPO4 or Stratec"),
        "formula": ('"linear"', "or mindways"),
        "source": ('"certificate"', "where the densities stand"),
        "rods": ("[{ density = 100.0 }, { density = 400.0 }]", "also density_uncertainty, and water for mindways"),
    },
    "[region]": {
        "rule": ('"whole"', "whole, slices, offset-mm or percent, counted from the distal end"),
        "first": ("0", "slices: the first, 0 the most distal"),
        "last": ("110", "slices: the last"),
        "offset_mm": ("9.0", "offset-mm: where the region begins"),
        "length_mm": ("10.2", "offset-mm, percent: how long it is"),
        "percent": ("4.0", "percent of the forearm's length"),
        "reference": ('"scan-end"', "or bone-end: what offsets count from"),
        "distal": ('"head"', "or feet: where the hand lies, if no tag says so"),
        "side": ('"left"', "of all scans, if no tag says so"),
    },
    "[reading]": {
        "deshear": ("false", "true: move tilted or sheared slices into line"),
        "allow_lossy": ("false", "true: measure lossy-compressed pixels"),
    },
    "[tissue]": {
        "placement": ('"model"', "contours from a model of the blurred cortex; or threshold"),
        "threshold": ("320.0", "mg/cm3, inner contour of the threshold method"),
        "periosteal_threshold": ("450.0", "mg/cm3, outer contour of the threshold method"),
    },
    "[density]": {"edge": ('"extrapolated"', "free of blur at the edges; or plain")},
    "[dxa]": {
        "dates": ('"mdy"', "order of day and month where a date leaves it open"),
        "postmenopausal": ("true", "of all participants"),
        "vertebra_t_difference": ("1.0", "a vertebra further from its neighbours is not evaluable"),
        "excluded_vertebrae": ('{ CSM-03 = ["L2"] }', "by a reader, by study ID"),
        "code_names": ('{ "SCAN_MODE 10" = "array" }', "what a scanner's codes mean here"),
    },
    "[[references]]": {
        "name": ('"…"', "a reference population for T- and Z-scores"),
        "source": ('"…"', ""),
        "site": ('"hip"', ""),
        "region": ('"total-hip"', ""),
        "sex": ('"F"', "left out: everybody"),
        "ethnicity": ('"…"', "left out: everybody"),
        "method": ('"…"', "of the scanner"),
        "age_young": ("30.0", "where the T-score is taken"),
        "printed": ('["…"]', "as reports name it"),
        "models": ('["…"]', "of scanners that use it"),
        "points": ("[{ age_years = 25, mean = 0.95, sd = 0.12 }]", "g/cm2; with power, those of an LMS curve"),
    },
    "[[calibrations]]": {
        "scanner": ('"CT-551"', "serial number"),
        "date": ("2016-04-03", "of the phantom's scan"),
        "slope": ("0.80", "mg/cm3 per HU"),
        "intercept": ("-4.0", "mg/cm3"),
        "material": ('"HA"', ""),
        "covariance": ("[[1e-6, 0.0], [0.0, 0.25]]", "of slope and intercept"),
        "valid_days": ("180", "before and after the date"),
        "kvp": ("120.0", "left out: any tube voltage"),
    },
    "[[tables]]": {
        "file": ('"lab*.csv"', "pattern of file names"),
        "kind": (
            '"laboratory"',
            "or vas, oswestry, eq5d, adverse-events, fractures, histomorphometry",
        ),
        "sheet": ('"Sheet1"', "of a workbook"),
        "header_row": ("1", "line of the header, if it is not found"),
        "delimiter": ('";"', "if it is not found"),
        "encoding": ('"cp1252"', "if it is not UTF-8"),
        "decimal": ('","', "mark of decimals, point or comma"),
        "dates": ('"dmy"', "order of day, month and year"),
        "columns": ('{ date = "Fecha" }', "headers by role, where they do not say it"),
        "fixed": ('{ unit = "ng/mL" }', "what holds for every row where no column says it"),
        "tests": ('{ "N-telopeptide" = "NTX" }', "names of tests in the sheet"),
        "units": ('{ P1NP = "ng/mL" }', "of columns or tests that state none"),
        "where": ('{ ANL01FL = "Y" }', "only these rows are read"),
    },
    "[[conversions]]": {
        "quantity": ('"OPG"', "units are converted by such a rule and by nothing else"),
        "unit": ('"pg/mL"', "a value in this unit"),
        "factor": ("0.05", "times this is one in the quantity's unit"),
        "source": ('"leaflet of the kit"', "where the factor stands"),
    },
    "[histomorphometry]": {
        "factor": ('"isotropic"', "from section to space: isotropic, iliac or stated"),
        "width_to_thickness": ("0.7854", "stated: widths times this are thicknesses"),
        "perimeter_to_surface": ("1.2732", "stated: perimeters times this are surfaces"),
        "osteoid_perimeter": ('"one-sided"', "or outline"),
        "single_label": ('"missing"', "no apposition rate from single labels; floor: mar_floor_um_per_d, flagged"),
        "mar_floor_um_per_d": ("0.3", "um/d"),
        "floor_observed": ("false", "true: smaller observed rates are lifted to it"),
        "labelling_confirmed": ("true", "all took their labels, so that none seen is none formed"),
        "minimum_tissue_area_mm2": ("30.0", "less is noted"),
        "double_entry": ('"refuse"', "what stands where two entries differ: refuse, mean or first"),
        "entry_tolerance": ("0.0", "relative difference that counts as agreement"),
        "reader_cv_percent": ('{ "O.Pm" = 5.0 }', "by measurement, for the uncertainty of indices"),
        "limits": ('{ "BV/TV" = [3.0, 40.0] }', "soft ranges in place of the built-in ones"),
    },
    "[clinical]": {"oswestry_most_missing": ("1", "of ten sections")},
    "[analysis]": {
        "choose": ('"nearest"', "of several values of a visit: nearest, first, last, mean or flagged"),
        "baseline": ('"baseline-visit"', "or last-before day 1, or flagged by the source"),
        "reviewed_only": ("false", "true: only scans that a reader accepted"),
        "accepted": ('["accept", "accepted", "accept-with-edit"]', "verdicts that count as accepted"),
        "exclude_notes": ('["blurred-edges"]', "values with these notes are not analysed"),
        "responder_percent": ("3.0", "a response beside the least significant change"),
        "relations": ('[["HACF", "P1NP"]]', "pairs whose relation is looked at"),
    },
    "[review]": {
        "readers": ('["Ana", "Luis"]', "who may read; without it, anybody"),
        "adjudicators": ('["Carmen"]', "who settles what two readers see differently"),
        "readings": ("1", "readers of each scan: 1 or 2"),
        "blind": ('["visit", "date", "arm", "subject", "other-readers"]', "what a reader does not see"),
        "pairs": ("false", "true: two visits of a person side by side as A and B, in random order"),
        "repeat_percent": ("0.0", "of the scans come up twice, for the agreement of a reader with herself"),
        "palm": ('"anterior"', "where the palm faces; names palmar, dorsal, radial and ulnar beside the picture"),
        "consequence": ('"after-verdict"', "when an edit shows what it does to the numbers; at-once, never"),
        "claim_minutes": ("30.0", "a claim on a scan ends after so long without a sign of life"),
        "seed": ("0", "settles every random order"),
    },
}
"""By table: key, example, comment."""


def explained(head: str, given: Mapping[str, str]) -> str:
    """A table in which each key is explained; one that is not given stands as a comment.

    Parameters
    ----------
    head
        Header of the table, one of `KEYS`.
    given
        TOML texts by key.

    Raises
    ------
    KeyError
        For a key that `KEYS` does not explain.
    """
    known = KEYS[head]
    strange = set(given) - set(known)
    if strange:
        raise KeyError(f"{head} explains no {', '.join(sorted(strange))}")
    lines = [head]
    for key, (example, comment) in known.items():
        line = f"{key} = {given[key]}" if key in given else f"# {key} = {example}"
        lines.append(f"{line}  # {comment}" if comment else line)
    return "\n".join(lines) + "\n"


def unused(head: str) -> str:
    """A whole table as a comment."""
    lines = explained(head, {}).splitlines()
    return "\n".join([f"# {lines[0]}", *lines[1:]]) + "\n"
