#!/usr/bin/env bash
# Install the large foreign programs that only `make interop-heavy` needs:
#   .interop/heavy             TensorFlow, Keras, CatBoost, OpenVINO, Core ML tools
#   .interop/heavy-executorch  PyTorch and ExecuTorch (its NumPy is too new for the others)
# and R as a Debian package. About 9 GB, most of it PyTorch's libraries for graphics
# cards. Otherwise as setup-interop.sh.
#
# usage: scripts/setup-interop-heavy.sh [DIR]
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:-$PWD/.interop}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
skipped=$dir/skipped-heavy
: >"$skipped"
. scripts/interop-parts.sh

heavy_packages=(
  tensorflow-cpu==2.19.0 keras==3.15.1 h5py==3.16.0
  catboost==1.2.10 openvino==2026.4.1 coremltools==9.0
)
executorch_packages=(torch==2.15.0 executorch==1.5.1)

install_heavy() { environment heavy scripts/interop-constraints-heavy.txt "${heavy_packages[@]}"; }

install_executorch() { environment heavy-executorch scripts/interop-constraints-executorch.txt "${executorch_packages[@]}"; }

install_r() { have Rscript r-base-core; }

part heavy "Python: TensorFlow, Keras, CatBoost, OpenVINO, Core ML tools" "${heavy_packages[*]} $(cksum <scripts/interop-constraints-heavy.txt)"
part executorch "Python: PyTorch, ExecuTorch" "${executorch_packages[*]} $(cksum <scripts/interop-constraints-executorch.txt)"
part r "R" "any"

missing "python3 with venv, R"
