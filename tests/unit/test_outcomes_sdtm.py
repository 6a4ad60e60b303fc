"""SDTM-like domains of gathered values."""

from __future__ import annotations

from datetime import date

from bonemetrics.outcomes.rows import Candidate, Gathered, Participant, PlacedAdverseEvent, Source
from bonemetrics.outcomes.sdtm import sdtm_tables, terms
from bonemetrics.quantities import CATALOGUE
from bonemetrics.records import AdverseEvent, Visit
from bonemetrics.study.protocol import parse_protocol

PROTOCOL = """
[study]
id = "CSM"
[[parameters]]
paramcd = "HBVTV"
param = "BV/TV"
quantity = "BV/TV"
region = "cancellous"
[[parameters]]
paramcd = "EQ5DIDX"
param = "EQ-5D index"
quantity = "EQ-5D-index"
version = "5L"
value_set = "Spain VT"
"""


def value(kind, quantity, number, unit, **facts):
    told = {"site": "radius", "region": "", "side": "", "paramcds": (), "day": date(2016, 3, 2), "study_day": 12}
    told |= {"visit": Visit(name="Month 1", number=1.0), "subject": "S-2", "cohort": "A"}
    source = Source(source_id=facts.pop("source_id", "abc"), kind=kind, input_sha256="0" * 64)
    return Candidate(kind=kind, quantity=quantity, value=number, unit=unit, source=source, **(told | facts))


def domains(*values, events=()):
    gathered = Gathered(
        protocol=parse_protocol(PROTOCOL),
        participants=(Participant(subject="S-2", cohort="A", day1=None, last_day=None),),
        candidates=values,
        adverse_events=events,
    )
    return {
        table.name: [dict(zip([one.name for one in table.columns], row, strict=True)) for row in table.rows]
        for table in sdtm_tables(gathered)
    }


def test_sdtm__bone_density_has_the_published_term_with_method_place_and_unit():
    dxa = value("dxa", "aBMD", 0.871, "g/cm2", site="hip", region="neck", side="left")
    qct = value("qct", "Tb.vBMD", 143.5, "mg/cm3", region="trabecular", side="right", material="HA")
    found = domains(dxa, qct)
    one, other = found["mk"]
    assert (one["MKTESTCD"], one["MKMETHOD"], one["MKLOC"], one["MKLAT"]) == ("BMD", "DXA SCAN", "HIP JOINT", "LEFT")
    assert (one["MKSTRESN"], one["MKSTRESU"], one["MKDTC"], one["MKDY"]) == (0.871, "g/cm2", "2016-03-02", 12)
    # 143.5 mg/cm3 are 143.5 g/L.
    assert (other["MKTESTCD"], other["MKMETHOD"], other["MKSTRESN"], other["MKSTRESU"]) == (
        "BMD",
        "CT SCAN",
        143.5,
        "g/L",
    )
    assert [row["MKSEQ"] for row in found["mk"]] == [1, 2]
    # What tells the four vertebrae of one scan apart stands in the row itself.
    assert (one["MKSCAT"], other["MKSCAT"]) == ("neck", "trabecular")
    facts = {(row["IDVARVAL"], row["QNAM"]): row["QVAL"] for row in found["suppmk"]}
    assert (facts["1", "QUANTITY"], facts["2", "QUANTITY"]) == ("aBMD", "Tb.vBMD")
    assert facts["2", "MATERIAL"] == "HA"


def test_sdtm__a_result_below_detection_is_text_without_a_number():
    low = value("laboratory", "RANKL", None, "pmol/L", text="<0.12", given="<0.12", given_unit="pmol/l", site="serum")
    (row,) = domains(low)["lb"]
    assert (row["LBTESTCD"], row["LBORRES"], row["LBSTRESC"], row["LBSTRESN"]) == ("RANKL", "<0.12", "<0.12", None)
    assert (row["LBORRESU"], row["LBSTRESU"]) == ("pmol/l", "pmol/L")


def test_sdtm__original_units_stand_beside_converted_ones():
    marker = value("laboratory", "BALP", 12.5, "ug/L", given="12.5", given_unit="ng/mL", site="serum")
    (row,) = domains(marker)["lb"]
    assert (row["LBTESTCD"], row["LBORRESU"], row["LBSTRESU"], row["LBSTRESN"]) == ("ALPBS", "ng/mL", "ug/L", 12.5)


def test_sdtm__what_no_codelist_has_is_an_extension_under_the_paramcd():
    biopsy = value("histomorphometry", "BV/TV", 15.0, "%", site="iliac-crest", region="cancellous", paramcds=("HBVTV",))
    found = domains(biopsy)
    assert (found["mk"][0]["MKTESTCD"], found["mk"][0]["MKLOC"]) == ("HBVTV", "ILIAC CREST")
    assert {row["QNAM"]: row["QVAL"] for row in found["suppmk"]}["EXTENDED"] == "Y"


def test_sdtm__the_scale_of_eq5d_has_the_term_of_its_version():
    (row,) = domains(value("eq5d", "EQ-VAS", 61.0, "1", site="patient-reported"))["qs"]
    assert (row["QSTESTCD"], row["QSCAT"], row["QSSTRESU"]) == ("EQ5D0206", "EQ-5D-5L", None)


def test_sdtm__a_value_scored_by_another_version_has_the_term_of_that_version():
    (row,) = domains(value("eq5d", "EQ-VAS", 61.0, "1", site="patient-reported", scale="3L Spain TTO"))["qs"]
    assert (row["QSTESTCD"], row["QSCAT"]) == ("EQ5D0106", "EQ-5D-3L")


def test_sdtm__answers_stand_before_the_score_that_was_computed_of_them():
    index = value("eq5d", "EQ-5D-index", 0.887, "1", scale="3L Spain TTO", answers=(1, 1, 1, 2, 1), given="11121")
    disability = value("oswestry", "ODI", 40.0, "%", answers=(2, None, 3, 1, 2, 2, 2, 2, 2, 2), study_day=13)
    rows = domains(index, disability)["qs"]
    items = {row["QSTESTCD"]: (row["QSTEST"], row["QSORRES"], row["QSSTRESN"]) for row in rows}
    assert items["EQ5D0104"] == ("EQ5D01-Pain/Discomfort", "2", 2.0)
    assert items["EQ5D0105"] == ("EQ5D01-Anxiety/Depression", "1", 1.0)
    assert items["ODI0103"] == ("ODI01-Section 3", "3", 3.0)
    # A section that was not answered is no row.
    assert "ODI0102" not in items
    assert len(rows) == 5 + 1 + 9 + 1
    assert {row["QSCAT"] for row in rows} == {"EQ-5D-3L", "ODI V2.1A"}


def test_sdtm__every_questionnaire_has_a_category():
    pain = value("vas", "Pain-VAS", 4.5, "1", site="patient-reported")
    disability = value("oswestry", "ODI", 32.0, "%", site="patient-reported")
    assert {row["QSCAT"] for row in domains(pain, disability)["qs"]} == {"PAIN VAS", "ODI V2.1A"}


def test_sdtm__an_event_that_nobody_called_serious_or_not_stays_open():
    event = AdverseEvent(kind="adverse-events", subject="S-2", term="Fever", day=date(2016, 2, 20), line=3)
    source = Source(source_id="t1:3", kind="adverse-events", input_sha256="0" * 64)
    placed = PlacedAdverseEvent(event=event, subject="S-2", cohort="A", study_day=1, end_study_day=None, source=source)
    found = domains(events=(placed,))
    assert (found["ae"][0]["AETERM"], found["ae"][0]["AESER"], found["ae"][0]["AESTDY"]) == ("Fever", None, 1)
    assert found["suppae"][0]["QVAL"] == "t1:3"
    assert "mk" not in found


def test_terms__names_of_the_catalogue_fit_without_being_cut():
    names = [name for _, name in (*terms._MK.values(), *terms._LB.values())]
    # Densities of QCT have the published name of BMD.
    named = ("Tb.vBMD", *terms.NAMED_BY_THE_PROTOCOL)
    names += [entry.name for code, entry in CATALOGUE.items() if code not in named]
    assert [name for name in names if len(name) > 40] == []
