#!/usr/bin/env bash
# Installs what building needs: the Debian packages and the Python environment of requirements/.
# Asks nothing; what is already there is not done again.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

logs=build/log
tools=(c++ cmake ninja ccache python3 readelf)
stamp=.venv/requirements.sha256
mkdir -p "$logs"

say() { echo "setup: $*"; }

# Stops with one sentence, in which the last error line of a log is told where one is named.
stop() {
    local log=${2:-} reason=''
    if [ -n "$log" ]; then
        reason=$(grep -E '^(E|ERROR|Error): ' "$log" | tail -n 1 || true)
    fi
    echo "setup: $1${reason:+: $reason}${log:+ (whole output: $log)}" >&2
    exit 1
}

packageNames() { grep -v '^#' requirements/debian.txt; }

missingPackages() {
    local package
    for package in $(packageNames); do
        if [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>&1)" != installed ]; then
            echo "$package"
        fi
    done
}

# Runs a command as root: directly, or through sudo, whose password installPackages has asked for.
asRoot() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        sudo -n "$@"
    fi
}

aptGet() {
    asRoot env DEBIAN_FRONTEND=noninteractive apt-get -y -q "$@" </dev/null >>"$logs/apt.log" 2>&1
}

installPackages() {
    local missing
    missing=$(missingPackages | xargs)
    if [ -z "$missing" ]; then
        return
    fi
    if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
        stop "installing $missing: neither root nor sudo; run as root: apt-get install $missing"
    fi
    say "installing Debian packages: $missing"
    : >"$logs/apt.log"
    if [ "$(id -u)" != 0 ] && [ -t 0 ]; then
        sudo -v || stop "installing $missing: sudo refused; run as root: apt-get install $missing"
    fi
    # An unreachable third-party list need not matter: the installation decides.
    aptGet update || say "apt-get update failed, trying to install all the same"
    # shellcheck disable=SC2086  # one word a package
    aptGet install --no-install-recommends $missing ||
        stop "installing $missing: apt-get failed" "$logs/apt.log"
}

# On other systems nothing is installed: the tools must be there.
checkTools() {
    local tool absent=()
    for tool in "${tools[@]}"; do
        command -v "$tool" >/dev/null || absent+=("$tool")
    done
    if [ ${#absent[@]} -gt 0 ]; then
        stop "looking for ${absent[*]}: not found, and only on Debian 12 is anything installed;\
 install your system's counterparts of: $(packageNames | xargs)"
    fi
}

systemPackages() {
    local ID='' VERSION_ID=''
    # shellcheck source=/dev/null
    [ ! -r /etc/os-release ] || . /etc/os-release
    if [ "$ID" = debian ] && [ "$VERSION_ID" = 12 ]; then
        installPackages
    else
        checkTools
    fi
}

# /usr/bin/python3 is the interpreter that the installed headers belong to. In an environment that
# was moved or copied the programs still name the old place, so it is made again.
pythonEnvironment() {
    local wanted place python=/usr/bin/python3 log=$logs/pip.log
    place=$(realpath -m .venv)
    wanted=$(echo "$place" && cat requirements/python.txt requirements/python-lock.txt | sha256sum)
    if [ -x .venv/bin/python ] && [ -f $stamp ] && [ "$(cat $stamp)" = "$wanted" ]; then
        return
    fi
    [ -x $python ] || python=python3
    if [[ $(.venv/bin/pip --version 2>&1) != *" from $place/"* ]]; then
        say "making the Python environment .venv"
        $python -m venv --clear .venv >"$log" 2>&1 ||
            stop "making .venv: $python -m venv failed" "$log"
    fi
    say "installing the Python packages of requirements/python.txt (5 GB on the disk, minutes)"
    .venv/bin/python -m pip install --no-input --disable-pip-version-check --progress-bar off \
        -r requirements/python.txt </dev/null >"$log" 2>&1 ||
        stop "installing requirements/python.txt: pip failed" "$log"
    echo "$wanted" >$stamp
}

systemPackages
pythonEnvironment
say "ready"
