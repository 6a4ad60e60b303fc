"""The `study.toml` of a new study: everything explained, nothing decided."""

from __future__ import annotations

import re

_TEXT = """\
# The protocol of this study. Every table is optional; take away the "# " of what you need.
# Units are UCUM (mg/cm3, mm2), dates are ISO (2016-04-03), study days are CDISC: the day of infusion is day 1, there is
# no day 0. An unknown key is an error that names its line.

[study]
id = "@ID@"
title = ""
# A table of participants (columns subject, cohort, day1, patient_ids split by ";", forearm_length_mm). With it, scans
# of other people are refused. Without it, people become P001, P002 … in the order of their first scan.
#: subjects = "subjects.csv"
# Records are kept in study.db in this folder. On a network drive use PostgreSQL (password in ~/.pgpass, not here):
#: database = "postgresql+psycopg://user@server/database"

#: [[cohorts]]
#: code = "2M"
#: title = "2 million cells/kg"

# Visits by study day, first and last day included. Windows may not overlap. Without visits, days are numbered.
#: [[visits]]
#: name = "Baseline"
#: number = 0
#: target_day = -7
#: window = [-60, 1]
#: baseline = true

#: [[visits]]
#: name = "Month 12"
#: number = 12
#: target_day = 366
#: window = [320, 410]
#: windows.dxa = [300, 430]          # a kind of data may have a window of its own

# What goes into the outcomes dataset, under which code.
#: [[parameters]]
#: paramcd = "RADTBD"
#: param = "Radius trabecular density"
#: quantity = "Tb.vBMD"
#: site = "radius"
#: region = "trabecular"
#: unit = "mg/cm3"
#: benefit = "up"

# DXA: aBMD, BMC, Area, T-score or Z-score of a region of lumbar-spine, hip, forearm or whole-body.
#: [[parameters]]
#: paramcd = "LSBMD"
#: param = "Lumbar spine BMD"
#: quantity = "aBMD"
#: site = "lumbar-spine"
#: region = "L1-L4"
#: unit = "g/cm2"
#: benefit = "up"

# Biopsies, blood samples and questionnaires have one site each; a biopsy's region is its envelope. A quantity that is
# not in the catalogue is a "Lab" or "Score" whose region is the test and which states its unit.
#: [[parameters]]
#: paramcd = "HBFRBS"
#: param = "Biopsy bone formation rate"
#: quantity = "BFR/BS"
#: region = "cancellous"
#: benefit = "up"

#: [[parameters]]
#: paramcd = "P1NP"
#: param = "P1NP"
#: quantity = "P1NP"
#: unit = "ng/mL"
#: benefit = "up"

#: [[parameters]]
#: paramcd = "EQ5DIDX"
#: param = "EQ-5D index"
#: quantity = "EQ-5D-index"
#: version = "3L"                     # or "5L"
#: value_set = "Spain TTO"            # or "Spain VAS"; for 5L "Spain VT"
#: benefit = "up"

# Least significant change: lsc, lsc_percent, or repeats = [[182.1, 183.0], …], one row per person.
#: [[precision]]
#: paramcd = "RADTBD"
#: scanner = "3012"
#: lsc = 3.1

# A calibration phantom that lies in the scans, from its certificate; x and y in the phantom's own plane.
#: [[phantoms]]
#: name = "QRM-BDC 3"
#: serial = "1234"
#: material = "HA"
#: rods = [
#:   { density = 0.0, diameter_mm = 18.0, x_mm = -25.0, y_mm = 0.0 },
#:   { density = 100.0, diameter_mm = 18.0, x_mm = 0.0, y_mm = 0.0 },
#:   { density = 200.0, diameter_mm = 18.0, x_mm = 25.0, y_mm = 0.0 },
#: ]

# Which slices are measured, counted from the distal end: rule = "whole" | "slices" (first, last) |
# "offset-mm" (offset_mm, length_mm, reference) | "percent" of the forearm (percent, length_mm).
# distal and side say what the scans' tags do not: towards "head" or "feet" lies the hand; "left" or "right" arm.
#: [region]
#: rule = "offset-mm"
#: offset_mm = 9.0
#: length_mm = 10.2

# How scans are read, bone is found and densities are measured.
#: [reading]
#: deshear = false                    # true: tilted or sheared stacks are resampled into line, with a note
#: allow_lossy = false                # true: lossy-compressed pixels are measured, with a note
#: [tissue]
#: placement = "model"                # contours fit the blurred cortex; "threshold": by the two densities below
#: threshold = 320.0                  # inner contour, mg/cm3 of HA
#: periosteal_threshold = 450.0       # outer contour, mg/cm3 of HA
#: [density]
#: edge = "extrapolated"              # free of blur at the edges; "plain": the mere mean inside the contour

# How DXA reports are read and judged.
#: [dxa]
#: dates = "dmy"                      # order of day and month in the files, where a date leaves it open
#: postmenopausal = true              # of all participants; decides between T- and Z-score
#: vertebra_t_difference = 1.0        # a vertebra further from its neighbours is not evaluable
#: excluded_vertebrae = { CSM-03 = ["L2"] }   # by a reader, by study ID
#: code_names = { "SCAN_MODE 10" = "array" }  # what a scanner's codes mean at this site

# A reference population that T- and Z-scores are checked against, in g/cm2; a Z-score needs points over all ages.
#: [[references]]
#: name = "Reference of the hospital"
#: source = "where the numbers stand"
#: site = "hip"
#: region = "total-hip"
#: sex = "F"
#: points = [{ age_years = 25, mean = 0.95, sd = 0.12 }]

# An asynchronous calibration of one scanner: mg/cm3 = slope * HU + intercept, valid so many days around its date.
#: [[calibrations]]
#: scanner = "3012"
#: date = 2016-04-03
#: slope = 0.82
#: intercept = -4.5
#: material = "HA"
#: covariance = [[1e-6, 0.0], [0.0, 0.25]]
#: valid_days = 180
#: kvp = 120.0

# How a clinical or histomorphometry table is read: which files, of which kind, and which column is what where its
# header does not say so itself. sheet, header_row, delimiter and encoding help too where files need it.
#: [[tables]]
#: file = "lab*.csv"
#: kind = "laboratory"                # or histomorphometry, eq5d, oswestry, vas, adverse-events, fractures
#: decimal = ","
#: dates = "dmy"
#: tests = { "N-telopeptide" = "NTX" }  # names of tests in the table
#: where = { ANL01FL = "Y" }           # only these rows are read
#: [tables.columns]
#: subject = "ID"
#: value = "result"
#: [tables.fixed]
#: unit = "ng/mL"                     # holds for every row where no column says it
#: [tables.units]
#: P1NP = "ng/mL"                     # of a test or column whose header has none

# A unit is converted by a rule of its own only: a value in this unit times the factor is one in the quantity's unit.
#: [[conversions]]
#: quantity = "OPG"
#: unit = "pg/mL"
#: factor = 0.05
#: source = "leaflet of the kit"

# Biopsies: from the section to space, labels, readers.
#: [histomorphometry]
#: factor = "isotropic"               # pi/4 and 4/pi; "iliac": 1/1.2 and 1.2; "stated": the two factors are given
#: osteoid_perimeter = "one-sided"    # or "outline"
#: labelling_confirmed = true         # that all participants took their labels
#: single_label = "missing"           # "floor": the rate of single labels is mar_floor_um_per_d, flagged; "censored"
#: mar_floor_um_per_d = 0.3
#: floor_observed = false             # true: smaller observed rates are lifted to the floor too
#: minimum_tissue_area_mm2 = 30.0
#: double_entry = "refuse"            # where two entries of a biopsy differ: "refuse", "mean" or "first"
#: entry_tolerance = 0.0              # relative difference that counts as agreement
#: reader_cv_percent = { "O.Pm" = 5.0 }  # by measurement, for the uncertainty of the indices
#: limits = { "Mlt" = [5.0, 200.0] }  # what is usual, in place of the built-in range

#: [clinical]
#: oswestry_most_missing = 1          # of ten sections

# Which values count, and what the report shows.
#: [analysis]
#: choose = "nearest"                 # of several in one window: "nearest" to the target day, "first", "last", "mean",
#:                                    # or "flagged" by the source (ANL01FL)
#: baseline = "baseline-visit"        # or "last-before": the last value up to day 1; "flagged": ABLFL of the source
#: reviewed_only = false              # true: only scans whose verdict is one of accepted
#: accepted = ["accept", "accept-with-edit"]
#: exclude_notes = ["blurred-edges"]  # values with these notes are not analysed
#: responder_percent = 3.0
#: relations = [["HBFRBS", "P1NP"]]

# How segmentations are read in napari: `bonemetrics review`.
#: [review]
#: readers = ["Ana", "Luis"]          # without it, anybody
#: adjudicators = ["Carmen"]          # settle what two readers see differently
#: readings = 2                       # readers of each scan: 1 or 2, each without the other's work
#: blind = ["visit", "date", "arm", "subject", "other-readers"]
#: pairs = false                      # true: two visits of a person side by side as A and B, in random order
#: repeat_percent = 10.0              # come up a second time, for the agreement of a reader with herself
#: palm = "anterior"                  # where the palm faces in every scan; for the words palmar, dorsal, radial, ulnar
#: consequence = "after-verdict"      # when an edit shows what it does to the numbers: "at-once", "never"
#: claim_minutes = 30.0               # a claim on a scan ends after so long without a sign of life
#: seed = 0                           # settles every random order
"""


def template(name: str) -> str:
    """Text of a new protocol.

    Parameters
    ----------
    name
        Of the study's folder; becomes the study's ID as far as an ID may hold it.

    Returns
    -------
    str
        Valid TOML in which every example is a comment.
    """
    study_id = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-._")[:64] or "STUDY"
    return _TEXT.replace("@ID@", study_id).replace("#: ", "# ")


def examples() -> str:
    """The same text with every example in force; a test keeps it a valid protocol."""
    return _TEXT.replace("@ID@", "EXAMPLE").replace("#: ", "")
