from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])


def test_codes_page__lists_what_the_library_defines():
    spec = importlib.util.spec_from_file_location("make_codes", ROOT / "docs" / "make_codes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs" / "codes.md").read_text(encoding="utf-8") == module.page(), "run python docs/make_codes.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_docs__every_link_within_the_project_leads_somewhere(page):
    links = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
    missing = [link for link in links if not (page.parent / link).exists()]
    assert missing == []


def test_study_toml_page__its_example_is_a_valid_protocol(tmp_path):
    from bonemetrics.study.protocol import load_protocol

    (example,) = re.findall(
        r"```toml\n(.*?)```", (ROOT / "docs" / "study-toml.md").read_text(encoding="utf-8"), re.DOTALL
    )
    (tmp_path / "study.toml").write_text(example, encoding="utf-8")
    (tmp_path / "subjects.csv").write_text("subject,cohort,day1,patient_ids\nCSM-01,2M,2016-04-03,A1;A2\n")
    protocol = load_protocol(tmp_path)
    assert protocol.study.id == "CSM-OP-2011"
    assert protocol.subjects[0].patient_ids == ("A1", "A2")


def keys_by_table():
    """What docs/study-toml.md says of each table: default by key."""
    _, _, part = (ROOT / "docs" / "study-toml.md").read_text(encoding="utf-8").partition("## Every key")
    tables = {}
    for block in part.split("\n### ")[1:]:
        head, _, body = block.partition("\n")
        tables[head] = dict(re.findall(r"^\| `([^`]+)` \| (.+?) \| .*\|$", body, re.MULTILINE))
    return tables


def records_by_table():
    """Every record that a `study.toml` can hold, under the heading of the page."""
    from bonemetrics.records import Rod
    from bonemetrics.records.dxa import CurvePoint
    from bonemetrics.segmentation.parameters import TissueParameters
    from bonemetrics.study.protocol import OWN_FIELDS, Protocol

    found = {
        "`rods` of `[[phantoms]]`": Rod,
        "`points` of `[[references]]`": CurvePoint,
        "`[tissue]`": TissueParameters,
    }
    for name, field in Protocol.model_fields.items():
        if name in (*OWN_FIELDS, "tissue"):
            continue
        several = getattr(field.annotation, "__args__", ())
        found[f"`[[{name}]]`" if several else f"`[{name}]`"] = several[0] if several else field.annotation
    return found


RECORDS = records_by_table()


def test_study_toml_page__describes_every_table():
    assert set(keys_by_table()) == set(RECORDS)


@pytest.mark.parametrize("head", RECORDS)
def test_study_toml_page__describes_every_key_with_its_default(head):
    told, fields = keys_by_table()[head], RECORDS[head].model_fields
    assert set(told) == set(fields)
    for key, field in fields.items():
        shown = told[key].strip("`")
        if (head, key) == ("`rods` of `[[phantoms]]`", "name"):
            assert shown == "–"  # rods are numbered where they have no name
        elif field.is_required():
            assert shown == "needed", key
        elif field.default in (None, "", (), {}):
            assert shown == "–", key
        else:
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            assert tomllib.loads(f"told = {shown}")["told"] == default, key


def test_decisions__are_numbered_without_gaps_and_listed():
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("0*.md"))
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert re.findall(r"\]\((0[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8")) == names
    for name in names:
        first = (folder / name).read_text(encoding="utf-8").splitlines()[0]
        assert re.fullmatch(rf"{name[:4]}  .+\s{{2,}}\d{{4}}-\d\d-\d\d   (accepted|superseded by \d{{4}})", first)
