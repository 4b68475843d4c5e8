#!/bin/sh
# Makes .venv and brings it to the versions of requirements.lock. Does nothing if it is up to date.
# PYTHON names the interpreter to use; without it the first working Python 3.11 to 3.13 is used.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
incomplete=$venv/incomplete # there while packages are being installed
stamp=$venv/installed       # what the environment was made from
case ${OS:-} in Windows_NT) bin=$venv/Scripts ;; *) bin=$venv/bin ;; esac

fail() {
    echo "unrolled: $1" >&2
    exit 1
}

# Prints a version only if the interpreter really runs: a shim may exist and still fail.
version_of() { "$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null || true; }
named() { echo "${1:-no Python that runs}" | sed 's/^[0-9]/Python &/'; }
suits() { case $(version_of "$1") in 3.11 | 3.12 | 3.13) true ;; *) false ;; esac; }

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        python=$PYTHON
        return
    fi
    for python in python3 python3.13 python3.12 python3.11 python; do
        if suits "$python"; then return; fi
    done
    fail "Python 3.11, 3.12 or 3.13 is needed and none is found (python3 is $(named "$(version_of python3)")); install one, or name it: make PYTHON=/path/to/python3"
}

# Scripts in an environment contain its path, so one that was moved or copied is remade.
wanted() { pwd && version_of "$bin/python" && cksum requirements.lock pyproject.toml; }
home() { if [ -f "$stamp" ]; then head -n 1 "$stamp"; else pwd; fi; }
as_asked() { [ -z "${PYTHON:-}" ] || [ "$(version_of "$PYTHON")" = "$(version_of "$bin/python")" ]; }
current() { [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(wanted)" ]; }
sound() {
    [ ! -f "$incomplete" ] && [ "$(home)" = "$(pwd)" ] && suits "$bin/python" &&
        "$bin/python" -m pip --version >/dev/null 2>&1
}

command -v git >/dev/null 2>&1 || fail "git is not found; install it and run make again"
if [ -n "${PYTHON:-}" ] && ! suits "$PYTHON"; then
    fail "PYTHON=$PYTHON is $(named "$(version_of "$PYTHON")"); Python 3.11, 3.12 or 3.13 is needed"
fi
if as_asked && current; then exit 0; fi

if ! { as_asked && sound; }; then
    find_python
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python cannot make an environment: its venv or ensurepip module is missing (on Debian and Ubuntu: apt install python3-venv)"
    echo "Making .venv with $("$python" --version)"
    "$python" -m venv --clear "$venv" || fail "$python could not make .venv; the lines above say why"
fi

rm -f "$stamp"
: >"$incomplete"
echo "Installing the versions of requirements.lock (some minutes the first time)"
"$bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.lock ||
    fail "the locked versions could not be installed; the lines above say why"
"$bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . ||
    fail "the package could not be installed; the lines above say why"
rm "$incomplete"
wanted >"$stamp"
