# The linters are pinned here and run through Go; scripts/shellcheck brings
# ShellCheck, which is not written in Go.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# It does not know the key `queue` yet (GitHub changelog of 7 May 2026), which keeps deployments from being cancelled.
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
SHELL_SCRIPTS := scripts/* tests/plangate/testdata/bin/* .ci/run

# As in scripts/tool.
export GOFLAGS := $(shell scripts/goflags)
export GOGC ?= 400
# As the sandbox's Go host builds the program (tests/internal/languagehost).
PROGRAM_FLAGS := -gcflags= -ldflags "-w -s"

.DEFAULT_GOAL := help
.PHONY: help build test unit e2e race lint docs format sandbox sandbox-down acceptance bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the program into bin/
	@echo "Building bin/mediaserver (about 2 minutes the first time, seconds after a change) ..."
	go build $(PROGRAM_FLAGS) -o bin/mediaserver .

test: unit e2e ## Run all tests: the unit tests, then the end-to-end tests in the sandbox

# `make lint` vets the code; these do not do it again.
unit: ## Run the unit tests of the program and of the tools
	@echo "Unit tests (about 2 minutes the first time, seconds once compiled) ..."
	go test -vet=off ./...
	cd tools && go test -vet=off ./...

# Go believes a test's last result as long as the test's own module has not changed. What these tests test is
# outside of it: the program, the scripts, the policies, the documents. So they run each time.
# Three packages at a time, one more than the two processors that this was measured on: part of their time they wait for
# processes that they started. Those that take longest begin first, so that none of them is still at work when all others
# are done.
E2E_TEST := go test -json -vet=off -count=1 -p 3 -timeout 60m
E2E_PACKAGES := ./e2e ./plangate ./cmd/sandbox ./cmd/acceptance ./adopt ./https ./deploy ./fit ./...
# Its exit status is that of the tests.
PROGRESS := go run ./cmd/test-progress

e2e: ## Run the tests that run the program from outside, in the sandbox
	@echo "End-to-end tests (6 to 30 minutes, depending on the machine; the first time more, to compile what they need) ..."
	cd tests && $(E2E_TEST) $(E2E_PACKAGES) | $(PROGRESS)

race: ## Run all tests with the race detector, which needs a C compiler
	@echo "All tests with the race detector (8 to 40 minutes, depending on the machine; the first time more, to compile for it) ..."
	go test -race -vet=off ./...
	cd tools && go test -race -vet=off ./...
	cd tests && $(E2E_TEST) -race $(E2E_PACKAGES) | $(PROGRESS)

lint: ## Check the code of the three modules, the workflows and the shell scripts
	@echo "Linters (4 to 15 minutes the first time, seconds once compiled) ..."
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	go vet ./...
	cd tools && go vet ./...
	cd tests && go vet ./...
	go run $(STATICCHECK) ./...
	cd tools && go run $(STATICCHECK) ./...
	cd tests && go run $(STATICCHECK) ./...
	scripts/shellcheck $(SHELL_SCRIPTS)
	go run $(ACTIONLINT) -shellcheck scripts/shellcheck -ignore 'unexpected key "queue" for "concurrency" section'

docs: ## Bring the lists in the documents and the pictures of the dashboard up to date
	go test -vet=off -count=1 -run '^Test.*AreUpToDate$$' . -update

format: ## Format the code of the three modules
	gofmt -w .

sandbox: ## Deploy all 36 resources into an emulated AWS account on this machine
	@scripts/sandbox up

sandbox-down: ## Destroy the sandbox and stop everything it started
	@scripts/sandbox down

acceptance: ## Test everything on AWS and remove it again (ARGS=--yes: do not ask)
	@scripts/acceptance $(ARGS)

bench: ## Measure preview, up and destroy against an empty program
	@scripts/sandbox bench

clean: ## Remove what was built
	rm -rf bin
