"""Letters at the edges of a picture, by hand from DICOM's patient orientation."""

from __future__ import annotations

import numpy as np
import pytest

from bonemetrics.review.letters import EdgeLetters, Hand, direction_letters, edge_letters
from bonemetrics.volume import Geometry


def axial(*, shape=(4, 5, 6), spacing_mm=(2.0, 0.5, 0.4)):
    """The usual axial stack: rows run from right to left of the patient, columns from front to back, slices upwards."""
    affine = np.eye(4)
    affine[:3, 0] = (0.0, 0.0, spacing_mm[0])
    affine[:3, 1] = (0.0, spacing_mm[1], 0.0)
    affine[:3, 2] = (spacing_mm[2], 0.0, 0.0)
    return Geometry(shape=shape, affine_lps=affine)


@pytest.mark.parametrize(
    ("vector", "letters"),
    [
        ((3.0, 0.0, 0.0), "L"),
        ((-0.1, 0.0, 0.0), "R"),
        ((0.0, 1.0, 0.0), "P"),
        ((0.0, -1.0, 0.0), "A"),
        ((0.0, 0.0, 1.0), "H"),
        ((0.0, 0.0, -1.0), "F"),
        # 30 degrees from left towards the front: cos 30° = 0.87, sin 30° = 0.5.
        ((0.8660254, -0.5, 0.0), "LA"),
        # 10 degrees are not worth a letter: sin 10° = 0.17.
        ((0.9848078, 0.0, 0.1736482), "L"),
        ((1.0, -1.0, 1.1), "HLA"),
    ],
)
def test_direction_letters__name_the_strongest_part_first(vector, letters):
    assert direction_letters(vector) == letters


def test_direction_letters__refuse_a_vector_without_length():
    with pytest.raises(ValueError, match="length"):
        direction_letters((0.0, 0.0, 0.0))


def test_edge_letters__of_an_axial_picture_show_the_patient_from_the_feet():
    assert edge_letters(axial(), down=1, right=2) == EdgeLetters(left="R", right="L", top="A", bottom="P")


def test_edge_letters__of_a_coronal_picture_say_where_the_hand_lies():
    found = edge_letters(axial(), down=0, right=2, hand=Hand(distal_end="last"))
    assert found == EdgeLetters(left="R", right="L", top="F proximal", bottom="H distal")
    assert edge_letters(axial(), down=0, right=2, hand=Hand(distal_end="first")).top == "F distal"
    assert edge_letters(axial(), down=0, right=2).top == "F"


def test_edge_letters__follow_an_oblique_grid():
    affine = axial().affine_lps.copy()
    turned = np.deg2rad(40)
    # Columns run 40 degrees from left towards the back, rows from back towards the right.
    affine[:3, 2] = 0.4 * np.array([np.cos(turned), np.sin(turned), 0.0])
    affine[:3, 1] = 0.5 * np.array([-np.sin(turned), np.cos(turned), 0.0])
    found = edge_letters(Geometry(shape=(4, 5, 6), affine_lps=affine), down=1, right=2)
    assert found == EdgeLetters(left="RA", right="LP", top="AL", bottom="PR")


# Right arm in the anatomical position: fingers to the feet, palm forwards, and the thumb points away from the body, to
# the patient's right; of the left arm to the left. Right arm above the head, palm forwards: it points to the left.
@pytest.mark.parametrize(
    ("hand", "letters"),
    [
        (("first", "right", "anterior"), ("R radial", "L ulnar", "A palmar", "P dorsal")),
        (("first", "left", "anterior"), ("R ulnar", "L radial", "A palmar", "P dorsal")),
        (("last", "right", "anterior"), ("R ulnar", "L radial", "A palmar", "P dorsal")),
        (("first", "right", "posterior"), ("R ulnar", "L radial", "A dorsal", "P palmar")),
        # Hand on the thigh: palm to the middle, thumb forwards.
        (("first", "right", "left"), ("R dorsal", "L palmar", "A radial", "P ulnar")),
        (("first", None, "anterior"), ("R", "L", "A palmar", "P dorsal")),
        ((None, "right", "anterior"), ("R", "L", "A palmar", "P dorsal")),
        (("first", "right", None), ("R", "L", "A", "P")),
        # A palm that faces along the arm is a mistake, and names nothing.
        (("first", "right", "head"), ("R", "L", "A", "P")),
    ],
)
def test_edge_letters__name_the_directions_of_the_arm_that_sources_tell(hand, letters):
    distal_end, side, palm = hand
    found = edge_letters(axial(), down=1, right=2, hand=Hand(distal_end=distal_end, side=side, palm=palm))
    assert (found.left, found.right, found.top, found.bottom) == letters


def test_edge_letters__name_the_directions_of_the_arm_on_an_oblique_grid():
    affine = axial().affine_lps.copy()
    turned = np.deg2rad(40)
    affine[:3, 2] = 0.4 * np.array([np.cos(turned), np.sin(turned), 0.0])
    affine[:3, 1] = 0.5 * np.array([-np.sin(turned), np.cos(turned), 0.0])
    hand = Hand(distal_end="first", side="right", palm="anterior")
    found = edge_letters(Geometry(shape=(4, 5, 6), affine_lps=affine), down=1, right=2, hand=hand)
    # Columns run to LP: cos 40° = 0.77 of it away from the thumb, sin 40° = 0.64 away from the palm.
    assert (found.left, found.right) == ("RA radial palmar", "LP ulnar dorsal")
    assert (found.top, found.bottom) == ("AL palmar ulnar", "PR dorsal radial")
