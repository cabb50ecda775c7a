#!/usr/bin/env bash
# Finds a Python that is new enough, and becomes it: `exec`, so that a cancelled job reaches Python.
# The bash of macOS (3.2) and Git's on Windows have to understand this file.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
tools=${RUNNER_TOOL_CACHE:-/opt/hostedtoolcache}

# Git's bash rewrites what looks like a path when it starts a program of Windows. Inputs are no paths
# of its own: base64 may begin with a slash.
export MSYS2_ENV_CONV_EXCL=ASC_LINKER_

# What PATH says comes first, as setup-python writes there. A runner that is a service often has a
# PATH without the Python that Homebrew or python.org installed, and every hosted runner has some in
# its tool cache. -E and -s: neither the workflow's PYTHON* variables nor packages under HOME. -S: no
# site-packages at all, ours are added by start.py. -B: the checkout of the action stays as it is.
for python in python3 python python3.14 python3.13 python3.12 python3.11 \
  /opt/homebrew/bin/python3 /usr/local/bin/python3 \
  /Library/Frameworks/Python.framework/Versions/3.*/bin/python3 \
  "$tools"/Python/3.*/*/bin/python3 "$tools"/Python/3.*/*/python.exe; do
  if "$python" -BESs -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
    exec "$python" -BESs "$here/start.py"
  fi
done

if [ -n "${GITHUB_OUTPUT:-}" ]; then
  printf 'outcome=failed\nchanged=false\n' >>"$GITHUB_OUTPUT"
fi
echo '::error title=asc-linker%3A No Python::asc-linker needs Python 3.11 or newer, and this runner has' \
  'none.%0AAdd a step before it: uses: actions/setup-python with python-version 3.13.'
exit 1
