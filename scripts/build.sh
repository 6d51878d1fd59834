#!/usr/bin/env bash
# Configures build/ when the set-up or its place has changed, builds everything with two jobs, and
# checks that program and Python package start from .venv.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

logs=build/log
mkdir -p "$logs"

say() { echo "build: $*"; }

stop() {
    echo "build: $*" >&2
    exit 1
}

# What CMake's findings hold for.
circumstances() {
    pwd -P
    cat .venv/requirements.sha256 requirements/debian.txt
}

# Lines of what could not be built.
missingParts() { sed -n 's/^-- No /no /p' "$logs/configure.log"; }

# Where parts were missing they are looked for again: they may have been installed since.
configure() {
    if [ -f build/build.ninja ] && circumstances | cmp -s - build/configured &&
        [ -z "$(missingParts)" ]; then
        return
    fi
    say "configuring build/"
    rm -f build/configured
    if ! cmake --fresh --preset default >"$logs/configure.log" 2>&1; then
        cat "$logs/configure.log" >&2
        stop "configuring failed: see the first error above; needed are the counterparts of:\
 $(grep -v '^#' requirements/debian.txt | xargs)"
    fi
    missingParts | while read -r part; do say "$part"; done
    circumstances >build/configured
}

compile() {
    say "compiling with two jobs (the first time takes 10 to 25 minutes)"
    cmake --build --preset default || stop "compiling failed: see the first error above"
}

check() {
    .venv/bin/molspectra --version >/dev/null ||
        stop "starting .venv/bin/molspectra: it failed; see the message above"
    .venv/bin/python -c 'import molspectra' ||
        stop "importing the Python package molspectra: it failed; see the message above"
}

configure
compile
check
say "ready: .venv/bin/molspectra, and 'import molspectra' in .venv/bin/python"
