"""How the list of one reader is made: what she reads, in which order, and what of it she may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bonemetrics.errors import all_error_codes
from bonemetrics.records import ReviewParameters
from bonemetrics.review.blinding import CaseFacts, Secrets, pseudonyms, secrets_of, task_key, visible_text
from bonemetrics.review.ordering import (
    NOTHING_DRAWN,
    Block,
    blocks_of,
    digest_of,
    in_order,
    members_of,
    pairs_drawn,
    repeat_of,
    single,
    with_repeats,
)
from bonemetrics.review.task_states import ReadingState, State
from bonemetrics.review.tasks import Task, Worklist
from bonemetrics.study.drawn_order import DrawnOrder, DrawnRepeat
from bonemetrics.study.placement import KIND_OF_DATA, named_visits
from bonemetrics.study.store import Store
from bonemetrics.study.stored import StoredScan

__all__ = [
    "Task",
    "Worklist",
    "adjudicates",
    "build_worklist",
    "known_facts",
    "of_a_radius",
    "reads_scans",
    "safe_text",
]


def build_worklist(
    store: Store,
    reader: str,
    *,
    session: str = "",
    now: datetime | None = None,
    scans: Sequence[StoredScan] | None = None,
    facts: Mapping[str, CaseFacts] | None = None,
) -> Worklist:
    """Make the list of one reader.

    Parameters
    ----------
    store
        The study.
    reader
        Whose list.
    session
        Her window, whose own claims keep nothing from her.
    now
        Time with its zone for claims; the computer's where left out.
    scans, facts
        `Store.scans` and `known_facts`, where they are at hand.

    Returns
    -------
    Worklist
        First looks, hidden repeats and, for adjudicators, adjudications, each with its state. Where the protocol hides
        anything the order is random by its seed and the reader; else by person and date. Scans that gave no
        segmentation are in it as `refused`, with the reason. Scans that other readers have finished are not. Pairs and
        repeats stay as they were drawn when scans are added later.
    """
    every = store.scans() if scans is None else scans
    scans = of_a_radius(every)
    maker = _Maker(
        facts=known_facts(store, reader, every) if facts is None else facts,
        state=ReadingState.of(store, scans, reader, session=session, now=now),
        key=store.reading.reader_key(reader),
        scans={scan.scan_id: scan for scan in scans},
    )
    drawn = store.reading.drawn_order(reader)
    while True:
        tasks, after = maker.tasks(drawn)
        stands = after if after == drawn else store.reading.keep_drawn(reader, drawn, after)
        if stands == after:
            return Worklist(tasks)
        # Another window of the reader has drawn meanwhile.
        drawn = stands


def reads_scans(rules: ReviewParameters, reader: str) -> bool:
    """Whether a reader has first looks of her own."""
    return reader in rules.readers or (not rules.readers and reader not in rules.adjudicators)


def adjudicates(rules: ReviewParameters, reader: str) -> bool:
    """Whether a reader settles what others differ on; anybody does where the protocol names nobody at all."""
    return reader in rules.adjudicators or not (rules.readers or rules.adjudicators)


def known_facts(store: Store, reader: str, scans: Sequence[StoredScan] | None = None) -> dict[str, CaseFacts]:
    """What is known of each scan and may have to be hidden from a reader, by scan ID."""
    scans = store.scans() if scans is None else scans
    visits = named_visits(scans, store.protocol)
    rules = store.reading.rules
    names = {*rules.readers, *rules.adjudicators} | store.reading.every_reader()
    others = tuple(sorted(names - {reader, ""}))
    return {scan.scan_id: _facts(scan, *visits.get(scan.scan_id, ("", "")), others) for scan in of_a_radius(scans)}


def of_a_radius(scans: Iterable[StoredScan]) -> list[StoredScan]:
    """Scans that a segmentation is made of, or was to be made of; reports and what became another scan are left out."""
    return [scan for scan in scans if scan.result.kind in KIND_OF_DATA and scan.status != "resolved"]


def _facts(scan: StoredScan, visit: str, cohort: str, others: tuple[str, ...]) -> CaseFacts:
    header = scan.result.facts.header if scan.result.facts is not None else None
    side = scan.result.facts.side if scan.result.facts is not None else None
    return CaseFacts(
        scan_id=scan.scan_id,
        subject=scan.subject or "",
        visit=visit,
        day=scan.scan_date,
        cohort=cohort,
        side=side or (header.laterality if header is not None else None) or "",
        paths=(scan.path, *scan.source_files[:1]),
        uids=(header.series_uid, header.study_uid) if header is not None else (),
        others=others,
    )


_REFUSED: State = ("refused", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    """Makes the list of one reader out of what is known."""

    facts: Mapping[str, CaseFacts]
    state: ReadingState
    key: bytes
    scans: Mapping[str, StoredScan]

    def tasks(self, drawn: DrawnOrder) -> tuple[tuple[Task, ...], DrawnOrder]:
        """Every task in its place, and what was drawn for that on top of what was drawn before."""
        rules = self.state.rules
        before = drawn if drawn.key_digest == digest_of(self.key) else NOTHING_DRAWN
        first = self._first_looks(before)
        reads = self._reads()
        rulings = self._rulings()
        mine = [block for block in first if any(one.scan_id in reads for one in block.members)]
        ordered, repeats = with_repeats(
            in_order(mine, self.key, is_blinded=rules.is_blinded),
            self.key,
            percent=rules.repeat_percent,
            is_readable=lambda block: all(reads.get(one.scan_id, _REFUSED)[0] != "refused" for one in block.members),
            repeated=[scan for scan in reads if self.state.is_repeated(scan)],
            # A protocol that asks for fewer than before has them drawn anew.
            drawn=before.repeats if rules.repeat_percent >= before.repeat_percent else (),
        )
        ruled = [single("adjudicate", one) for block in first for one in block.members if one.scan_id in rulings]
        ordered += in_order(ruled, self.key, is_blinded=rules.is_blinded)
        names = pseudonyms(self.key, self._every_name(first))
        tasks = tuple(task for block in ordered for task in self._tasks(block, names[block.name], reads, rulings))
        return tasks, self._drawn(drawn, before, first, repeats)

    def _drawn(
        self, drawn: DrawnOrder, before: DrawnOrder, first: Sequence[Block], repeats: tuple[DrawnRepeat, ...]
    ) -> DrawnOrder:
        rules = self.state.rules
        if not reads_scans(rules, self.state.reader) or not (rules.pairs or rules.repeat_percent):
            return drawn
        alone = (members_of(block) for block in first if rules.pairs and not block.is_pair)
        return DrawnOrder(
            key_digest=digest_of(self.key),
            pairs=pairs_drawn(first, before) if rules.pairs else before.pairs,
            alone=tuple(sorted(name for names in alone for name in names)),
            repeats=repeats,
            repeat_percent=rules.repeat_percent,
        )

    def _first_looks(self, drawn: DrawnOrder) -> list[Block]:
        measured = [self.facts[name] for name, scan in self.scans.items() if scan.status == "measured"]
        others = [single("read", self.facts[name]) for name, scan in self.scans.items() if scan.status != "measured"]
        pairs = self.state.rules.pairs
        found = blocks_of(measured, self.key, pairs=pairs, drawn=drawn, has_judged=self.state.has_judged)
        return [*found, *others]

    def _reads(self) -> dict[str, State]:
        if not reads_scans(self.state.rules, self.state.reader):
            return {}
        return {name: found for name, scan in self.scans.items() if (found := self.state.read_state(scan)) is not None}

    def _rulings(self) -> dict[str, State]:
        if not adjudicates(self.state.rules, self.state.reader):
            return {}
        asked = ((name, self.state.adjudication_state(scan)) for name, scan in self.scans.items())
        return {name: found for name, found in asked if found is not None}

    def _every_name(self, first: Sequence[Block]) -> list[str]:
        """Names of all blocks that could ever come up, so that a name does not hang on what has been done."""
        names = [name for block in first for name in (block.name, repeat_of(block, self.key).name)]
        return names + [single("adjudicate", one).name for block in first for one in block.members]

    def _tasks(
        self, block: Block, pseudonym: str, reads: Mapping[str, State], rulings: Mapping[str, State]
    ) -> Iterator[Task]:
        for facts, letter in block.lettered:
            if block.kind == "repeat":
                told: State | None = self.state.repeat_state(self.scans[facts.scan_id])
            else:
                told = (rulings if block.kind == "adjudicate" else reads).get(facts.scan_id)
            if told is not None:
                yield self._task(block, facts, letter, pseudonym, told)

    def _task(self, block: Block, facts: CaseFacts, letter: str, pseudonym: str, told: State) -> Task:
        rules = self.state.rules
        title, subtitle = visible_text(facts, rules, pseudonym=pseudonym, letter=letter)
        return Task(
            key=task_key(self.key, kind=block.kind, scan_id=facts.scan_id),
            scan_id=facts.scan_id,
            kind=block.kind,
            pair=task_key(self.key, kind="pair", scan_id=block.name) if block.is_pair else "",
            letter=letter,
            partner_id=next((one.scan_id for one in block.members if one is not facts), ""),
            state=told[0],
            title=title,
            subtitle=subtitle,
            reason=safe_text(told[1], secrets_of(facts, rules)) if told[1] else "",
        )


def safe_text(text: str, secrets: Secrets) -> str:
    """A reason as its reader may see it: that of its code alone where its own words tell what is hidden."""
    if not secrets.kinds_in(text):
        return text
    code = text.partition(":")[0]
    return f"{code}: {all_error_codes()[code]}" if code in all_error_codes() else "the reason tells what is hidden"
