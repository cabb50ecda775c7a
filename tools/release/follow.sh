#!/usr/bin/env bash
# Lets the major tag follow a release: follow.sh v0.3.1 [REMOTE] moves v0 to its commit, unless a newer
# release has it. The release's own tag stays where its maintainer signed it.
set -euo pipefail

tag=$1 remote=${2:-origin}
cd "$(dirname "$0")/../.."

if [ "$(tools/release/newest.sh "$tag" "$remote")" = "$tag" ]; then
  git push --quiet --force "$remote" "HEAD:refs/tags/${tag%%.*}"
fi
