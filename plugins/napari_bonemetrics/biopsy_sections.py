"""Between the form of a biopsy and the window of section pictures: what is drawn there goes here, or waits."""

from __future__ import annotations

import contextlib
from typing import Any

from qtpy.QtCore import QObject
from qtpy.QtWidgets import QWidget

from bonemetrics.review.section_evidence import Evidence
from napari_bonemetrics.biopsy_panel import BiopsyPanel
from napari_bonemetrics.dialogs import ask_drawn
from napari_bonemetrics.section_panel import Offer, SectionPanel
from napari_bonemetrics.section_window import open_section_window


class BiopsySections(QObject):
    """One window at a time, for the entry that the panel shows.

    Parameters
    ----------
    panel
        Takes what is measured.
    reader
        Who draws.
    """

    def __init__(self, panel: BiopsyPanel, reader: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.sections: SectionPanel | None = None
        self._panel, self._reader, self._parent = panel, reader, parent
        self._window: Any = None
        panel.work_changed.connect(lambda _work: self.show_work())

    def open(self) -> None:
        """Open the window in place of one that is open."""
        self.close()
        self._window, sections = open_section_window(self._reader)
        self.sections = sections
        sections.keeps = True
        sections.measured.connect(self._take)
        sections.canvas_changed.connect(self._wait)
        sections.discarded.connect(self._discard)
        sections.take_out_requested.connect(self._take_out)
        sections.closed.connect(self._closed)
        self.show_work()

    def show_work(self) -> None:
        """Show the window what the form holds."""
        if self.sections is not None:
            self.sections.show_work(self._panel.work)

    def _take(self, offer: Offer) -> None:
        if not self._panel.take_measurements(offer.values, offer.evidence) and self.sections is not None:
            self.sections.show_refusal(self._panel.refusal)

    def _wait(self, drawing: Evidence) -> None:
        work = self._panel.work
        if work.with_canvas(drawing) != work:
            self._panel.change(lambda now: now.with_canvas(drawing))

    def _discard(self, picture_sha256: str) -> None:
        self._panel.change(lambda work: work.without_canvas(picture_sha256))

    def _take_out(self, picture_sha256: str) -> None:
        self._panel.change(lambda work: work.take_out(picture_sha256))

    def take_canvas(self) -> None:
        """Take what is drawn right now, before anything else is done."""
        if self.sections is not None:
            self.sections.tell_canvas()

    def may_leave(self, *, can_keep: bool) -> bool:
        """Whether nothing drawn waits for the form, or the reader has said what becomes of it."""
        self.take_canvas()
        waiting = self._panel.work.canvas
        if not waiting:
            return True
        codes = tuple(dict.fromkeys(code for one in waiting for code in one.codes))
        can_put = all(part.value is not None for one in waiting for part in one.drawn.values())
        answer = ask_drawn(self._parent, codes, can_put=can_put, can_keep=can_keep)
        if answer == "put":
            return self._panel.change(lambda work: work.put_canvas())
        if answer == "discard":
            self._panel.change(lambda work: work.without_canvas())
            if self.sections is not None:
                self.sections.draw_as_known()
            return True
        return answer == "keep"

    def close(self) -> None:
        """Close the window, if it is open, without a question."""
        window, sections = self._window, self.sections
        self._window = self.sections = None
        if window is None or sections is None:
            return
        # Its reader may have closed it already, and Qt its widgets with it.
        with contextlib.suppress(RuntimeError):
            sections.let_close()
            window.close()

    def _closed(self) -> None:
        self._window = self.sections = None
