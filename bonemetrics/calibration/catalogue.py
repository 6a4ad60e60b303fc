"""Built-in phantoms: what a cited source gives of each, and no more.

Rod densities belong to one serial number. These stand in where the user has no certificate, and a calibration made
with them says so. The source gives neither diameters nor places nor uncertainties, so none is stated here.

References
----------
Bone Imaging Laboratory, University of Calgary: Ogo, function `get_phantom` in `ogo/util/Helper.py`,
https://github.com/Bonelab/Ogo, commit a7e74fcb7586aadfaaabf167a34c443a098edae2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

from bonemetrics.errors import CalibrationError
from bonemetrics.quantities import Material
from bonemetrics.records import Phantom, Rod

_SOURCE = "github.com/Bonelab/Ogo a7e74fc, ogo/util/Helper.py get_phantom"


def _phantom(
    name: str,
    serial: str,
    material: Material,
    densities: Sequence[float],
    waters: Sequence[float | None] = (),
    formula: Literal["linear", "mindways"] = "linear",
) -> Phantom:
    rods = tuple(
        Rod(name=letter, density=density, water=water)
        for letter, density, water in zip("ABCDEF", densities, waters or [None] * len(densities), strict=False)
    )
    return Phantom(name=name, serial=serial, material=material, rods=rods, formula=formula, source=_SOURCE)


_ALL = (
    _phantom(
        "Mindways Model 3 CT",
        "4541A, 4560",
        Material.K2HPO4,
        (-51.83, -53.40, 58.88, 157.05, 375.83),
        (1012.25, 1056.95, 1103.57, 1119.52, 923.20),
        "mindways",
    ),
    _phantom(
        "Mindways Model 3 QA",
        "4408",
        Material.K2HPO4,
        (58.88, -53.40, 157.05, 157.13),
        (1103.57, 1056.95, 1119.52, 1120.10),
        "mindways",
    ),
    _phantom("QRM-BDC 3-rod", "BDC-71", Material.HA, (100.0, 400.0, 800.0)),
    _phantom("QRM-BDC 6-rod", "BDC-106", Material.HA, (0.0, 100.0, 200.0, 400.0, 600.0, 800.0)),
    _phantom("Image Analysis QCT-3D Plus", "G2730", Material.HA, (8.0, 97.3, 189.8)),
    _phantom("B-MAS 200", "", Material.HA, (0.0, 50.0, 100.0, 150.0, 200.0)),
    _phantom("Siemens-Osteo", "", Material.HA, (0.0, 200.0)),
)

PHANTOMS: Mapping[str, Phantom] = MappingProxyType({phantom.name: phantom for phantom in _ALL})
"""Built-in phantoms by name. The source calls the scale of the last five CHA, which is HA."""


def phantom_named(name: str, phantoms: Sequence[Phantom] = ()) -> Phantom:
    """The phantom of a name: of those given (the protocol's), else of the catalogue.

    Case, blanks and punctuation do not count, the serial number serves as a name, and the beginning of a name is
    enough where only one phantom begins so.

    Raises
    ------
    CalibrationError
        `unknown-phantom`, or `phantom-ambiguous` where several answer to the name.
    """
    wanted = _plain(name)
    for group in (tuple(phantoms), _ALL):
        for answers in (_is_named, _begins):
            found = [phantom for phantom in group if wanted and answers(phantom, wanted)]
            if len(found) == 1:
                return found[0]
            if found:
                raise CalibrationError(
                    f"{len(found)} phantoms answer to {name[:40]!r}: {', '.join(map(_label, found))}; "
                    "write the whole name or the serial number",
                    code="phantom-ambiguous",
                )
    known = ", ".join(phantom.name for phantom in (*phantoms, *_ALL))
    raise CalibrationError(f"no phantom {name[:40]!r}; known are {known}", code="unknown-phantom")


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _is_named(phantom: Phantom, wanted: str) -> bool:
    return wanted in {_plain(phantom.name), _plain(phantom.serial), _plain(phantom.name + phantom.serial)}


def _begins(phantom: Phantom, wanted: str) -> bool:
    return _plain(phantom.name).startswith(wanted)


def _label(phantom: Phantom) -> str:
    return f"{phantom.name} ({phantom.serial})" if phantom.serial else phantom.name
