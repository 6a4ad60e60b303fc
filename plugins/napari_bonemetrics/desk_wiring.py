"""Which signal of which panel leads where; every slot is a line or two."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QWidget

from bonemetrics.review.preview import Preview
from bonemetrics.review.seeing import sees_numbers_unjudged
from napari_bonemetrics.dialogs import ask_meaning, ask_reason
from napari_bonemetrics.edit_tools import TOOLS, ToolCase, ToolResult

if TYPE_CHECKING:
    from napari_bonemetrics.desk import ReadingDesk

Slots = dict[str, Callable[[], object]]
_CAME_BACK = "An edit of yours that was not saved has come back. Save it, or discard it when you leave the case"
_PRESETS = {
    "window_bone": "Bone",
    "window_trabecular": "Trabecular",
    "window_cortical": "Cortical",
    "window_soft_tissue": "Soft tissue",
}


def wire(desk: ReadingDesk) -> Slots:
    """Connect everything; gives what the keys do, by action."""
    _wire_flow(desk)
    _wire_list(desk)
    _wire_judging(desk)
    _wire_editing(desk)
    _wire_looking(desk)
    return _slots(desk)


def tour_targets(desk: ReadingDesk) -> dict[str, QWidget]:
    """What the steps of the tour point at."""
    return {
        "cases": desk.list.table,
        "picture": desk.window_bar,
        "verdict": desk.verdict.choices,
        "brush": desk.edit.brush_box,
        "numbers": desk.numbers,
        "keys": desk.help.table,
    }


def _wire_flow(desk: ReadingDesk) -> None:
    flow, foot = desk.flow, desk.foot
    flow.job_started.connect(lambda _job: desk.keeper.stop())
    flow.job_started.connect(foot.follow)
    foot.cancel_requested.connect(flow.cancel)
    flow.busy_changed.connect(lambda busy: desk.pages.setEnabled(not busy))
    for source in (flow, desk.editor, desk.keeper):
        source.failed.connect(foot.fail)
    flow.failed.connect(lambda _why: _after_failure(desk))
    flow.case_expected.connect(lambda grid: desk.stage.expect(grid, desk))
    flow.not_opened.connect(desk.stage.clear)
    flow.case_opened.connect(desk.show_case)
    flow.case_opened.connect(lambda case: foot.say(_CAME_BACK if case.recovered else ""))
    flow.case_closed.connect(desk.clear_case)
    flow.adjudication_opened.connect(desk.show_adjudication)
    flow.saved.connect(lambda: _after_save(desk))
    flow.decided.connect(lambda: _after_verdict(desk))
    flow.lock_changed.connect(lambda: _after_lock(desk))
    desk.start_page.open_requested.connect(desk.open_study)


def _wire_list(desk: ReadingDesk) -> None:
    panel = desk.list
    desk.flow.worklist_changed.connect(panel.show_worklist)
    panel.case_requested.connect(desk.open_key)
    panel.refresh_requested.connect(lambda: desk.flow.refresh())
    panel.filter_changed.connect(desk.memory.set_filter)
    desk.head.next_requested.connect(lambda: _next(desk))
    desk.head.previous_requested.connect(lambda: _previous(desk))


def _wire_judging(desk: ReadingDesk) -> None:
    panel, head = desk.verdict, desk.head
    panel.verdict_given.connect(desk.flow.decide)
    panel.place_requested.connect(lambda kind: panel.set_place(kind, desk.stage.at))
    panel.jump_requested.connect(desk.stage.look_at)
    panel.slice_requested.connect(desk.stage.look_at_slice)
    head.sign_requested.connect(lambda: desk.flow.sign(ask_meaning(desk)))
    head.unlock_requested.connect(lambda: desk.flow.unlock(ask_reason(desk)))
    head.beside_toggled.connect(lambda on: desk.flow.open_beside() if on else desk.stage.hide_beside())
    desk.flow.beside_opened.connect(lambda visit: _show_beside(desk, visit))
    desk.adjudication.jump_requested.connect(desk.stage.look_at)
    desk.adjudication.settle_requested.connect(desk.flow.settle)
    desk.adjudication.choices_changed.connect(desk.keeper.keep)
    desk.adjudication.shown_requested.connect(lambda choice: _show_mask(desk, choice))


def _wire_editing(desk: ReadingDesk) -> None:
    panel, editor = desk.edit, desk.editor
    panel.brush_toggled.connect(desk.brush.turn)
    # What is painted must be what is seen.
    panel.brush_toggled.connect(lambda on: desk.adjudication.show_mask("") if on else None)
    panel.brush_changed.connect(lambda: desk.brush.turn(panel.brush.isChecked()))
    panel.tool_requested.connect(lambda name: _run_tool(desk, name))
    panel.draw_box_requested.connect(lambda: _draw_box(desk))
    panel.undo_requested.connect(editor.undo)
    panel.redo_requested.connect(editor.redo)
    panel.save_requested.connect(desk.flow.save)
    panel.preview_requested.connect(desk.flow.preview)
    desk.numbers.preview_requested.connect(desk.flow.preview)
    desk.flow.previewed.connect(lambda found: _show_preview(desk, found))
    editor.changed.connect(lambda: _show_edits(desk))


def _wire_looking(desk: ReadingDesk) -> None:
    bar, stage = desk.window_bar, desk.stage
    bar.window_requested.connect(stage.set_window)
    bar.contours_toggled.connect(stage.show_contours)
    bar.opacity_requested.connect(stage.set_opacity)
    stage.window_changed.connect(bar.show_window)
    stage.touched.connect(lambda: _tick(desk))
    desk.tour.page_requested.connect(desk.show_page)
    desk.tour.ended.connect(desk.memory.tour_ended)


def _slots(desk: ReadingDesk) -> Slots:
    slots: Slots = {
        "save_next": desk.verdict.give,
        "accept": lambda: desk.verdict.choose("accept"),
        "accept_with_edit": lambda: desk.verdict.choose("accept-with-edit"),
        "reject": lambda: desk.verdict.choose("reject"),
        "defer": lambda: desk.verdict.choose("defer"),
        "place_here": lambda: _place_here(desk),
        "next_case": lambda: _next(desk),
        "previous_case": lambda: _previous(desk),
        "worklist": lambda: desk.show_page("Cases"),
        "contours": desk.window_bar.toggle_contours,
        "brush": desk.edit.brush.click,
        "contour_out": desk.edit.outwards.click,
        "contour_in": desk.edit.inwards.click,
        "undo": desk.editor.undo,
        "redo": desk.editor.redo,
        "save_edit": desk.edit.save.click,
        "preview": desk.edit.ask.click,
        "help": lambda: desk.show_page("Keys"),
    }
    for action, preset in _PRESETS.items():
        slots[action] = partial(desk.window_bar.choose, preset)
    return slots


# Slots


def _tick(desk: ReadingDesk) -> None:
    if desk.flow.case is not None:
        desk.flow.case.active.tick()


def _place_here(desk: ReadingDesk) -> None:
    if desk.flow.case is not None:
        desk.verdict.set_place("", desk.stage.at)


def _after_failure(desk: ReadingDesk) -> None:
    """A case that could not be opened shows as such in the list, and the list goes on."""
    if desk.flow.case is None:
        desk.flow.refresh()


def _open_next(desk: ReadingDesk) -> None:
    desk.open_key(desk.list.next_key(desk.memory.last_key))


def _next(desk: ReadingDesk) -> None:
    if desk.leave_case():
        desk.flow.refresh(lambda _list: _open_next(desk))


def _previous(desk: ReadingDesk) -> None:
    desk.open_key(desk.list.previous_key(desk.memory.last_key))


def _after_save(desk: ReadingDesk) -> None:
    _show_saved(desk)
    desk.show_numbers()
    desk.foot.say("The edit is saved as a new version", "done")
    desk.show_lock()


def _show_saved(desk: ReadingDesk) -> None:
    # Painting may have gone on while the labels were measured.
    if desk.flow.case is not None and not desk.flow.case.is_edited:
        desk.editor.mark_saved()


def _after_verdict(desk: ReadingDesk) -> None:
    """Go on to the next case, unless there is something to see of the edit that was judged."""
    _show_saved(desk)
    session, case = desk.flow.session, desk.flow.case
    desk.show_numbers()
    desk.adjudication.show_numbers()
    if session is not None and case is not None and session.consequences(case):
        desk.show_lock()
        desk.show_page("Numbers")
        desk.foot.say("Verdict saved. This is what your edit does; ▶ opens the next case", "done")
        desk.flow.refresh()
        return
    if desk.biopsy.is_changed:
        # Going on would lose what was typed.
        desk.show_lock()
        desk.show_page("Biopsy")
        desk.foot.say("Verdict saved. The entry of the biopsy is not saved yet; ▶ opens the next case", "done")
        desk.flow.refresh()
        return
    desk.keeper.stop()
    desk.flow.close()
    desk.flow.refresh(lambda worklist: _go_on(desk, worklist))


def _go_on(desk: ReadingDesk, worklist: Any) -> None:
    done, total = worklist.progress
    desk.foot.say(f"Verdict saved; {done} of {total} read", "done")
    if desk.list.next_key(desk.memory.last_key):
        _open_next(desk)
    else:
        desk.show_page("Cases")


def _after_lock(desk: ReadingDesk) -> None:
    case = desk.flow.case
    if case is not None:
        desk.editor.begin(case.labels, case.undo, desk.stage.labels_layers)
        told = "Signed: nothing can be changed" if case.is_locked else "Unlocked: the signature is void"
        desk.foot.say(told, "done")
    desk.show_lock()
    desk.editor.refresh()


def _show_beside(desk: ReadingDesk, visit: Any) -> None:
    if visit is not None:
        desk.stage.show_beside(visit)
        return
    desk.head.uncheck_beside()
    desk.foot.say("There is no other visit that may be shown beside this one", "note")


def _show_mask(desk: ReadingDesk, choice: str) -> None:
    found = desk.flow.adjudication
    if found is not None:
        if choice:
            desk.edit.brush.setChecked(False)
        desk.stage.compare({"a": found.a, "b": found.b}.get(choice), choice.upper())


def _show_edits(desk: ReadingDesk) -> None:
    editor, case = desk.editor, desk.flow.case
    desk.edit.show_state(unsaved=editor.is_unsaved, n_undo=editor.stack.n_undo, n_redo=editor.stack.n_redo)
    desk.edit.offer_slices(editor.edited_slices)
    drawn = case is not None and desk.flow.session is not None and case.mask.reader == desk.flow.session.reader
    desk.verdict.set_edited(unsaved=editor.is_unsaved, drawn=drawn)
    desk.numbers.labels_changed()
    desk.adjudication.show_mask("")
    _offer_preview(desk)
    _tick(desk)


def _offer_preview(desk: ReadingDesk) -> None:
    possible = desk.flow.session is not None and sees_numbers_unjudged(desk.flow.session.rules)
    desk.edit.offer_preview(possible)
    desk.numbers.offer(possible=possible, unsaved=desk.editor.is_unsaved)


def _show_preview(desk: ReadingDesk, found: Preview) -> None:
    case = desk.flow.case
    if case is None:
        return
    desk.numbers.show_preview(found.consequences)
    if not found.is_of(case):
        # Painting went on while the child measured.
        desk.numbers.labels_changed()
    desk.show_page("Numbers")


def _draw_box(desk: ReadingDesk) -> None:
    desk.edit.brush.setChecked(False)
    desk.stage.draw_box()


def _run_tool(desk: ReadingDesk, name: str) -> None:
    """Let the library work out an edit in a worker, then make it."""
    case = desk.flow.case
    if case is None or case.is_locked:
        return
    chosen = desk.tool_settings()
    parameters = desk.tissue_parameters()
    asked = ToolCase(labels=case.labels, density=case.density, parameters=parameters, last_move=desk.editor.last_move)

    def make(found: ToolResult) -> None:
        desk.editor.apply(found.patch, move=found.move)
        desk.foot.say(found.told if not found.patch.is_empty else f"{found.told}; nothing changed", "done")

    desk.flow.run("working on the labels", lambda _tell: TOOLS[name](asked, chosen), make)
