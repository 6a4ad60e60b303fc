#!/bin/sh
# Usage: demo.sh BIN DEMO. The main job on the sample trial: scans, reports, sheets in; outcomes dataset and report out.
set -eu
bin=$1
demo=$2

rm -rf "$demo"
mkdir -p "$demo"
echo "1/6  Four scans of the sample trial lie in sample_data/; this is what one of them measures:"
first=$(ls -d sample_data/input/CSM-*/*/ | head -n 1)
"$bin/bonemetrics" measure "$first"
echo "2/6  Writing the whole synthetic trial …"
"$bin/bonemetrics" sample "$demo/trial"
echo "3/6  Making the study, measuring every scan and reading every report and sheet …"
"$bin/bonemetrics" init "$demo/study" --protocol "$demo/trial/study.toml"
"$bin/bonemetrics" run "$demo/study" "$demo/trial/input"
echo "4/6  What is in, and what waits for a reader:"
"$bin/bonemetrics" status "$demo/study"
echo "5/6  The outcomes dataset, in every format …"
"$bin/bonemetrics" export "$demo/study" "$demo/tables" \
    --format csv,parquet,xpt,redcap,dataset-json,sdtm >"$demo/export.txt"
echo "6/6  The report …"
"$bin/bonemetrics" report "$demo/study" "$demo/report"
echo
head -n 1 "$demo/tables/outcomes_long.csv" | cut -d , -f 2-14
grep "CSM-08.*,\(RADTBD\|P1NP\|HACF\)," "$demo/tables/outcomes_long.csv" | cut -d , -f 2-14 | head -n 10
echo
echo "Report     $demo/report/report.html   (open it in a browser; figures as files beside it)"
echo "Outcomes   $demo/tables               (outcomes_long.csv, outcomes_wide.csv, dictionary.csv, the same as parquet,"
echo "                                       xpt and json, REDCap import, sdtm/, define.xml)"
echo "Study      $demo/study                (scans/<scan-id>/qc.png is the picture to look at)"
echo "Truth      $demo/trial                (truth.csv of the scans, truth_outcomes.csv of all else)"
