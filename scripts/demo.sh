#!/usr/bin/env bash
# The first two minutes: a model is admitted, shown, and let out by gate 2; then a
# poisoned copy and seven kinds of tampering are tried. The script fails when one
# of them is let through, or is refused for another reason than the one it is
# about. Everything lies in ./.demo, keys included; nothing needs a network.
set -euo pipefail
cd "$(dirname "$0")/.."
demo=$PWD/.demo
rm -rf "$demo"
mkdir -p "$demo"
go build -trimpath -o "$demo/tamper" ./scripts/tamper
export XDG_CONFIG_HOME=$demo/config PATH=$PWD/bin:$PATH
cd "$demo"
tiny=../testdata/models/tiny

bold='' dim='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; fi

step=0
say() { step=$((step + 1)); printf '\n%s%2d. %s%s\n' "$bold" "$step" "$*" "$plain"; }
shown() { printf '%s    $ sallyport %s%s\n' "$dim" "$*" "$plain"; }
indent() { sed 's/^/    /'; }
fail() { printf '\ndemo: FAILED: %s\n' "$*" >&2; exit 1; }

# expect CODE ARGS...: run sallyport, show what it says, insist on the exit code.
# The output stays in ./said.
expect() {
  local want=$1 got=0
  shift
  shown "$@"
  sallyport "$@" >said 2>&1 || got=$?
  indent <said
  [ "$got" = "$want" ] || fail "exit code $got, want $want: sallyport $*"
}

# denied REASON GATE-ARGS...: gate 2 must deny, and say why in these words.
denied() {
  local reason=$1
  shift
  expect 1 gate "$@"
  grep -qE -- "$reason" said || fail "denied, but not for the reason that was expected: $reason"
}

# fresh: each attack starts from its own copy of the honest registry.
fresh() { rm -rf attacked && cp -R registry attacked; }

repo=team/tiny
ref=layout:registry//$repo:v1-scanned
attacked=layout:attacked//$repo:v1-scanned

say "Make the keys that sign what the gates say (here in a throw-away folder)"
expect 0 keys init

say "Gate 1: admit a model into an embedded registry, an ordinary OCI layout on disk"
expect 0 admit $tiny --to $ref

say "The report: what was found, and which bytes were read as what"
expect 0 scan $tiny

say "The bill of materials"
expect 0 sbom $ref --format sallyport >/dev/null
head -n 24 said | indent
echo "    …"

say "The signed statements, decoded: anybody can read them, nobody can change them"
./tamper show registry/$repo v1-scanned >statements
grep -cE '^https?://' statements | sed 's/$/ statements about this model; the first of them:/' | indent
awk '/^https?:/ && NR > 1 {exit} {print}' statements | indent

say "Gate 2: may this model go to production?"
expect 0 gate $ref --env production

say "A poisoned copy: the same files, but the pickle calls os.system when it is loaded"
./tamper poison $tiny poisoned
expect 1 admit poisoned --to layout:registry//$repo:v3-scanned
grep -q 'os\.system' said || fail "the reason does not name os.system"

# Another admitted model, for the attacks that need one.
cp -R $tiny other && echo "A second model." >>other/README.md
sallyport admit other --to layout:registry//$repo:v2-scanned >said 2>&1 || fail "$(cat said)"

say "Tampering: an annotation is changed, the statements are attached to the new manifest"
fresh
./tamper annotate attacked/$repo v1-scanned security.scan.date 2099-01-01T00:00:00Z
denied 'another (model|manifest|subject)|different (model|manifest|subject|digest)|subject' $attacked --env production

say "Tampering: the tag is moved to another admitted model"
fresh
./tamper retag attacked/$repo v1-scanned v2-scanned
denied 'v2-scanned' $attacked --env production

say "Tampering: one bit of the weights is flipped; reading the content finds it"
fresh
./tamper content attacked/$repo v1-scanned
denied 'content|digest|bytes' $attacked --env production --content

say "Tampering: a statement is edited, its signature kept"
fresh
./tamper statement attacked/$repo v1-scanned admission '"production"' '"sandbox"'
denied 'signature' $attacked --env production

say "Tampering: the statements of another model are attached to this one"
fresh
./tamper reattach attacked/$repo v1-scanned v2-scanned
denied 'another (model|manifest|subject)|different (model|manifest|subject|digest)|subject' $attacked --env production

say "Tampering: somebody admits the same model with keys of their own"
(
  export XDG_CONFIG_HOME=$demo/foreign-config
  sallyport keys init && sallyport admit $tiny --to layout:foreign//$repo:v1-scanned
) >said 2>&1 || fail "$(cat said)"
denied 'key' layout:foreign//$repo:v1-scanned --env production

say "Time passes: the scan is older than production accepts"
denied 'old|age' $ref --env production --now "$(date -u -d '+120 days' +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -v+120d +%Y-%m-%dT%H:%M:%SZ)"

say "And the honest registry still passes"
expect 0 gate $ref --env production --content

printf '\n%sdemo: every attack was refused for its own reason.%s\n' "$bold" "$plain"
