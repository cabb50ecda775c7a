#!/usr/bin/env bash
# Prints the digest of the image that a release names: tagged.sh TAG [REMOTE], on a checkout of TAG.
# It refuses a tag that is not signed, and a commit that is not what commit.sh makes: one on top of the
# commit that was prepared, with the image named in action.yml and nothing else changed.
set -euo pipefail

tag=$1 remote=${2:-origin}
cd "$(dirname "$0")/../.."

refuse() {
  echo "tagged.sh: $tag $1" >&2
  exit 1
}

# The checkout may hold the tag as a name of the commit alone.
git fetch --quiet --force "$remote" "refs/tags/$tag:refs/tags/$tag"
[ "$(git cat-file -t "refs/tags/$tag")" = tag ] || refuse "is not annotated: make it with git tag -s."
git cat-file tag "refs/tags/$tag" | grep -Eq '^-----BEGIN (PGP|SSH) SIGNATURE-----$' ||
  refuse "is not signed: make it with git tag -s."
[ "$(git rev-parse "refs/tags/$tag^{commit}")" = "$(git rev-parse HEAD)" ] ||
  refuse "is at another commit than the one checked out: somebody moved it."

digest=$(git show HEAD:action.yml | sed -n 's/^  image: .*@\(sha256:[0-9a-f]*\)$/\1/p')
[ -n "$digest" ] || refuse "names no image by digest: tag the commit that the preparation made."
prepared=$(git show HEAD^:action.yml | python3 tools/release/pin_image.py "$digest")
if [ "$(git diff --name-only HEAD^ HEAD)" != action.yml ] ||
  [ "$(git show HEAD:action.yml)" != "$prepared" ]; then
  refuse "changes more than the name of the image."
fi
echo "$digest"
