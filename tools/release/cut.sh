#!/usr/bin/env bash
# Cuts a release: cut.sh TAG DIGEST [REMOTE], on a checkout of the commit that was tagged.
# TAG is moved to a commit on top of it whose action.yml names the image by DIGEST; the major tag
# follows, unless a newer release has it. The commit depends on its inputs alone, its dates too:
# running this twice is running it once.
set -euo pipefail

tag=$1 digest=$2 remote=${3:-origin} major=${1%%.*}
cd "$(dirname "$0")/../.."

tagged=$(git rev-parse HEAD)
date=$(git log -1 --format=%cI HEAD)
export GIT_AUTHOR_NAME='asc-linker release' GIT_AUTHOR_EMAIL=release@asc-linker.invalid
export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
export GIT_AUTHOR_DATE=$date GIT_COMMITTER_DATE=$date

GIT_INDEX_FILE=$(mktemp -u)
export GIT_INDEX_FILE
trap 'rm -f "$GIT_INDEX_FILE"' EXIT
action=$(git show HEAD:action.yml | python3 tools/release/pin_image.py "$digest" |
  git hash-object -w --stdin)
git read-tree HEAD
git update-index --cacheinfo "100644,$action,action.yml"
release=$(git commit-tree "$(git write-tree)" -p "$tagged" -m "Release $tag: name the image by digest")

# An annotated tag is two lines: its own object, then what it tags.
found=$(git ls-remote "$remote" "refs/tags/$tag" "refs/tags/$tag^{}")
case $(tail -n 1 <<<"$found" | cut -f 1) in
  "$tagged" | "$release") ;;
  *)
    echo "cut.sh: $tag of $remote is neither $tagged nor its release: somebody moved it." >&2
    exit 1
    ;;
esac
refs=("$release:refs/tags/$tag")
if [ "$(tools/release/newest.sh "$tag" "$remote")" = "$tag" ]; then
  refs+=("$release:refs/tags/$major")
fi
git push --quiet --atomic --force "$remote" "${refs[@]}"
echo "$release"
