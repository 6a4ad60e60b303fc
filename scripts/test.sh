#!/bin/sh
# Usage: test.sh BIN. Runs the tests of the library, and beside them, on the other core, those of the napari plugin.
set -eu
bin=$1
said=$(mktemp)
trap 'rm -f "$said"' EXIT
sh scripts/window.sh "$bin" -q --durations=10 >"$said" 2>&1 &
window=$!
code=0
"$bin/pytest" -q --durations=15 || code=$?
wait "$window" || { window_code=$?; [ "$code" != 0 ] || code=$window_code; }
echo "In a window:"
cat "$said"
exit "$code"
