# Everything that a newcomer and a machine need. `make run` and `make test` do all the set-up that they need themselves.

export CGO_ENABLED = 0

BINARY  = bin/sallyport
# Tools are fetched as Go modules at these versions and run from the module cache.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.8.0

.PHONY: build run test test-deps test-go test-race test-oracle test-clients test-terraform lint clean

build:
	go build -trimpath -ldflags "-s -w" -o $(BINARY) ./cmd/sallyport

# Starts the embedded default in development mode and prints the next steps, ready to paste.
run: build
	$(BINARY) serve --dev --data sallyport-data

# All tests, the clients' among them. test-deps installs what those need and is quick when they are there.
test: test-deps test-go test-race test-oracle test-clients

test-deps:
	test/install

test-go:
	go test ./...

# The packages in which goroutines share something. The race detector needs a C compiler.
test-race:
	CGO_ENABLED=1 go test -race ./internal/store ./internal/keys ./internal/token ./internal/signin ./internal/server ./internal/assertion ./internal/explain ./internal/sigv4

# The command line against the AWS CLI, case by case.
test-oracle: build
	test/oracle $(BINARY)

# Real clients and a real browser against the freshly built binary.
test-clients:
	go test -tags clients -count=1 -timeout 40m ./test/... ./internal/completion

# Terraform configures an instance, finds nothing to change, and destroys it again. Not part of `make test`: it needs terraform in PATH, and in
# TF_CLI_CONFIG_FILE a place that has its AWS provider.
test-terraform:
	go test -tags clients,terraform -count=1 -run Terraform ./test/clients

lint:
	@unformatted=$$(gofmt -l cmd internal test); if [ -n "$$unformatted" ]; then echo "not gofmt-clean: $$unformatted"; exit 1; fi
	go vet ./... && go vet -tags clients,terraform ./test/... ./internal/completion
	go run $(STATICCHECK) ./... && go run $(STATICCHECK) -tags clients,terraform ./test/... ./internal/completion
	test/vulncheck $(GOVULNCHECK)

clean:
	rm -rf bin out
