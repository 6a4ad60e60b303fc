"""In which order a reader goes through a study: pairs, hidden repeats, and an order by chance that stays the same."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bonemetrics.review.blinding import CaseFacts, keyed_fraction
from bonemetrics.review.task_states import TaskKind
from bonemetrics.study.drawn_order import DrawnOrder, DrawnRepeat

NOTHING_DRAWN = DrawnOrder()


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


def digest_of(key: bytes) -> str:
    """What tells in the study by which key an order was drawn, without telling the key."""
    return hmac.new(key, b"drawn order", "sha256").hexdigest()


def blocks_of(
    scans: Iterable[CaseFacts],
    key: bytes,
    *,
    pairs: bool,
    drawn: DrawnOrder = NOTHING_DRAWN,
    has_judged: Callable[[str], bool] = lambda _scan_id: False,
) -> list[Block]:
    """First looks at scans, those of one arm of a person two by two where they are read in pairs.

    Which of three visits stays alone is left to chance too, so that it does not tell which one it is.

    Parameters
    ----------
    scans
        That can be read.
    key
        Settles what is drawn now.
    pairs
        Whether scans are read in pairs.
    drawn
        Pairs of before stay pairs. A scan that was alone may be paired with one that has come since.
    has_judged
        Whether the reader has judged a scan. One that she has read alone stays alone: beside a partner that still
        waits it would be known as the one that was there first.
    """
    every = list(scans)
    if not pairs:
        return [single("read", one) for one in every]
    arms: dict[tuple[str, str], list[CaseFacts]] = {}
    for one in every:
        arms.setdefault(_arm(one), []).append(one)
    partners = {one: other for pair in drawn.pairs for one, other in (pair, pair[::-1])}
    known = {one.scan_id: _arm(one) for one in every}
    found: list[Block] = []
    for members in arms.values():
        stay, free = _parted(members, partners, known, drawn, has_judged)
        mixed = sorted(free, key=lambda one: keyed_fraction(key, f"pair\n{one.scan_id}"))
        twos = [*stay, *(mixed[start : start + 2] for start in range(0, len(mixed), 2))]
        found += [_pair("read", two, key) if len(two) == 2 else single("read", two[0]) for two in twos]
    return found


def _arm(facts: CaseFacts) -> tuple[str, str]:
    return facts.subject or facts.scan_id, facts.side


def _parted(
    members: Sequence[CaseFacts],
    partners: Mapping[str, str],
    known: Mapping[str, tuple[str, str]],
    drawn: DrawnOrder,
    has_judged: Callable[[str], bool],
) -> tuple[list[list[CaseFacts]], list[CaseFacts]]:
    """Scans of one arm that stay as they were drawn, and those that may be paired now."""
    by_name = {one.scan_id: one for one in members}
    stay: list[list[CaseFacts]] = []
    free: list[CaseFacts] = []
    for name, one in by_name.items():
        other = partners.get(name)
        if other in by_name:
            if name < other:
                stay.append([one, by_name[other]])
        elif other is not None and other not in known:
            # Its partner cannot be read for now, and comes back as its partner.
            stay.append([one])
        elif other is None and name in drawn.alone and has_judged(name):
            stay.append([one])
        else:
            free.append(one)
    return stay, free


def pairs_drawn(blocks: Iterable[Block], drawn: DrawnOrder) -> tuple[tuple[str, str], ...]:
    """Pairs of before that still hold, and those of these blocks that are new."""
    now = [members_of(block) for block in blocks if block.is_pair]
    there = {name for block in blocks for name in members_of(block)}
    kept = [pair for pair in drawn.pairs if pair in now or not there.issuperset(pair)]
    return (*kept, *((one[0], one[1]) for one in now if one not in kept))


def members_of(block: Block) -> tuple[str, ...]:
    """Scans of a block, sorted."""
    return tuple(sorted(one.scan_id for one in block.members))


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
    drawn: Sequence[DrawnRepeat] = (),
) -> tuple[list[Block], tuple[DrawnRepeat, ...]]:
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
    drawn
        Second looks of before, which stay and keep their place.

    Returns
    -------
    tuple
        All looks in their order, and the second ones as they are drawn now.
    """
    readable = [place for place, block in enumerate(blocks) if is_readable(block)]
    placed: list[tuple[float, float, Block]] = [(float(place), 0.0, block) for place, block in enumerate(blocks)]
    found: list[DrawnRepeat] = []
    before = {name: one for one in drawn for name in one.members}
    for place in _chosen(blocks, readable, key, percent=percent, repeated=repeated, drawn=drawn):
        block = repeat_of(blocks[place], key)
        later = [other for other in readable if other > place] or [len(blocks)]
        known = [before[name] for name in members_of(block) if name in before]
        slot = _slot(blocks, later, known) if known else None
        if slot is None:
            slot = later[int(keyed_fraction(key, f"slot\n{block.name}") * len(later))]
        after = members_of(blocks[slot]) if slot < len(blocks) else ()
        found.append(DrawnRepeat(members=members_of(block), after=after))
        placed.append((slot + 0.5, keyed_fraction(key, f"order\n{block.name}"), block))
    return [block for _, _, block in sorted(placed, key=lambda one: one[:2])], tuple(found)


def _slot(blocks: Sequence[Block], later: Sequence[int], known: Sequence[DrawnRepeat]) -> int | None:
    """The place of the look that a second one came after when it was drawn; `None` where it cannot stand there now."""
    after = {name for one in known for name in one.after}
    return next((place for place in later if place < len(blocks) and after & set(members_of(blocks[place]))), None)


def _chosen(
    blocks: Sequence[Block],
    readable: Sequence[int],
    key: bytes,
    *,
    percent: float,
    repeated: Collection[str],
    drawn: Sequence[DrawnRepeat],
) -> list[int]:
    place_of = {name: place for place in readable for name in members_of(blocks[place])}
    names = [*repeated, *(name for one in drawn for name in one.members)]
    kept = list(dict.fromkeys(place_of[name] for name in names if name in place_of))
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
