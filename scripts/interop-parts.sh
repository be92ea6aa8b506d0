# What the setup scripts of the foreign programs share. To be sourced after $dir,
# the folder to install into, and $skipped, the file that lists what could not be
# installed, are set.

# have COMMAND PACKAGE: install a Debian package when the command is missing and
# we may.
have() {
  command -v "$1" >/dev/null && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
  fi
  command -v "$1" >/dev/null
}

# environment NAME CONSTRAINTS PACKAGE...: a fresh Python environment $dir/NAME. The
# file of constraints pins what the packages bring along.
environment() {
  local name=$1 constraints=$2
  shift 2
  have python3 python3 || return 1
  # Debian ships ensurepip separately.
  if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
    [ "$(id -u)" = 0 ] && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null || return 1
  fi
  python3 -m venv --clear "$dir/$name" &&
    "$dir/$name/bin/pip" install --quiet --disable-pip-version-check -c "$constraints" "$@"
}

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
    echo "$2" >>"$skipped"
  fi
}

# missing NEEDED: say loudly what could not be installed; in CI that is a failure.
missing() {
  [ -s "$skipped" ] || return 0
  {
    echo
    echo "*** INTEROP CLIENTS MISSING: the tests that need them are SKIPPED ***"
    sed 's/^/***   /' "$skipped"
    echo "*** Needed: $1, and a network or a mirror."
    echo
  } >&2
  [ "${CI:-}" != true ]
}
