"""A reader's biopsies in a study: saved with drawings, opened again, independent of other readers."""

from __future__ import annotations

from datetime import date

import pytest

from bonemetrics.errors import StudyError, TableError
from bonemetrics.quantities import Material
from bonemetrics.records import HistomorphometryParameters, Measurement, Provenance
from bonemetrics.review.biopsy_form import BiopsyForm
from bonemetrics.review.biopsy_session import BiopsySession
from bonemetrics.review.radius_and_biopsy import radius_beside_biopsy
from bonemetrics.review.section_drawing import Shape
from bonemetrics.review.section_evidence import evidence_of, read_evidence
from bonemetrics.review.section_picture import SectionPicture
from bonemetrics.review.section_scale import PixelSize
from bonemetrics.study.create import init_study
from bonemetrics.study.store import Store

PROTOCOL = '[study]\nid = "S"\nsubjects = "subjects.csv"\n'
SQUARE = ((0.0, 0.0), (0.0, 100.0), (100.0, 100.0), (100.0, 0.0))


@pytest.fixture
def study(tmp_path):
    source = tmp_path / "protocol"
    source.mkdir()
    (source / "study.toml").write_text(PROTOCOL)
    (source / "subjects.csv").write_text("subject,day1\nW-1,2016-04-04\nW-2,\n")
    return init_study(tmp_path / "STUDY", source / "study.toml").root


def session(study, reader):
    return BiopsySession(Store.open(study, user=reader).reading, reader)


def filled(desk, **more):
    told = {"biopsy_date": "2016-02-19", "envelope": "cancellous", "referent": "TV", "factor": "isotropic"}
    form = desk.new("W-1")
    for key, text in {**told, "T.Ar": "40", "B.Ar": "6", **more}.items():
        form = form.with_text(key, text)
    return form


def evidence(tmp_path, sha="ab"):
    picture = SectionPicture(
        sha256=sha * 32,
        folder=tmp_path,
        levels=(),
        shape=(300, 400),
        pixel_size=PixelSize(row_um=2.0, column_um=2.0, source="ome-xml"),
    )
    return evidence_of(picture, (Shape(code="T.Ar", vertices=SQUARE, closed=True),), "KL")


def test_save__keeps_versions_and_all_drawings(study, tmp_path):
    desk = session(study, "KL")
    first = desk.save(filled(desk), [evidence(tmp_path)])
    form = BiopsyForm.from_entry(first.entry).with_text("B.Ar", "7").completed(desk.parameters)
    second = desk.save(form, [evidence(tmp_path, "cd")], first.entry_id)
    assert (second.version, second.entry.primaries["B.Ar"], second.entry.state) == (2, 7.0, "complete")
    assert len(second.drawings) == 2
    folder = Store.open(study, user="KL").folder.biopsy(second.entry_id)
    kept = [read_evidence(folder / drawing.file) for drawing in second.drawings]
    assert [one.picture_sha256[:2] for one in kept] == ["ab", "cd"]
    # 100 × 100 pixels of 4 um2.
    assert kept[0].measurements[0].value == pytest.approx(0.04)
    third = desk.save(form.with_text("comment", "seen again"), (), first.entry_id)
    assert third.drawings == second.drawings


def test_save__refuses_a_form_that_cannot_be_read_or_is_anothers(study):
    desk = session(study, "KL")
    with pytest.raises(TableError):
        desk.save(filled(desk, **{"B.Ar": "1,234"}))
    with pytest.raises(StudyError) as caught:
        desk.save(filled(desk, reader="MN"))
    assert caught.value.code == "unknown-reader"
    assert desk.own("W-1") == ()


def test_own__shows_nobody_elses_entries(study):
    one, other = session(study, "KL"), session(study, "MN")
    one.save(filled(one))
    other.save(filled(other, biopsy_date="2015-01-01"))
    other.save(filled(other))
    assert [kept.entry.reader for kept in one.own("W-1")] == ["KL"]
    assert [kept.entry.day for kept in other.own("W-1")] == [date(2015, 1, 1), date(2016, 2, 19)]


def test_unlock__needs_a_reason_and_is_for_her_own_entries(study):
    desk = session(study, "KL")
    kept = desk.save(filled(desk).locked(desk.parameters))
    with pytest.raises(StudyError):
        session(study, "MN").unlock(kept.entry_id, "mine now")
    with pytest.raises(StudyError):
        desk.unlock(kept.entry_id, " ")
    assert desk.unlock(kept.entry_id, "typing error").entry.state == "complete"


def test_pairs_of_readers__come_only_when_both_are_locked(study):
    one, other = session(study, "KL"), session(study, "MN")
    one.save(filled(one).locked(one.parameters))
    kept = other.save(filled(other))
    assert one.pairs_of_readers("W-1") == ()
    other.save(BiopsyForm.from_entry(kept.entry).locked(other.parameters), (), kept.entry_id)
    ((first, second),) = one.pairs_of_readers("W-1")
    assert {first.entry.reader, second.entry.reader} == {"KL", "MN"}


def measured(quantity, value, region, material=None):
    provenance = Provenance(method="m", parameters={}, software_version="0")
    return Measurement(quantity=quantity, value=value, region=region, material=material, provenance=provenance)


def test_radius_beside_biopsy__densities_come_first_and_nothing_is_compared(study):
    scan = (
        measured("Tb.Th", 240.0, "trabecular"),
        measured("Tb.vBMD", 181.2, "trabecular", Material.HA),
        measured("Tb.vBMD", 160.0, "central-45", Material.HA),
    )
    entry = filled(session(study, "KL"), **{"B.Pm": "100"}).to_entry()
    pairs = radius_beside_biopsy(scan, entry, HistomorphometryParameters())
    by = {pair.quantity: pair for pair in pairs}
    assert pairs[0].quantity == "Tb.vBMD"
    assert [(one.region, one.text, one.unit) for one in by["Tb.vBMD"].radius] == [
        ("trabecular", "181.2", "mg/cm3 HA"),
        ("central-45", "160", "mg/cm3 HA"),
    ]
    assert by["Tb.vBMD"].biopsy is None
    # 2000 / (4/pi × 100 / 6) = 94.25 um.
    assert (by["Tb.Th"].biopsy.text, by["Tb.Th"].biopsy.unit) == ("94.25", "um")
    assert (by["BV/TV"].radius, by["BV/TV"].biopsy.text) == ((), "15")
    # Microstructure of the scan stands in one row with that of the biopsy, in the unit of the catalogue.
    assert [(one.region, one.text, one.unit) for one in by["Tb.Th"].radius] == [("trabecular", "240", "um")]
    # Whatever follows from the section is shown, and nothing that was measured in it: 100 x 6 / 40 = 15 % bone, and
    # 4/pi x 100 / 40 = 3.183 mm2/mm3 of surface.
    assert by["BS/TV"].biopsy.text == "3.183"
    assert not {"T.Ar", "B.Ar", "B.Pm"} & set(by)
    assert [pair.biopsy for pair in radius_beside_biopsy(scan, None, HistomorphometryParameters())] == [None, None]
