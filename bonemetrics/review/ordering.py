"""In which order a reader goes through a study: pairs, hidden repeats, and an order by chance that stays the same."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from bonemetrics.review.blinding import CaseFacts, keyed_fraction
from bonemetrics.review.task_states import TaskKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """What is read together: one scan, or the two of a pair with their letters A and B.

    `name` stands for it where its pseudonym and its place are made.
    """

    kind: TaskKind
    members: tuple[CaseFacts, ...]
    name: str
    is_pair: bool = False

    @property
    def lettered(self) -> tuple[tuple[CaseFacts, str], ...]:
        """Members with their letters, which are empty for one scan alone."""
        return (
            tuple(zip(self.members, "AB", strict=False)) if self.is_pair else tuple((one, "") for one in self.members)
        )


def single(kind: TaskKind, facts: CaseFacts) -> Block:
    """A block of one scan."""
    return Block(kind=kind, members=(facts,), name=f"{kind} {facts.scan_id}")


def blocks_of(scans: Iterable[CaseFacts], key: bytes, *, pairs: bool) -> list[Block]:
    """First looks at scans, those of one arm of a person two by two where they are read in pairs.

    Which of three visits stays alone is left to chance too, so that it does not tell which one it is.
    """
    if not pairs:
        return [single("read", one) for one in scans]
    arms: dict[tuple[str, str], list[CaseFacts]] = {}
    for one in scans:
        arms.setdefault((one.subject or one.scan_id, one.side), []).append(one)
    found: list[Block] = []
    for members in arms.values():
        mixed = sorted(members, key=lambda one: keyed_fraction(key, f"pair\n{one.scan_id}"))
        twos = [mixed[start : start + 2] for start in range(0, len(mixed), 2)]
        found += [_pair("read", two, key) if len(two) == 2 else single("read", two[0]) for two in twos]
    return found


def repeat_of(block: Block, key: bytes) -> Block:
    """The second look at a block; letters of a pair are drawn anew."""
    if block.is_pair:
        return _pair("repeat", block.members, key)
    return single("repeat", block.members[0])


def _pair(kind: TaskKind, members: Sequence[CaseFacts], key: bytes) -> Block:
    mixed = sorted(members, key=lambda one: keyed_fraction(key, f"letter\n{kind}\n{one.scan_id}"))
    name = f"{kind} {' '.join(sorted(one.scan_id for one in members))}"
    return Block(kind=kind, members=tuple(mixed), name=name, is_pair=True)


def in_order(blocks: Iterable[Block], key: bytes, *, is_blinded: bool) -> list[Block]:
    """A random order that the key settles where anything is hidden; else by person and date."""
    if is_blinded:
        return sorted(blocks, key=lambda block: keyed_fraction(key, f"order\n{block.name}"))
    return sorted(blocks, key=lambda block: min(_by_date(one) for one in block.members))


def _by_date(facts: CaseFacts) -> tuple[bool, str, str, str]:
    day = facts.day.isoformat() if facts.day is not None else "9999"
    return not facts.subject, facts.subject, day, facts.scan_id


def with_repeats(
    blocks: Sequence[Block],
    key: bytes,
    *,
    percent: float,
    is_readable: Callable[[Block], bool],
    repeated: Collection[str],
) -> list[Block]:
    """Put second looks between first ones, each later than its first and never next to it.

    Parameters
    ----------
    blocks
        First looks in their order.
    key
        Settles which scans come twice, and where.
    percent
        Of the scans, rounded up.
    is_readable
        Whether a block can be read at all; the others come once.
    repeated
        Scans that have had their second look; they keep it.
    """
    readable = [place for place, block in enumerate(blocks) if is_readable(block)]
    chosen = _chosen(blocks, readable, key, percent=percent, repeated=repeated)
    placed: list[tuple[float, float, Block]] = [(float(place), 0.0, block) for place, block in enumerate(blocks)]
    for place in chosen:
        block = repeat_of(blocks[place], key)
        later = [other for other in readable if other > place] or [len(blocks)]
        slot = later[int(keyed_fraction(key, f"slot\n{block.name}") * len(later))]
        placed.append((slot + 0.5, keyed_fraction(key, f"order\n{block.name}"), block))
    return [block for _, _, block in sorted(placed, key=lambda one: one[:2])]


def _chosen(
    blocks: Sequence[Block], readable: Sequence[int], key: bytes, *, percent: float, repeated: Collection[str]
) -> list[int]:
    kept = [place for place in readable if any(one.scan_id in repeated for one in blocks[place].members)]
    # Behind the last one there is no place that is not next to it.
    free = [place for place in readable[:-1] if place not in kept]
    free.sort(key=lambda place: keyed_fraction(key, f"chosen\n{blocks[place].name}"))
    missing = math.ceil(sum(len(blocks[place].members) for place in readable) * percent / 100 - 1e-9)
    missing -= sum(len(blocks[place].members) for place in kept)
    for place in free:
        if missing <= 0:
            break
        kept.append(place)
        missing -= len(blocks[place].members)
    return kept
