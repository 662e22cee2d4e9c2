# The linters are pinned here and run through Go; scripts/shellcheck brings
# ShellCheck, which is not written in Go.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
ACTIONLINT := github.com/rhysd/actionlint/cmd/actionlint@v1.7.12
SHELL_SCRIPTS := scripts/* tests/deploy/testdata/* tests/gate/testdata/* .ci/run

.DEFAULT_GOAL := help
.PHONY: help build test unit e2e lint format sandbox sandbox-down bench clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build the program into bin/
	@echo "Building bin/mediaserver (about 4 minutes the first time, seconds after a change) ..."
	go build -o bin/mediaserver .

test: unit e2e ## Run all tests: the unit tests, then the end-to-end tests in the sandbox

unit: ## Run the unit tests of the program
	@echo "Unit tests (about 6 minutes the first time, seconds once compiled) ..."
	go test -race ./...

e2e: ## Run the tests that run the program from outside, in the sandbox
	@echo "End-to-end tests (about 6 minutes; the first time about 15 more, to compile what they need) ..."
	cd tests && go test -race -timeout 60m ./...

lint: ## Check the code of both modules, the workflows and the shell scripts
	@echo "Linters (about 8 minutes the first time, a minute once compiled) ..."
	@test -z "$$(gofmt -l .)" || { echo "gofmt would change:"; gofmt -l .; exit 1; }
	go vet ./...
	cd tests && go vet ./...
	go run $(STATICCHECK) ./...
	cd tests && go run $(STATICCHECK) ./...
	scripts/shellcheck $(SHELL_SCRIPTS)
	go run $(ACTIONLINT) -shellcheck scripts/shellcheck

format: ## Format the code in both modules
	gofmt -w .

sandbox: ## Deploy all 36 resources into an emulated AWS account on this machine
	@scripts/sandbox up

sandbox-down: ## Destroy the sandbox and stop everything it started
	@scripts/sandbox down

bench: ## Measure preview, up and destroy against an empty program
	@scripts/sandbox bench

clean: ## Remove what was built
	rm -rf bin
