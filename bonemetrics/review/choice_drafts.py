"""An adjudicator's choices that are not settled yet, kept so that they come back with both masks in the same order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bonemetrics.review.disagreement import Choice
from bonemetrics.review.drafts import read_sealed, write_sealed

KIND = "choices"
"""Kind of draft in the name of its file; see `drafts.draft_file`."""
_MAGIC = b"bonemetrics choices 1\n"
_DAMAGED = "the choices that were not settled are damaged and were set aside; choose again"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceDraft:
    """Hashes of the masks that were shown as A and B, at how many places they differ, and who was taken at which.

    `choices` are by the number of the place, which follows from the masks alone. `active_s` is the adjudicator's time
    until then.
    """

    mask_a: str
    mask_b: str
    n_places: int
    choices: Mapping[int, Choice]
    active_s: float = 0.0

    def is_of(self, mask: str, other: str) -> bool:
        """Whether it is of these two masks, in either order."""
        return sorted((self.mask_a, self.mask_b)) == sorted((mask, other))


def write_choices(path: Path, draft: ChoiceDraft) -> None:
    """Keep choices in place of those before; when this returns they are on the disk."""
    told = {
        "mask_a": draft.mask_a,
        "mask_b": draft.mask_b,
        "n_places": draft.n_places,
        "choices": sorted(draft.choices.items()),
        "active_s": draft.active_s,
    }
    write_sealed(path, _MAGIC, json.dumps(told).encode())


def read_choices(path: Path) -> ChoiceDraft | None:
    """The choices that were kept last; `None` where there are none.

    Raises
    ------
    ReviewError
        `draft-set-aside` where the file is damaged; it is then moved out of the way, not removed.
    """
    content = read_sealed(path, _MAGIC, damaged=_DAMAGED)
    if content is None:
        return None
    told = json.loads(content)
    return ChoiceDraft(
        mask_a=told["mask_a"],
        mask_b=told["mask_b"],
        n_places=told["n_places"],
        choices=dict(told["choices"]),
        active_s=told["active_s"],
    )
