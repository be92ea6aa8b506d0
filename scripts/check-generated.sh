#!/usr/bin/env bash
# Fail when `go generate` changes anything: a generated file is stale, or was
# edited by hand. The new files are left in place to be looked at and committed.
set -euo pipefail
cd "$(dirname "$0")/.."

snapshot() {
  find . -type d \( -name '.?*' -o -path ./bin -o -path ./dist -o -path ./bench \) -prune -o -type f -exec cksum {} + | sort -k3
}

before=$(snapshot)
go generate ./...
if ! diff <(echo "$before") <(snapshot) >/dev/null; then
  echo "go generate changed these files; look at them and commit them:" >&2
  diff <(echo "$before") <(snapshot) | awk '/^>/ {print "  " $4}' >&2
  exit 1
fi
