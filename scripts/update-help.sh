#!/usr/bin/env bash
# Writes the help pages of the built program into docs/cli; a test compares them.
# SPDX-License-Identifier: MIT
set -euo pipefail
cd "$(dirname "$0")/.."

program=build/bin/molspectra
mkdir -p docs/cli
"$program" --help >docs/cli/molspectra.txt
for command in data pretrain finetune evaluate match reconstruct inspect export import; do
    "$program" "$command" --help >"docs/cli/$command.txt"
done
