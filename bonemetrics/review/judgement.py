"""What a reader says of a case before it becomes a verdict, and what still keeps it from being one."""

from __future__ import annotations

from bonemetrics.records import Record
from bonemetrics.records.review import ACCEPTED, Finding, Place, Reason, Verdict


class Judgement(Record):
    """The state of a reader's form; every part may be missing yet."""

    verdict: Verdict | None = None
    reasons: tuple[Reason, ...] = ()
    findings: tuple[Finding, ...] = ()
    comment: str = ""
    place: Place | None = None
    confidence: int | None = None

    def lacks(self, *, unsaved: bool, drawn: bool) -> str:
        """What keeps it from being a verdict, in words for the reader; empty where nothing does.

        Parameters
        ----------
        unsaved
            Whether the labels hold an edit that is not saved.
        drawn
            Whether the reader herself drew the mask that the case rests on.
        """
        if self.verdict is None:
            return "choose a verdict"
        return self._lacks_edit(self.verdict, unsaved=unsaved, drawn=drawn) or self._lacks_reason(self.verdict)

    def _lacks_edit(self, verdict: Verdict, *, unsaved: bool, drawn: bool) -> str:
        if verdict == "accept" and unsaved:
            return "the labels were edited: choose 'accept with edit', or undo the edit"
        if verdict == "reject" and unsaved:
            return "the labels were edited: save the edit or undo it, then reject"
        if verdict == "accept-with-edit" and not (unsaved or drawn):
            return "nothing was edited: choose 'accept', or edit the labels first"
        return ""

    def _lacks_reason(self, verdict: Verdict) -> str:
        if verdict not in ACCEPTED and not self.reasons:
            return "tick at least one reason"
        if "other" in self.reasons and not self.comment.strip():
            return "the reason 'other' needs a comment"
        return ""
