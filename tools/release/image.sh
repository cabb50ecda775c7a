#!/usr/bin/env bash
# Builds and pushes the image.
#   image.sh build IMAGE             for this machine's processor; prints the digest
#   image.sh join IMAGE TAG DIGEST…  several of those as one, under TAG's names; prints the digest
# A build carries SBOM and provenance, and has attached a build on the built-in emulator.
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
  echo "$digest"
}

join() {
  local image=$1 version=${2#v} digest
  shift 2
  local parts=() names=()
  for digest in "$@"; do
    parts+=("$image@$digest")
  done
  # v0.3.1 is 0.3.1 for good; cut.sh and docs/releasing.md say the same of the major tag.
  names=(--tag "$image:$version")
  if [ "$(tools/release/newest.sh "v$version")" = "v$version" ]; then
    names+=(--tag "$image:${version%%.*}" --tag "$image:latest")
  fi
  docker buildx imagetools create "${names[@]}" "${parts[@]}" >&2
  docker buildx imagetools inspect "$image:$version" --format '{{.Manifest.Digest}}'
}

cd "$(dirname "$0")/../.."
"$@"
