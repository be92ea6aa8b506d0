#!/usr/bin/env bash
# Build every release binary twice, from two folders with two build caches, and
# keep them only when both builds are the same bytes. Writes into dist/:
#   sallyport_VERSION_OS_ARCH[.exe]   the program
#   ….cdx.json                        what it is made of (CycloneDX)
#   LICENSES.txt                      the licences of everything that is linked
#   checksums.txt                     SHA-256 of all of these
#
# usage: scripts/release.sh VERSION        PLATFORMS="linux/amd64" for some of them
set -euo pipefail
cd "$(dirname "$0")/.."
version=${1:?usage: scripts/release.sh VERSION}
platforms=${PLATFORMS:-linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64}
root=$PWD
dist=$root/dist

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
rm -rf "$dist"
mkdir -p "$dist" "$scratch/one" "$scratch/two/deeper" "$scratch/out"

# Both builds see only what belongs to the source, each in a folder of its own, so
# that neither paths nor edits during the build can get in.
tar -cf "$scratch/source.tar" --exclude=./.git --exclude=./.interop --exclude=./.demo --exclude=./bin --exclude=./dist --exclude=./bench .
tar -xf "$scratch/source.tar" -C "$scratch/one"
tar -xf "$scratch/source.tar" -C "$scratch/two/deeper"

# build PLATFORM FOLDER: from the source in the current folder.
build() {
  local os=${1%/*} arch=${1#*/} name
  name=sallyport_${version}_${os}_${arch}
  [ "$os" = windows ] && name=$name.exe
  CGO_ENABLED=0 GOOS=$os GOARCH=$arch GOTOOLCHAIN=local GOFLAGS= \
    go build -trimpath -buildvcs=false \
    -ldflags "-s -w -X github.com/sallyport/sallyport/internal/cli.Version=$version" \
    -o "$2/$name" ./cmd/sallyport
}

for platform in $platforms; do
  echo "release: $platform"
  (cd "$scratch/one" && build "$platform" "$dist")
  (cd "$scratch/two/deeper" && GOCACHE=$scratch/cache build "$platform" "$scratch/out")
done

for file in "$dist"/*; do
  if ! cmp "$file" "$scratch/out/$(basename "$file")"; then
    echo "release: two builds of $(basename "$file") differ; it is not reproducible" >&2
    exit 1
  fi
done
echo "release: $(ls "$dist" | wc -l) binaries, each built twice with the same bytes"

go run ./scripts/bill -version "$version" -licences "$dist/LICENSES.txt" "$dist"/sallyport_*
(cd "$dist" && { command -v sha256sum >/dev/null && sha256sum -- * || shasum -a 256 -- *; } >"$scratch/checksums.txt")
mv "$scratch/checksums.txt" "$dist/checksums.txt"
echo "release: dist/ is ready"
