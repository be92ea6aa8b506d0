#!/usr/bin/env bash
# Run every fuzz target of the module for a short time.
#
# usage: scripts/fuzz.sh [TIME]
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:-10s}
failed=0
for package in $(go list ./...); do
  # Each target needs a run of its own: go test fuzzes one at a time.
  for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
    echo "$package $target"
    go test -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x "$package" || failed=1
  done
done
exit $failed
