#!/bin/sh
# Usage: demo.sh BIN DEMO. The main job on the sample trial: scans in, density table out.
set -eu
bin=$1
demo=$2

rm -rf "$demo"
mkdir -p "$demo"
echo "1/5  Four scans of the sample trial lie in sample_data/; this is what one of them measures:"
first=$(ls -d sample_data/input/*/*/ | head -n 1)
"$bin/bonemetrics" measure "$first"
echo "2/5  Writing the whole synthetic trial …"
"$bin/bonemetrics" sample "$demo/trial"
echo "3/5  Making the study and measuring every scan …"
"$bin/bonemetrics" init "$demo/study" --protocol "$demo/trial/study.toml"
"$bin/bonemetrics" run "$demo/study" "$demo/trial/input"
echo "4/5  What is in, and what waits for a reader:"
"$bin/bonemetrics" status "$demo/study"
echo "5/5  The density table:"
"$bin/bonemetrics" export "$demo/study" "$demo/tables" --format csv,parquet
echo
head -n 6 "$demo/tables/density.csv" | cut -c 1-150
echo
echo "Study      $demo/study       (scans/<scan-id>/qc.png is the picture to look at)"
echo "Tables     $demo/tables      (density.csv, density.parquet, dictionary.csv)"
echo "Truth      $demo/trial/truth.csv"
