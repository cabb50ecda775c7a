#!/usr/bin/env bash
# Joins the report files in the folder REPORTS: installs what asc-linker needs, from its lock, and
# becomes `asc-linker summary`.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
packages=$RUNNER_TEMP/asc-linker-packages

shopt -s nullglob
files=("$REPORTS"/*.json)
if [ ${#files[@]} -eq 0 ]; then
  echo '::error title=asc-linker%3A No report::No shard has left a report: look at the jobs above.'
  exit 1
fi

python3 -Es -m pip install --quiet --disable-pip-version-check --no-input --no-compile \
  --require-hashes --no-deps --only-binary :all: \
  --target "$packages" --requirement "$root/requirements/runtime.txt"
PYTHONPATH=$root:$packages exec python3 -BPs -m asc_linker summary "${files[@]}"
