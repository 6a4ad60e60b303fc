"""Write the report of a study and its figures."""

from __future__ import annotations

from pathlib import Path

from bonemetrics import __version__
from bonemetrics.atomic import write_atomic
from bonemetrics.outcomes.cohorts import cohorts
from bonemetrics.outcomes.readings import StudyAgreement
from bonemetrics.outcomes.report.page import Facts, Page
from bonemetrics.outcomes.report.sections import sections
from bonemetrics.outcomes.rows import Dataset
from bonemetrics.outcomes.wording import MISSING, plural
from bonemetrics.study.layout import make_private_folder

REPORT = "report.html"
FIGURES = "figures"


def write_report(
    dataset: Dataset, out: Path, agreement: StudyAgreement | None = None, *, workers: int = 1
) -> tuple[Path, ...]:
    """Write the report as one page of HTML that needs nothing beside it, and its figures as SVG and PNG.

    Parameters
    ----------
    dataset
        Of the study.
    out
        Folder, made if absent: `report.html` and `figures/`. Files of these names are replaced, others are left.
    agreement
        Of the study's readers, where anything was read.
    workers
        Processes that draw; page and figures do not depend on it. A script that asks for more than one is imported by
        them, and needs `if __name__ == "__main__"`.

    Returns
    -------
    tuple of Path
        The page first, then the figures. The same dataset gives the same bytes: the page tells the time of the last
        change of the study, never that of its own making.
    """
    page = compose(dataset, agreement, workers=workers)
    make_private_folder(out)
    make_private_folder(out / FIGURES)
    written = [out / REPORT]
    for section in page.sections:
        for picture in section.pictures:
            for ending, content in (("svg", picture.svg.encode()), ("png", picture.png)):
                path = out / FIGURES / f"{picture.name}.{ending}"
                write_atomic(path, content)
                written.append(path)
    # The page comes last, so that it is never there with figures of another state of the study.
    write_atomic(written[0], page.html().encode())
    return tuple(written)


def compose(dataset: Dataset, agreement: StudyAgreement | None = None, *, workers: int = 1) -> Page:
    """The report before it becomes HTML."""
    gathered = dataset.gathered
    study = gathered.protocol.study
    found = [(f"{one.label} ({one.title})" if one.title else one.label, len(one.women)) for one in cohorts(dataset)]
    groups = "; ".join(f"{name}: n\u00a0=\u00a0{count}" for name, count in found)
    head = Facts(
        (
            ("Participants", plural(len(gathered.participants), "woman", "women")),
            ("Cohorts", groups or MISSING),
            ("Visits", ", ".join(visit.name for visit in gathered.protocol.visits) or "numbered by date"),
            ("Data cut (last change of the study)", _when(gathered.last_change)),
        )
    )
    footer = Facts(
        (
            ("Software", f"bonemetrics {__version__}"),
            ("Data cut", gathered.last_change or MISSING),
            ("SHA-256 of the protocol", gathered.protocol.protocol_hash),
            (f"Head of the audit log ({gathered.audit_rows} entries)", gathered.audit_head or MISSING),
        )
    )
    parts = sections(dataset, agreement, workers=workers)
    return Page(study=study.id, title=study.title or study.id, head=head, sections=parts, footer=footer)


def _when(utc: str) -> str:
    """A time to the minute, for people."""
    return f"{utc[:10]} {utc[11:16]} UTC" if len(utc) >= 16 else utc or MISSING
