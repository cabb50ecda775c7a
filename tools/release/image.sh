#!/usr/bin/env bash
# Builds, pushes and names the image.
#   image.sh build IMAGE             for this machine's processor; prints the digest
#   image.sh join IMAGE NAME DIGEST… several of those as one; prints its digest
#   image.sh name IMAGE TAG DIGEST   gives that one the names of a release
# A build carries SBOM and provenance; as the action it has attached a build on the built-in emulator, and
# as a command it has said its version.
set -euo pipefail

build() {
  local image=$1 metadata digest
  metadata=$(mktemp)
  docker buildx create --use --driver docker-container >/dev/null
  docker buildx build --sbom=true --provenance=mode=max --metadata-file "$metadata" \
    --output "type=image,name=$image,push-by-digest=true,name-canonical=true,push=true" . >&2
  digest=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["containerimage.digest"])' \
    <"$metadata")
  rm "$metadata"
  docker run --rm -e INPUT_DEMO=true "$image@$digest" >&2
  docker run --rm --entrypoint asc-linker "$image@$digest" --version >&2
  echo "$digest"
}

join() {
  local image=$1 name=$2
  shift 2
  docker buildx imagetools create --tag "$image:$name" "${@/#/$image@}" >&2
  digest_of "$image:$name"
}

name() {
  local image=$1 version=${2#v} digest=$3
  local names=(--tag "$image:$version")
  # v0.3.1 is 0.3.1 for good; follow.sh and docs/releasing.md say the same of the major tag.
  if [ "$(tools/release/newest.sh "v$version")" = "v$version" ]; then
    names+=(--tag "$image:${version%%.*}" --tag "$image:latest")
  fi
  docker buildx imagetools create "${names[@]}" "$image@$digest" >&2
  if [ "$(digest_of "$image:$version")" != "$digest" ]; then
    echo "image.sh: $image:$version has not become $digest." >&2
    exit 1
  fi
}

digest_of() {
  docker buildx imagetools inspect "$1" --format '{{.Manifest.Digest}}'
}

cd "$(dirname "$0")/../.."
"$@"
