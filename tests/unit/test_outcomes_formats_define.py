"""Define-XML 2.1: loads in odmlib, holds to its checks and to the schema of the standard, and says what there is."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import odmlib.define_loader as define_loader
import odmlib.loader as loader
import pytest
import xmlschema
from odmlib.define_2_1.rules.metadata_schema import MetadataSchema
from odmlib.oid_generator import create_oid_checker
from odmlib.schema_manager import get_schema_path

from bonemetrics.outcomes.formats.dataset_json import write_dataset_json
from bonemetrics.outcomes.formats.define_xml import write_define
from bonemetrics.outcomes.table import Table
from tests.format_tables import FACTS, PARAMETERS, a_trial, column

ODM, DEF = "{http://www.cdisc.org/ns/odm/v1.3}", "{http://www.cdisc.org/ns/def/v2.1}"
XLINK = "{http://www.w3.org/1999/xlink}"


@pytest.fixture(scope="module")
def schema():
    return xmlschema.XMLSchema(get_schema_path("define", "2.1"))


def odmlib_root(path):
    found = loader.ODMLoader(
        define_loader.XMLDefineLoader(model_package="define_2_1", ns_uri="http://www.cdisc.org/ns/def/v2.1")
    )
    found.open_odm_document(str(path))
    return found.root()


def sdtm_tables() -> tuple[Table, ...]:
    mk = (
        column("STUDYID", "text"),
        column("USUBJID", "text"),
        column("MKSEQ", "integer"),
        column("MKSTRESN", "number"),
    )
    supp = tuple(
        column(name, "text") for name in ("STUDYID", "RDOMAIN", "USUBJID", "IDVAR", "IDVARVAL", "QNAM", "QVAL")
    )
    return (
        Table(name="mk", columns=mk, rows=[("S", "P001", 1, 2.5)]),
        Table(name="suppmk", columns=supp, rows=[("S", "MK", "P001", "MKSEQ", "1", "SRCID", "a1")]),
    )


def check(path, schema) -> None:
    root = odmlib_root(path)
    errors = root.validate(
        collect_errors=True, oid_checker=create_oid_checker("define_2_1"), conformance_checker=MetadataSchema()
    )
    assert errors == []
    checker = create_oid_checker("define_2_1")
    assert root.verify_oids(checker)
    assert root.unreferenced_oids(checker) == {}
    assert [error.reason for error in schema.iter_errors(str(path))] == []


@pytest.mark.parametrize("parameters", [PARAMETERS, ()])
def test_define__of_a_trial_is_valid(tmp_path, schema, parameters):
    check(write_define(a_trial(), parameters, tmp_path / "define.xml", facts=FACTS), schema)


def test_define__of_sdtm_is_valid(tmp_path, schema):
    path = write_define(sdtm_tables(), PARAMETERS, tmp_path / "define.xml", facts=FACTS)
    check(path, schema)
    groups = {one.get("Name"): one for one in ET.parse(path).iter(f"{ODM}ItemGroupDef")}  # noqa: S314
    assert {name: one.get("Domain") for name, one in groups.items()} == {"MK": "MK", "SUPPMK": "MK"}
    assert {one.get("Purpose") for one in groups.values()} == {"Tabulation"}
    classes = {name: one.find(f"{DEF}Class").get("Name") for name, one in groups.items()}
    assert classes == {"MK": "FINDINGS", "SUPPMK": "RELATIONSHIP"}


def test_checks__would_have_found_a_fault(tmp_path, schema):
    path = write_define(a_trial(), PARAMETERS, tmp_path / "define.xml", facts=FACTS)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('MethodOID="MT.OUTCOMES_LONG.CHG"', 'MethodOID="MT.NONE"'), encoding="utf-8")
    found = odmlib_root(path).validate(collect_errors=True, oid_checker=create_oid_checker("define_2_1"))
    assert any("MT.NONE" in str(error) for error in found)
    path.write_text(text.replace('Repeating="Yes"', 'Repeating="Maybe"', 1), encoding="utf-8")
    assert list(schema.iter_errors(str(path)))


@pytest.fixture
def tree(tmp_path):
    path = write_define(a_trial(), PARAMETERS, tmp_path / "define.xml", facts=FACTS)
    return ET.parse(path).getroot()  # noqa: S314


def test_root__has_the_time_of_the_last_change_and_the_software(tree):
    assert tree.get("CreationDateTime") == "2018-05-04T03:02:01Z"
    assert (tree.get("SourceSystem"), tree.get("SourceSystemVersion")) == ("bonemetrics", "1.2.3")
    version = tree.find(f".//{ODM}MetaDataVersion")
    assert version.get(f"{DEF}DefineVersion") == "2.1.0"
    assert "c" * 64 in version.get("Description")
    assert tree.find(f".//{ODM}StudyName").text == "CSM-OP-2011"


def test_tables__have_names_keys_and_files(tree):
    groups = {one.get("OID"): one for one in tree.iter(f"{ODM}ItemGroupDef")}
    assert list(groups) == ["IG.OUTCOMES_LONG", "IG.OUTCOMES_WIDE", "IG.ADVERSE_EVENTS", "IG.FRACTURES"]
    long = groups["IG.OUTCOMES_LONG"]
    assert long.get("SASDatasetName") == "OUTLONG"
    assert long.find(f"{DEF}leaf").get(f"{XLINK}href") == "outcomes_long.xpt"
    assert long.find(f"{DEF}Class").get("Name") == "BASIC DATA STRUCTURE"
    keys = {one.get("ItemOID").split(".")[-1]: one.get("KeySequence") for one in long.iter(f"{ODM}ItemRef")}
    assert [name for name, key in keys.items() if key] == ["STUDYID", "USUBJID", "AVISITN", "ADT", "PARAMCD", "SRCID"]
    assert keys["PARAMCD"] == "3"


def test_columns__have_type_label_short_name_and_meaning(tree):
    items = {one.get("OID"): one for one in tree.iter(f"{ODM}ItemDef")}
    change = items["IT.OUTCOMES_WIDE.RADTBD_PCHG"]
    assert (change.get("Name"), change.get("SASFieldName"), change.get("DataType")) == (
        "RADTBD_PCHG",
        "RADTBD_P",
        "float",
    )
    day = items["IT.OUTCOMES_LONG.ADT"]
    assert (day.get("DataType"), day.get(f"{DEF}DisplayFormat")) == ("date", "DATE9.")
    assert items["IT.OUTCOMES_LONG.ADY"].get("DataType") == "integer"
    assert items["IT.OUTCOMES_LONG.AVISIT"].get("Length") == "8"
    value = items["IT.OUTCOMES_LONG.AVAL"]
    assert value.find(f"{ODM}Description/{ODM}TranslatedText").text == "Analysis Value"
    comments = {one.get("OID"): one.find(f".//{ODM}TranslatedText").text for one in tree.iter(f"{DEF}CommentDef")}
    assert comments[value.get(f"{DEF}CommentOID")].startswith("The number in the unit beside it")


def test_derived_columns__have_a_method_and_others_none(tree):
    methods = {one.get("OID"): one.find(f".//{ODM}TranslatedText").text for one in tree.iter(f"{ODM}MethodDef")}
    of = {one.get("ItemOID"): one.get("MethodOID") for one in tree.iter(f"{ODM}ItemRef")}
    assert methods[of["IT.OUTCOMES_LONG.PCHG"]].startswith("CHG / |BASE| x 100; empty for scores and a zero base.")
    for name in ("CHG", "BASE", "LSC", "CRIT1FL", "CRIT2FL", "ADY", "ABLFL", "ANL01FL"):
        assert of[f"IT.OUTCOMES_LONG.{name}"] in methods
    assert of["IT.OUTCOMES_WIDE.RADTBD_CHG"] in methods
    assert of["IT.OUTCOMES_LONG.AVAL"] is None
    origins = {one.get("OID"): one.find(f"{DEF}Origin") for one in tree.iter(f"{ODM}ItemDef")}
    assert origins["IT.OUTCOMES_LONG.CHG"].get("Type") == "Derived"


def test_values__are_described_parameter_by_parameter(tree):
    values = tree.find(f".//{DEF}ValueListDef")
    references = {one.get("ItemOID"): one.find(f"{DEF}WhereClauseRef") for one in values.iter(f"{ODM}ItemRef")}
    assert list(references) == ["IT.OUTCOMES_LONG.AVAL.RADTBD", "IT.OUTCOMES_LONG.AVAL.LSBMDT"]
    clauses = {one.get("OID"): one.find(f"{ODM}RangeCheck") for one in tree.iter(f"{DEF}WhereClauseDef")}
    clause = clauses[references["IT.OUTCOMES_LONG.AVAL.LSBMDT"].get("WhereClauseOID")]
    assert clause.get(f"{DEF}ItemOID") == "IT.OUTCOMES_LONG.PARAMCD"
    assert (clause.get("Comparator"), clause.find(f"{ODM}CheckValue").text) == ("EQ", "LSBMDT")
    comments = {one.get("OID"): one.find(f".//{ODM}TranslatedText").text for one in tree.iter(f"{DEF}CommentDef")}
    text = comments["COM.IT.OUTCOMES_LONG.AVAL.RADTBD"]
    assert text.startswith("Tb.vBMD of radius, trabecular: ")
    assert "Unit: mg/cm3." in text
    assert "Unit: 1." in comments["COM.IT.OUTCOMES_LONG.AVAL.LSBMDT"]


def test_code_lists__hold_the_parameters_and_the_flags(tree):
    lists = {
        one.get("OID"): {
            item.get("CodedValue"): item.find(f".//{ODM}TranslatedText").text for item in one.iter(f"{ODM}CodeListItem")
        }
        for one in tree.iter(f"{ODM}CodeList")
    }
    assert lists["CL.PARAMCD"] == {"RADTBD": "Radius trabecular density", "LSBMDT": "Lumbar T-score"}
    assert lists["CL.NY"] == {"Y": "Yes", "N": "No"}
    assert lists["CL.Y"] == {"Y": "Yes"}
    of = {one.get("OID"): one.find(f"{ODM}CodeListRef") for one in tree.iter(f"{ODM}ItemDef")}
    assert of["IT.OUTCOMES_LONG.ABLFL"].get("CodeListOID") == "CL.Y"
    assert of["IT.FRACTURES.FXLAT"].get("CodeListOID") == "CL.SIDE"


def test_dataset_json__refers_to_oids_that_are_there(tmp_path, tree):
    import json

    oids = {one.get("OID") for one in tree.iter()}
    for table in a_trial():
        path = write_dataset_json(table, tmp_path / f"{table.name}.json", facts=FACTS)
        found = json.loads(path.read_text(encoding="utf-8"))
        assert {found["studyOID"], found["metaDataVersionOID"], found["itemGroupOID"]} <= oids
        assert {one["itemOID"] for one in found["columns"]} <= oids


def test_text__that_xml_cannot_hold_is_replaced_and_marks_are_escaped(tmp_path, schema):
    columns = (column("A", "text", "<&>\x01 \"'"),)
    path = write_define([Table(name="t", columns=columns, rows=[])], (), tmp_path / "define.xml", facts=FACTS)
    check(path, schema)
    item = next(ET.parse(path).iter(f"{ODM}ItemDef"))  # noqa: S314
    assert item.find(f".//{ODM}TranslatedText").text == "<&>\ufffd \"'"


def test_bytes__do_not_depend_on_what_odmlib_read_before(tmp_path):
    before = write_define(a_trial(), PARAMETERS, tmp_path / "a.xml", facts=FACTS).read_bytes()
    import odmlib.ns_registry as registry

    kept = registry.NamespaceRegistry().snapshot()
    try:
        registry.NamespaceRegistry(prefix="def", uri="http://www.cdisc.org/ns/def/v2.0")
        assert write_define(a_trial(), PARAMETERS, tmp_path / "b.xml", facts=FACTS).read_bytes() == before
    finally:
        registry.NamespaceRegistry(prefix="def", uri=kept["namespaces"]["def"])


def test_file_references__follow_the_ending_that_is_told(tmp_path):
    path = write_define(a_trial(), (), tmp_path / "define.xml", facts=FACTS, ending="json")
    hrefs = [one.get(f"{XLINK}href") for one in ET.parse(path).iter(f"{DEF}leaf")]  # noqa: S314
    assert hrefs[0] == "outcomes_long.json"
