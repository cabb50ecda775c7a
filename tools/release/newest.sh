#!/usr/bin/env bash
# Prints the newest release of TAG's major version, TAG itself included: newest.sh v0.3.1 [REMOTE]
set -euo pipefail

{
  echo "$1"
  git ls-remote --tags --refs "${2:-origin}" "refs/tags/${1%%.*}.*" | sed 's,.*refs/tags/,,'
} | grep -Ex 'v[0-9]+\.[0-9]+\.[0-9]+' | sort -V | tail -n 1
