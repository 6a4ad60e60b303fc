from __future__ import annotations

import pickle
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from bonemetrics import errors
from bonemetrics.errors import (
    NOTES,
    BonemetricsError,
    CalibrationError,
    GeometryMismatchError,
    ReadError,
    all_error_codes,
)
from bonemetrics.quantities import CATALOGUE, Material
from bonemetrics.records import (
    Calibration,
    Measurement,
    Observation,
    Problem,
    Provenance,
    ScanResult,
    UncertaintyBudget,
    note,
)

ORIGIN = Provenance(method="test", software_version="0")


def all_kinds() -> list[type[BonemetricsError]]:
    return [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, BonemetricsError)]


def test_error__carries_its_code_across_processes():
    error = pickle.loads(pickle.dumps(ReadError("no such folder; give another path", code="not-found")))  # noqa: S301
    assert (type(error), error.code, str(error)) == (ReadError, "not-found", "no such folder; give another path")


def test_error__takes_its_only_code_by_itself_and_refuses_an_unknown_one():
    assert GeometryMismatchError("x").code == "geometry-mismatch"
    with pytest.raises(KeyError, match="has no code 'typo'"):
        CalibrationError("x", code="typo")
    with pytest.raises(KeyError, match="has no code None"):
        ReadError("x")


def test_codes__each_stands_once_in_kebab_case_and_is_explained():
    codes = [code for kind in all_kinds() for code in kind.codes] + list(NOTES)
    assert len(codes) == len(set(codes))
    for code, meaning in {**all_error_codes(), **NOTES}.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
        assert len(meaning) > 10


def _library() -> str:
    own = Path(errors.__file__).parent
    files = [path for path in own.parent.rglob("*.py") if path.parent != own]
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


def test_codes__every_documented_code_is_raised_somewhere():
    text = _library()
    alone = {code for kind in all_kinds() if len(kind.codes) == 1 for code in kind.codes}
    assert [code for code in {**NOTES, **all_error_codes()} if code not in alone and f'"{code}"' not in text] == []


def test_codes__every_note_that_is_raised_is_documented():
    raised = set(re.findall(r'\bnote\(\s*"([^"]+)"', _library()))
    assert len(raised) > 10
    assert raised - set(NOTES) == set()


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_catalogue__every_quantity_is_whole(code):
    quantity = CATALOGUE[code]
    assert quantity.code == code
    assert quantity.name
    # The parameter of a protocol states the unit of these two.
    assert bool(quantity.unit) == (code not in ("Lab", "Score"))
    assert quantity.definition
    assert quantity.source
    assert quantity.needs_material == (quantity.unit == "mg/cm3")


def test_measurement__does_not_exist_without_unit_material_and_provenance():
    whole = Measurement(quantity="Tb.vBMD", value=-12.5, region="trabecular", material=Material.HA, provenance=ORIGIN)
    assert (whole.unit, whole.value) == ("mg/cm3", -12.5)
    with pytest.raises(ValidationError, match="needs a material"):
        Measurement(quantity="Tb.vBMD", value=1.0, region="trabecular", provenance=ORIGIN)
    with pytest.raises(ValidationError, match="only densities have one"):
        Measurement(quantity="Tb.Ar", value=1.0, region="trabecular", material=Material.HA, provenance=ORIGIN)
    with pytest.raises(ValidationError, match="not in the catalogue"):
        Measurement(quantity="BMD", value=1.0, region="trabecular", provenance=ORIGIN)
    with pytest.raises(ValidationError, match="provenance"):
        Measurement.model_validate({"quantity": "Tb.Ar", "value": 1.0, "region": "trabecular"})
    with pytest.raises(ValidationError, match="finite"):
        Measurement(quantity="Tb.Ar", value=float("nan"), region="trabecular", provenance=ORIGIN)


def test_uncertainty_budget__is_combined_as_the_root_of_squares():
    # 2, 3 and 6: 4 + 9 + 36 = 49.
    assert UncertaintyBudget(calibration=2.0, noise=3.0, contour=6.0).combined == pytest.approx(7.0)


def test_calibration__uncertainty_of_a_density_worked_by_hand():
    # Slope 0.8 and intercept -8: 152 mg/cm³ is seen at 200 HU. u² = 200²·1e-6 + 2·200·(-1e-4) + 0.09 = 0.09.
    calibration = Calibration(
        method="given", slope=0.8, intercept=-8.0, material=Material.HA, covariance=((1e-6, -1e-4), (-1e-4, 0.09))
    )
    assert calibration.uncertainty_at(152.0) == pytest.approx(0.3)


def test_calibration__refuses_a_density_that_falls_with_hu():
    with pytest.raises(ValidationError, match="falls with HU"):
        Calibration(method="given", slope=-0.8, intercept=0.0, material=Material.HA)


def test_problem__only_documented_codes():
    assert note("partial-volume", "thin").severity == "note"
    with pytest.raises(ValidationError, match="not a documented note"):
        note("not-found", "a refusal's code is no note")
    with pytest.raises(ValidationError, match="not a documented refusal"):
        Problem(code="partial-volume", severity="refusal", message="x")


def test_scan_result__a_refused_scan_has_no_numbers():
    refusal = Problem(code="no-bone", severity="refusal", message="x")
    area = Measurement(quantity="Tb.Ar", value=1.0, region="trabecular", provenance=ORIGIN)
    assert ScanResult(kind="ct-series", problems=(refusal,)).refusal == refusal
    with pytest.raises(ValidationError, match="no measurements"):
        ScanResult(kind="ct-series", problems=(refusal,), measurements=(area,))


def test_observation__below_detection_may_leave_its_limit_open_but_not_say_a_limit_alone():
    told = {"kind": "laboratory", "subject": "W-1", "quantity": "P1NP", "unit": "ng/mL", "site": "serum"}
    found = Observation(**told, text="BLQ", censored="below")
    assert (found.value, found.limit, found.text) == (None, None, "BLQ")
    with pytest.raises(ValidationError, match="only a censored value has a limit"):
        Observation(**told, value=3.0, limit=5.0)
