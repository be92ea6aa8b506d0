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

# denied CLAUSE WORDS GATE-ARGS...: gate 2 must deny because of this clause of the
# policy, and say these words. Shown are the reasons without hints and notes.
denied() {
  local clause=$1 words=$2 got=0
  shift 2
  shown gate "$@"
  sallyport gate "$@" >said 2>&1 || got=$?
  reasons <said | indent
  [ "$got" = 1 ] || fail "exit code $got, want 1: sallyport gate $*"
  sallyport gate "$@" --format json >decision.json || true
  grep -A1 -F "\"clause\": \"$clause\"" decision.json | grep -qF '"deny": true' || fail "not denied by $clause"
  grep -qF -- "$words" decision.json || fail "the decision does not say: $words"
}

# reasons: of a decision in words, the first line, what denies, and the first
# statement that did not count.
reasons() {
  awk 'NR == 1 { print; next }
    /^  DENY/ { on = 1 }
    /^  note/ { on = 0; held = "" }
    /^ *hint:/ || /^ *$/ { on = 0 }
    on { print; next }
    { held = held $0 "\n" }
    /\(statement.ignored\)/ && !ignored { ignored = 1; printf "%s", held; held = "" }'
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

say "The bill of materials (simple form; CycloneDX with --format cyclonedx)"
expect 0 sbom $ref --format sallyport >/dev/null
{ head -n 22 said; echo "  …"; } | indent

say "The signed statements, decoded: anybody can read them, nobody can change them"
./tamper show registry/$repo v1-scanned >statements
grep -E '^https?://' statements | sed 's/^/a signed statement of type /' | indent
echo "    the payload of the admission statement:"
awk '/^https?:/ { on = /admission/; next } on' statements | indent

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
denied statement.missing 'The statement is about another subject' $attacked --env production

say "Tampering: the tag is moved to another admitted model"
fresh
./tamper retag attacked/$repo v1-scanned v2-scanned
denied admission.tag 'not as \"v1-scanned\"' $attacked --env production

say "Tampering: one bit of the weights is flipped; reading the content finds it"
fresh
./tamper content attacked/$repo v1-scanned
denied content.problem 'pytorch_model.bin: corrupt' $attacked --env production --content

say "Tampering: a statement is edited, its signature kept"
fresh
./tamper statement attacked/$repo v1-scanned admission '"production"' '"sandbox"'
denied statement.missing 'No trusted key made this signature' $attacked --env production

say "Tampering: the statements of another model are attached to this one"
fresh
./tamper reattach attacked/$repo v1-scanned v2-scanned
denied statement.missing 'Model signature does not hold: file changed since signing' $attacked --env production

say "Tampering: somebody admits the same model with keys of their own"
(
  export XDG_CONFIG_HOME=$demo/foreign-config
  sallyport keys init && sallyport admit $tiny --to layout:foreign//$repo:v1-scanned
) >said 2>&1 || fail "$(cat said)"
denied statement.missing 'There is no trusted model signature' layout:foreign//$repo:v1-scanned --env production

say "Time passes: the scan is older than production accepts"
later=$(date -u -d '+120 days' +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -v+120d +%Y-%m-%dT%H:%M:%SZ)
denied scan.age '120 days old' $ref --env production --now "$later"

say "And the honest registry still passes"
expect 0 gate $ref --env production --content

printf '\n%sdemo: every attack was refused for its own reason.%s\n' "$bold" "$plain"
