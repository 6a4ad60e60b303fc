"""What the desk finds again at its next start: place in the list, filter, window, whether the tour was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject

from bonemetrics.review.resume import ReaderState
from bonemetrics.review.session import Session
from napari_bonemetrics.windows import PRESETS

if TYPE_CHECKING:
    from napari_bonemetrics.desk import ReadingDesk


class Remembered(QObject):
    """The reader's state, kept in the study."""

    def __init__(self, desk: ReadingDesk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._session: Session | None = None
        self._state = ReaderState()

    @property
    def last_key(self) -> str:
        """The task that was open last."""
        return self._state.last_key

    @last_key.setter
    def last_key(self, key: str) -> None:
        self._change(last_key=key)

    def load(self, session: Session) -> None:
        """Bring the desk back to where the reader left it; a new reader gets the tour."""
        self._session = session
        self._state = session.state()
        state = self._state
        self._desk.list.set_filter(state.filter_text, state.filter_states[0] if state.filter_states else "")
        if state.window_preset in PRESETS:
            self._desk.stage.window = PRESETS[state.window_preset]
            self._desk.window_bar.show_window(PRESETS[state.window_preset])
        if not state.tour_seen:
            self._desk.tour.begin()

    def set_filter(self, text: str, state: str) -> None:
        """The reader looks at part of the list."""
        self._change(filter_text=text, filter_states=(state,) if state else None)

    def tour_ended(self) -> None:
        """The tour was seen or skipped; it does not come again by itself."""
        self._change(tour_seen=True)
        self.save()
        self._desk.show_page("Cases")

    def save(self) -> None:
        """Keep the state in the study."""
        preset = self._desk.window_bar.presets.currentText()
        self._change(window_preset=preset if preset in PRESETS else "")
        if self._session is not None:
            self._session.save_state(self._state)

    def _change(self, **told: object) -> None:
        self._state = self._state.model_copy(update=told)
