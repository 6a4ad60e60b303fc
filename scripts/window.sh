#!/bin/sh
# Usage: window.sh BIN [PYTEST ARGUMENTS]. Runs the tests of the napari plugin in a real window, on a virtual screen where
# there is one. Warnings of the libraries that napari brings are theirs; those of the project stay errors.
set -eu
bin=$1
shift
if command -v xvfb-run >/dev/null; then
    screen="xvfb-run -a -s '-screen 0 1366x768x24'"
elif [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ]; then
    screen=""
else
    echo "No screen and no xvfb-run: the napari plugin is not tested." >&2
    exit 0
fi
plugins="-p npe2._pytest_plugin -p napari.utils._testsupport -p pytestqt.plugin"
run() {
    eval "$screen \"\$bin/python\" -m pytest $plugins -W default --disable-warnings \"\$@\" tests/gui/test_napari_*.py"
}

code=0
run "$@" || code=$?
if [ "$code" = 1 ]; then
    # Keys and clicks go through a window system; a test counts as failed where it fails twice.
    echo "Once more, what failed:"
    code=0
    run --last-failed "$@" || code=$?
fi
exit "$code"
