#!/bin/sh
# Makes .venv-peers, the environment of the programs we compare with, from requirements/peers.txt.
# SPDX-License-Identifier: MIT
#
# usage: benchmarks/peers/setup.sh [FOLDER]
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$root/.venv-peers}
pins=$root/requirements/peers.txt

/usr/bin/python3 -m venv "$folder"
# TorchMD-Net comes as source: its build tools first, at the pinned versions.
"$folder/bin/pip" install --constraint "$pins" setuptools setuptools-scm wheel
# The list is complete, and openmmtorch's own requirements name packages of another channel.
"$folder/bin/pip" install --no-deps --no-build-isolation --requirement "$pins"
"$folder/bin/python" -c "import torch, openmmtorch, torchmdnet.models.model"
