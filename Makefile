# Everything runs with the Go of the machine and without cgo.
export GOTOOLCHAIN := local
export CGO_ENABLED := 0

GO ?= go
INTEROP := $(CURDIR)/.interop
STATICCHECK := $(GO) tool -modfile=tools/go.mod staticcheck
GOFILES = $(shell find . -name '*.go' -not -path './.*' -not -path './bin/*' -not -path './dist/*' -not -path './bench/.*')
# Nested modules with tests that judge us with other people's libraries.
JUDGES := $(patsubst %/go.mod,%,$(wildcard internal/*/interop/go.mod test/*/go.mod))

.PHONY: build demo test lint unit interop interop-setup interop-heavy race fuzz bench generate check-generated release clean help

help: ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 20

build: ## build bin/sallyport
	$(GO) build -trimpath -ldflags '-s -w' -o bin/sallyport ./cmd/sallyport

demo: build ## the first two minutes: admit, gate, a poisoned copy, seven ways to tamper
	@scripts/demo.sh

test: lint interop-setup ## everything: lint, unit tests, tests with foreign clients
	SALLYPORT_INTEROP=$(INTEROP) $(GO) test -timeout 30m ./...
	@$(MAKE) --no-print-directory judges
	@if [ -s $(INTEROP)/skipped ]; then echo "*** SKIPPED for want of:"; sed 's/^/***   /' $(INTEROP)/skipped; fi

lint: check-generated ## gofmt, go vet, staticcheck, generated files
	@unformatted=$$(gofmt -l $(GOFILES)); if [ -n "$$unformatted" ]; then echo "gofmt -w these:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(GO) vet -tags heavy ./test/interop
	$(STATICCHECK) ./...

unit: ## unit tests only, without network
	$(GO) test -timeout 30m $$($(GO) list ./... | grep -v /test/interop)

interop-setup:
	@scripts/setup-interop.sh $(INTEROP)

interop: interop-setup ## tests with foreign clients only
	SALLYPORT_INTEROP=$(INTEROP) $(GO) test -count=1 -timeout 30m ./test/interop/...
	@$(MAKE) --no-print-directory judges

.PHONY: judges
judges:
	@for dir in $(JUDGES); do echo "$$dir:"; (cd $$dir && SALLYPORT_INTEROP=$(INTEROP) $(GO) test -timeout 30m ./...) || exit 1; done

# The tests in files *_heavy_test.go, and no others. A client that is missing is a
# failure here. What they said stays in interop-heavy.log.
HEAVY = $(shell sed -n 's/^func \(Test[A-Za-z0-9_]*\).*/\1/p' test/interop/*_heavy_test.go | paste -sd'|' -)

interop-heavy: ## tests with large foreign clients (TensorFlow, PyTorch, ...; 9 GB)
	@scripts/setup-interop-heavy.sh $(INTEROP)
	@{ date -u; git log -1 --format='%H %s'; git status --short | head -20; \
	SALLYPORT_INTEROP=$(INTEROP) CI=true $(GO) test -count=1 -timeout 60m -v -tags heavy -run '^($(HEAVY))$$' ./test/interop; } \
	>$(INTEROP)/interop-heavy.log 2>&1; status=$$?; \
	grep -vE '^ *=== |^ +--- PASS' $(INTEROP)/interop-heavy.log; exit $$status

race: ## unit tests under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -race -timeout 60m $$($(GO) list ./... | grep -v /test/interop)

fuzz: ## every fuzz target for FUZZTIME (10s each)
	@scripts/fuzz.sh $(or $(FUZZTIME),10s)

.PHONY: differential
differential: ## compare with CPython's unpicklers; N=5000000 SEED=1
	SALLYPORT_SEED=$(or $(SEED),1) SALLYPORT_DIFFERENTIAL=$(or $(N),200000) $(GO) test -count=1 -timeout 0 -v ./test/differential

bench: ## measure beside the peers; BENCHFLAGS="--rows tiny,pt --repeat 3"
	python3 bench/run.py $(BENCHFLAGS)

generate: ## regenerate everything that is generated
	$(GO) generate ./...

check-generated:
	@scripts/check-generated.sh

release: ## reproducible builds for all platforms into dist/; VERSION=v1.2.3
	@scripts/release.sh $(or $(VERSION),v0.1.0-dev)

clean: ## remove what was built; keeps the benchmark corpus
	rm -rf bin dist .demo .interop
