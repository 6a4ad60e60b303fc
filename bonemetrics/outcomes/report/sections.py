"""The parts of the report, in their order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing import get_context

from bonemetrics.outcomes.analysis.select import Selection
from bonemetrics.outcomes.figures.completeness import completeness_map
from bonemetrics.outcomes.figures.moments import moments
from bonemetrics.outcomes.figures.swimmer import swimmer
from bonemetrics.outcomes.readings import StudyAgreement
from bonemetrics.outcomes.report.agreement import agreement_sections
from bonemetrics.outcomes.report.biopsies import biopsies
from bonemetrics.outcomes.report.endpoints import endpoints
from bonemetrics.outcomes.report.events import adverse_events, fractures
from bonemetrics.outcomes.report.exploration import across_modalities, models
from bonemetrics.outcomes.report.methods import methods
from bonemetrics.outcomes.report.overview import overview
from bonemetrics.outcomes.report.page import Block, Section, Text
from bonemetrics.outcomes.report.participant import participants
from bonemetrics.outcomes.report.pictures import picture
from bonemetrics.outcomes.report.quality import data_quality, tracing
from bonemetrics.outcomes.rows import Dataset
from bonemetrics.outcomes.wording import plural

_MOST_ROWS_SENT = 20_000
"""Rows of a dataset that is worth having twice in memory: more are drawn in this process alone."""


def sections(dataset: Dataset, agreement: StudyAgreement | None = None, *, workers: int = 1) -> tuple[Section, ...]:
    """Everything the report shows.

    Parameters
    ----------
    dataset
        Of the study.
    agreement
        Of its readers, where anything was read.
    workers
        From two on, the endpoints, which hold half of all figures, are drawn in a process of their own.

    Returns
    -------
    tuple of Section
        None is left out: where there is nothing to show, it says so in words. Only the agreement of readers is not
        there where nobody has read anything.
    """
    selection = Selection(dataset)
    if workers <= 1 or len(dataset.rows) > _MOST_ROWS_SENT:
        return _in_order(dataset, selection, agreement, lambda: endpoints(selection))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        other = pool.submit(_endpoints_of, dataset)
        return _in_order(dataset, selection, agreement, lambda: _drawn_by(other, selection))


def _endpoints_of(dataset: Dataset) -> Section:
    return endpoints(Selection(dataset))


def _drawn_by(other: Future[Section], selection: Selection) -> Section:
    """What another process has drawn; what went wrong in the drawing itself is raised here."""
    try:
        return other.result()
    except BrokenExecutor:
        # It was killed, for its memory say, or could not start: one process is slower and needs less.
        return endpoints(selection)


def _in_order(
    dataset: Dataset, selection: Selection, agreement: StudyAgreement | None, drawn: Callable[[], Section]
) -> tuple[Section, ...]:
    before = (follow_up(dataset), overview(selection))
    after = (
        biopsies(selection),
        adverse_events(dataset),
        fractures(dataset),
        models(selection),
        across_modalities(selection),
        data_quality(dataset),
        *agreement_sections(agreement),
        participants(dataset),
        methods(dataset),
        tracing(dataset),
    )
    return (*before, drawn(), *after)


def follow_up(dataset: Dataset) -> Section:
    """Who was followed for how long, and which data are there."""
    blocks: list[Block] = []
    lanes = swimmer(dataset)
    if lanes is None:
        why = "No day of infusion is known" if dataset.gathered.participants else "The study has no participants"
        blocks.append(Text(f"{why}, so follow-up cannot be drawn.", "absent"))
    else:
        blocks.append(
            picture(
                lanes,
                name="swimmer",
                title="Follow-up of every woman",
                description="One lane for each woman over months from infusion, with biopsies, fractures and serious "
                "adverse events.",
                caption=_lanes_in_words(dataset),
            )
        )
    squares = completeness_map(dataset)
    if squares is None:
        blocks.append(Text("There is no value at any visit.", "absent"))
    else:
        blocks.append(
            picture(
                squares,
                name="completeness",
                title="Completeness of visits",
                description="By woman, visit and kind of data: complete, in part, nothing, or after last contact.",
                caption="Counts are parameters with a value that counts, of those that at least one woman has at the "
                "visit. What nobody has at a visit is taken for not planned there.",
            )
        )
    return Section(anchor="follow-up", title="Follow-up and completeness", blocks=tuple(blocks))


def _lanes_in_words(dataset: Dataset) -> str:
    said = "Each lane runs from the first to the last day on which anything of hers is dated, the infusion included."
    without = sum(one.first is None for one in moments(dataset).values())
    if without:
        said += f" {plural(without, 'woman has', 'women have')} no lane: the day of infusion is not known."
    return said
