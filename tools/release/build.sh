#!/usr/bin/env bash
# Builds sdist and wheel into DIST, and runs the tests on the wheel: tools/release/build.sh DIST
# Where they run there is no asc_linker/, so nothing but the wheel can be what is tested. Three folders
# and files stay out: composite/ and more/ run the checkout, and the files around the code are not in
# the wheel. The rest of the arguments go to pytest.
set -euo pipefail

mkdir -p "$1"
dist=$(cd "$1" && pwd)
shift
cd "$(dirname "$0")/../.."
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

make -s .venv/.dev
.venv/bin/hatchling build -d "$dist" >/dev/null

git ls-files -z --cached --others --exclude-standard -- . ':!asc_linker' |
  tar --null -T - -cf - | tar -xf - -C "$scratch"
cd "$scratch"
make -s .venv/.dev
.venv/bin/python -m pip install -q --disable-pip-version-check --no-deps "$dist"/*.whl
.venv/bin/python -m pytest -q -o pythonpath=tests --ignore=tests/composite --ignore=tests/more \
  --ignore=tests/test_project_files.py "$@"
