"""Tasks of one reader as her list shows them: their states, which comes next, and what a search finds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bonemetrics.review.task_states import TaskKind, TaskState

WAITS: frozenset[TaskState] = frozenset({"waiting", "edited-since", "deferred"})
DONE: frozenset[TaskState] = frozenset({"done", "signed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One line of the list.

    `key`, `title`, `subtitle` and `reason` may be shown; nothing in them tells what the protocol hides, nor which line
    is a second look. `scan_id`, `kind`, `pair` and `partner_id` are for the program alone. `pair` is shared by
    the two lines of a pair, whose letters are A and B, and `partner_id` is the other one's scan; all are empty else.
    """

    key: str
    scan_id: str
    kind: TaskKind
    pair: str = ""
    letter: str = ""
    partner_id: str = ""
    state: TaskState
    title: str
    subtitle: str = ""
    reason: str = ""

    @property
    def is_waiting(self) -> bool:
        """Whether the reader has something to do, scans that she put off included."""
        return self.state in WAITS


@dataclass(frozen=True, slots=True)
class Worklist:
    """Tasks in the order in which they are read."""

    tasks: tuple[Task, ...]

    @property
    def waiting(self) -> tuple[Task, ...]:
        """What the reader still has to do."""
        return tuple(task for task in self.tasks if task.is_waiting)

    @property
    def done(self) -> tuple[Task, ...]:
        """What she has judged, signed or not."""
        return tuple(task for task in self.tasks if task.state in DONE)

    @property
    def progress(self) -> tuple[int, int]:
        """How many are done, and how many there are; those that cannot be read count for nothing."""
        return len(self.done), sum(task.state != "refused" for task in self.tasks)

    def filtered(self, text: str = "", states: Collection[TaskState] | None = None) -> Worklist:
        """Tasks whose title, subtitle or reason hold every word of a text, in some states only if these are given."""
        words = text.casefold().split()

        def fits(task: Task) -> bool:
            shown = f"{task.title} {task.subtitle} {task.reason}".casefold()
            return (states is None or task.state in states) and all(word in shown for word in words)

        return Worklist(tuple(task for task in self.tasks if fits(task)))

    def find(self, key: str) -> Task | None:
        """The task of that key; `None` where the list has none."""
        return next((task for task in self.tasks if task.key == key), None)

    def next_after(self, key: str, only_waiting: bool = True) -> Task | None:
        """The task to go on with.

        Parameters
        ----------
        key
            Where the reader is; the start of the list where it has no such task, for example for an empty key.
        only_waiting
            Go round to the start of the list, to what waits; what she has put off comes when nothing else is left.
            Else simply the next line, whatever its state.

        Returns
        -------
        Task or None
            Never the task of `key` itself.
        """
        place = self._place(key)
        if not only_waiting:
            return next(iter(self.tasks[place + 1 :]), None)
        around = [task for task in (*self.tasks[place + 1 :], *self.tasks[: max(place, 0)]) if task.is_waiting]
        return next((task for task in around if task.state != "deferred"), around[0] if around else None)

    def previous_before(self, key: str) -> Task | None:
        """The line before, whatever its state; `None` at the start, and where the list has no such task."""
        place = self._place(key)
        return self.tasks[place - 1] if place > 0 else None

    def _place(self, key: str) -> int:
        return next((place for place, task in enumerate(self.tasks) if task.key == key), -1)
