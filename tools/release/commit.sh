#!/usr/bin/env bash
# Makes the commit that becomes a release: commit.sh TAG DIGEST [REMOTE], on a checkout of the commit
# whose image has DIGEST. It stands on top of that commit, names the image in action.yml, changes
# nothing else, and is pushed as the branch release/TAG. It depends on its inputs alone, its dates too:
# running this twice is running it once. Prints the commit.
set -euo pipefail

tag=$1 digest=$2 remote=${3:-origin}
cd "$(dirname "$0")/../.."

if [ -n "$(git ls-remote "$remote" "refs/tags/$tag")" ]; then
  echo "commit.sh: $tag is out. A release is never changed: raise the version." >&2
  exit 1
fi

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
release=$(git commit-tree "$(git write-tree)" -p HEAD -m "Release $tag: name the image by digest")

git push --quiet --force "$remote" "$release:refs/heads/release/$tag"
echo "$release"
