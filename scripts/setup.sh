#!/bin/sh
# Usage: setup.sh VENV WHAT. Makes the virtual environment and installs WHAT into it, at the tested versions.
set -eu
venv=$1
what=$2

python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    echo "bonemetrics needs Python 3.11 or newer; '$python' is not. Set PYTHON=/path/to/python3.11 and call make again." >&2
    exit 1
fi

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
install_package() { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; }

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if may_install; then
        install_package python3-venv
    else
        echo "One system package is missing: install python3-venv (Debian, Ubuntu) and call make again." >&2
        exit 1
    fi
fi

# Report pages that are only pictures are read by Tesseract; everything else works without it.
if ! command -v tesseract >/dev/null; then
    if may_install; then
        install_package tesseract-ocr
    else
        echo "Tesseract is missing, so pictures of report pages cannot be read: install tesseract-ocr (Debian, Ubuntu)." >&2
    fi
fi

# The report is tested in a real browser; nothing but its test needs one.
case $what in
*test*)
    if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null && ! command -v google-chrome >/dev/null; then
        if may_install; then
            install_package chromium
        else
            echo "Chromium is missing, so the report is not tested in a browser: install chromium (Debian, Ubuntu)." >&2
        fi
    fi
    # The napari plugin is tested in a real window, on a virtual screen where the machine has none.
    if ! command -v xvfb-run >/dev/null || ! ldconfig -p | grep -q libxcb-cursor; then
        window="xvfb xauth libegl1 libgl1 libgl1-mesa-dri libglx-mesa0 libopengl0 libxkbcommon-x11-0 libxcb-cursor0
            libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 libxcb-xinerama0
            libxcb-xkb1 libdbus-1-3 libfontconfig1 libglib2.0-0 fonts-dejavu-core"
        if may_install; then
            # shellcheck disable=SC2086 - a list of names
            install_package $window
        else
            echo "No virtual screen, so the napari plugin is not tested: install $(echo $window) (Debian, Ubuntu)." >&2
        fi
    fi
    ;;
esac

[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
echo "Installing $what into $venv (a minute or two at the first time) …"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable "$what"
