from __future__ import annotations

import importlib.util
import re
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


def test_decisions__are_numbered_without_gaps_and_listed():
    folder = ROOT / "docs" / "decisions"
    names = sorted(path.name for path in folder.glob("0*.md"))
    assert [name[:4] for name in names] == [f"{number:04}" for number in range(1, len(names) + 1)]
    assert re.findall(r"\]\((0[^)]+)\)", (folder / "README.md").read_text(encoding="utf-8")) == names
    for name in names:
        first = (folder / name).read_text(encoding="utf-8").splitlines()[0]
        assert re.fullmatch(rf"{name[:4]}  .+\s{{2,}}\d{{4}}-\d\d-\d\d   (accepted|superseded by \d{{4}})", first)
