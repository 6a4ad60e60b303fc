"""Methods and definitions: what each parameter is, where its least significant change is from, and every rule."""

from __future__ import annotations

from bonemetrics.outcomes.report.page import Block, Listing, Section, Text
from bonemetrics.outcomes.report.tables import ReportTable, TableRow, columns
from bonemetrics.outcomes.rows import Dataset
from bonemetrics.outcomes.wording import MISSING, listed, number, plural, pretty_unit, with_unit
from bonemetrics.quantities import CATALOGUE
from bonemetrics.study.protocol import Protocol
from bonemetrics.study.protocol_tables import ParameterTable, PrecisionTable

_BENEFIT = {"up": "increase", "down": "decrease", None: "not stated"}
_CHOICES = {
    "nearest": "the one nearest to the target day of the visit (the earlier of two as near)",
    "first": "the first of the visit",
    "last": "the last of the visit",
    "mean": "the mean of all of the visit",
    "flagged": "the one that its source flags for analysis (ANL01FL)",
}
_BASELINES = {
    "baseline-visit": "the record of the baseline visit",
    "last-before": "the last record on or before the day of infusion",
    "flagged": "the record that its source flags as baseline (ABLFL)",
}
_FACTORS = {
    "isotropic": "π/4 from width to thickness and 4/π from perimeter to surface (isotropic)",
    "iliac": "1/1.2 from width to thickness and 1.2 from perimeter to surface (iliac practice)",
    "stated": "the factors stated in the protocol",
    None: "as stated with each biopsy",
}


def methods(dataset: Dataset) -> Section:
    """Definitions of parameters and the rules by which values count."""
    protocol = dataset.gathered.protocol
    blocks: list[Block] = [_parameter_table(protocol), _visit_table(protocol)]
    blocks = [block for block in blocks if not isinstance(block, ReportTable) or block.rows]
    return Section(
        anchor="methods",
        title="Methods and definitions",
        new_page=True,
        blocks=(*blocks, Listing(rules(protocol)), Text("SD is the sample standard deviation (n − 1).", "small")),
    )


def _parameter_table(protocol: Protocol) -> ReportTable:
    rows = tuple(
        TableRow(
            (
                one.paramcd,
                one.param,
                f"{one.quantity}: {CATALOGUE[one.quantity].definition}",
                ", ".join(part for part in (one.site, one.side, one.region) if part),
                pretty_unit(one.own_unit) or "no unit",
                _BENEFIT[one.benefit],
                lsc_in_words(one, protocol),
            )
        )
        for one in protocol.parameters
    )
    head = columns(
        "Code", "Parameter", "Quantity", "Place", "Unit", "Benefit", "Least significant change", numeric_from=9
    )
    return ReportTable(caption="Parameters", columns=head, rows=rows)


def lsc_in_words(parameter: ParameterTable, protocol: Protocol) -> str:
    """The least significant change of a parameter by scanner, and what it is taken from."""
    own = [one for one in protocol.precision if one.paramcd == parameter.paramcd]
    return "; ".join(_one_lsc(one, parameter) for one in own) or "none stated, so no change is judged"


def _one_lsc(one: PrecisionTable, parameter: ParameterTable) -> str:
    where = f" on scanner {one.scanner}" if one.scanner else ""
    if one.lsc is not None:
        return with_unit(f"{one.lsc:g}", pretty_unit(parameter.own_unit)) + where
    if one.lsc_percent is not None:
        return f"{one.lsc_percent:g} % of baseline{where}"
    people = len(one.repeats or ())
    return f"2.77 × precision error from repeats of {plural(people, 'person', 'people')}{where}"


def _visit_table(protocol: Protocol) -> ReportTable:
    rows = []
    for visit in protocol.visits:
        windows = {"all data": visit.window} if visit.window else {}
        windows |= {str(kind): window for kind, window in visit.windows.items()}
        told = "; ".join(f"{kind}: {_day(first)} to {_day(last)}" for kind, (first, last) in windows.items())
        target = _day(visit.target_day) if visit.target_day is not None else MISSING
        rows.append(TableRow((visit.name, target, told, "yes" if visit.baseline else "")))
    head = columns("Visit", "Target day", "Window (study days)", "Baseline", numeric_from=9)
    remark = "The day of infusion is study day 1, the day before it is −1; there is no day 0."
    return ReportTable(caption="Visits", columns=head, rows=tuple(rows), remark=remark, compact=True)


def _day(day: int) -> str:
    return number(float(day), 0)


def rules(protocol: Protocol) -> tuple[str, ...]:
    """The rules that decide which values count and how they are computed, one sentence each."""
    analysis, biopsy = protocol.analysis, protocol.histomorphometry
    said = [
        f"Where a visit has several records of a parameter, the one that counts is {_CHOICES[analysis.choose]}.",
        f"Baseline is {_BASELINES[analysis.baseline]}.",
        "Change is value less baseline. Per cent change is change over the absolute baseline; it is given for "
        "quantities on a ratio scale only, never for scores such as T-scores or questionnaires.",
        "The least significant change is that of the scanner of baseline and follow-up; where they differ, or where "
        "no precision is stated, no change is judged.",
        "Missing values stay missing: nothing is carried forward or filled in.",
    ]
    if analysis.reviewed_only:
        said.append(f"Scans count only when a reader's verdict is {listed(analysis.accepted)}.")
    if analysis.exclude_notes:
        said.append(f"Values with these notes are not analysed: {listed(analysis.exclude_notes)}.")
    wanted = {one.quantity for one in protocol.parameters}
    if any(CATALOGUE[quantity].site == "iliac-crest" for quantity in wanted):
        said += _biopsy_rules(protocol)
    if "ODI" in wanted:
        said.append(
            f"The Oswestry index allows {protocol.clinical.oswestry_most_missing} of ten sections to be missing."
        )
    said += [
        f"{one.paramcd}: EQ-5D-{one.version}, value set {one.value_set}."
        for one in protocol.parameters
        if one.quantity == "EQ-5D-index" and one.version and one.value_set
    ]
    if biopsy.floor_observed:
        said.append(f"Observed apposition rates below {biopsy.mar_floor_um_per_d:g} µm/day are lifted to it and noted.")
    return tuple(said)


def _biopsy_rules(protocol: Protocol) -> list[str]:
    biopsy = protocol.histomorphometry
    said = [f"Histomorphometry follows the ASBMR nomenclature; from section to space: {_FACTORS[biopsy.factor]}."]
    if biopsy.single_label == "floor":
        floor = f"{biopsy.mar_floor_um_per_d:g} µm/day"
        said.append(f"In biopsies with single labels only, MAR is set to {floor}; such values are marked as imputed.")
    elif biopsy.single_label == "censored":
        floor = f"{biopsy.mar_floor_um_per_d:g} µm/day"
        said.append(f"In biopsies with single labels only, MAR is known to lie below {floor}, and counts as censored.")
    else:
        said.append("In biopsies with single labels only, MAR and what follows from it are missing, not zero.")
    said.append(
        "Without any label, formation is zero only where labelling is confirmed; otherwise dynamic indices are missing."
    )
    return said
