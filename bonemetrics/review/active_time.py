"""How long a reader works on a case: the time between signs of activity, pauses left out."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

IDLE_AFTER_S = 30.0


class ActiveTime:
    """Sums the intervals between ticks that are shorter than a pause.

    Parameters
    ----------
    clock
        Seconds that only grow, such as `time.monotonic`.
    idle_after_s
        An interval as long as this, or longer, is a pause and counts for nothing.
    total_s
        Seconds from before, as of a draft.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, *, idle_after_s: float = IDLE_AFTER_S, total_s: float = 0.0
    ) -> None:
        if not (idle_after_s > 0 and total_s >= 0 and math.isfinite(total_s)):
            raise ValueError(f"a pause of {idle_after_s} s or a time of {total_s} s is not possible")
        self._clock = clock
        self._idle_after_s = idle_after_s
        self._total_s = total_s
        self._last: float | None = None

    @property
    def total_s(self) -> float:
        """Active time in s until the last tick."""
        return self._total_s

    def tick(self) -> None:
        """The reader has done something: moved the mouse over the picture, pressed a key."""
        now = self._clock()
        # A clock that was set back tells nothing of the interval.
        if self._last is not None and 0 <= now - self._last < self._idle_after_s:
            self._total_s += now - self._last
        self._last = now

    def pause(self) -> None:
        """What comes until the next tick does not count, such as waiting for a computation."""
        self._last = None

    def restart(self) -> None:
        """Begin at zero again, as after a verdict has taken the time with it."""
        self._total_s = 0.0
        self._last = None
