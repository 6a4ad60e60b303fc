"""One number for each parameter and visit, or a note that says why not."""

from __future__ import annotations

import pytest

from tests.dxa_placed import PROTOCOL, lines, placed, protocol

SPINE = "lumbar-spine . L1-L4 55.80 53.70 0.962 -1.0"
LEFT = "hip left total-hip 33.52 25.14 0.750 -1.6"
ANY_SIDE = PROTOCOL.replace('side = "left"\n', "")


def notes(scans, code):
    """Messages of one code, each once, and on how many numbers it stands."""
    found = {problem.message: 0 for scan in scans for problem in scan.notes if problem.code == code}
    for scan in scans:
        for number in scan.measurements:
            for problem in number.provenance.notes:
                if problem.code == code:
                    found[problem.message] = found.get(problem.message, 0) + 1
    return found


def test_completeness__one_number_for_each_parameter_needs_no_note(tmp_path):
    scans = placed(tmp_path, lines(SPINE), lines(LEFT), lines(SPINE, day="2020-10-05"))
    assert not notes(scans, "parameter-missing")
    assert not notes(scans, "parameter-repeated")


def test_completeness__a_visit_without_any_report_of_the_site_is_not_noted(tmp_path):
    assert not notes(placed(tmp_path, lines(SPINE)), "parameter-missing")


@pytest.mark.parametrize(
    ("table", "parameter", "reason"),
    [
        ("lumbar-spine . L1,L3-L4 42.71 41.09 0.962 -1.0", "LSBMD (L1-L4 aBMD)", "reported together are L1,L3-L4"),
        ("lumbar-spine . L1-L4 55.80 53.70 . -1.0", "LSBMD (L1-L4 aBMD)", "empty there or was not accepted"),
        ("lumbar-spine . L1-L4 55.80 53.70 0.962 .", "LSBMDT (L1-L4 T-score)", "empty there or was not accepted"),
        ("hip right total-hip 33.52 25.14 0.750 -1.6", "THBMD (left total-hip aBMD)", "only right was reported"),
        ("hip . total-hip 33.52 25.14 0.750 -1.6", "THBMD (left total-hip aBMD)", "does not say of which side"),
        (
            "hip left neck 4.98 3.11 0.624 -1.9",
            "THBMD (left total-hip aBMD)",
            "no report of this visit has this region",
        ),
    ],
)
def test_completeness__a_missing_number_is_named_with_its_reason(tmp_path, table, parameter, reason):
    found = notes(placed(tmp_path, lines(table)), "parameter-missing")
    (message,) = (text for text in found if text.startswith(parameter))
    assert "has no number at this visit" in message
    assert reason in message


def test_completeness__two_scans_of_one_day_are_named_on_both_numbers(tmp_path):
    again = SPINE.replace("53.70 0.962", "54.21 0.972")
    scans = placed(tmp_path, lines(SPINE, scan="A1005190B"), lines(again, scan="A1005190C"))
    (message, both), (_, tscores) = notes(scans, "parameter-repeated").items()
    assert (both, tscores) == (2, 2)
    assert message == (
        "LSBMD has 2 numbers at this visit: 0.962 of 2019-10-05 (scan A1005190B), 0.972 of 2019-10-05 "
        "(scan A1005190C); an analysis needs one"
    )


def test_completeness__two_days_of_one_window_are_named(tmp_path):
    scans = placed(tmp_path, lines(SPINE), lines(SPINE.replace("0.962", "0.963"), day="2019-09-30"))
    messages = list(notes(scans, "parameter-repeated"))
    assert any("of 2019-09-30" in message and "of 2019-10-05" in message for message in messages)


def test_completeness__both_hips_need_a_side_in_the_protocol(tmp_path):
    hips = lines(LEFT), lines(LEFT.replace("left", "right"))
    assert not notes(placed(tmp_path, *hips), "parameter-repeated")
    (message,) = notes(placed(tmp_path, *hips, rules=protocol(ANY_SIDE)), "parameter-repeated")
    assert "state the 'side' of the parameter" in message


def test_completeness__outside_all_visits_nothing_is_asked_for(tmp_path):
    scans = placed(tmp_path, lines("hip right total-hip 33.52 25.14 0.750 -1.6", day="2022-01-05"))
    assert scans[0].visit.name == "Unscheduled"
    assert not notes(scans, "parameter-missing")


def test_placed__a_side_that_another_route_tells_gives_one_number_with_a_note(tmp_path):
    # The report without a side has more decimals, so its number stands, and stands as the left one's.
    unsided = LEFT.replace("left", ".").replace("0.750", "0.7500")
    scans = placed(tmp_path, lines(LEFT, scan="A1005190C"), lines(unsided, scan="A1005190C"))
    found = [number for scan in scans for number in scan.measurements if number.quantity == "aBMD"]
    (number,) = found
    assert (number.side, number.provenance.parameters["raw"]) == ("left", "0.7500")
    assert "side-by-other-route" in {problem.code for problem in number.provenance.notes}
    assert not notes(scans, "parameter-missing")
    assert not notes(scans, "parameter-repeated")


def test_completeness__goes_by_the_windows_of_dxa(tmp_path):
    # 2020-10-05 is study day 362, within [320, 410], and outside the window that DXA has of its own.
    own = PROTOCOL.replace("window = [320, 410]", "window = [320, 410]\nwindows.dxa = [300, 361]")
    (scan,) = placed(tmp_path, lines(SPINE.replace("0.962", "."), day="2020-10-05"), rules=protocol(own))
    assert scan.visit.name == "Unscheduled"
    assert [problem.code for problem in scan.notes] == ["unscheduled-visit"]
