# Everything that a newcomer and a machine need. `make run` and `make test` do all the set-up that they need themselves.

export CGO_ENABLED = 0

BINARY  = bin/sallyport
# Tools are fetched as Go modules at these versions and run from the module cache.
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.8.0

.PHONY: build run test test-deps test-go test-race test-rehearsed test-postgres test-pkcs11 test-oracle test-clients test-terraform
.PHONY: prove prove-short fuzz soak bench lint clean

build:
	go build -trimpath -ldflags "-s -w" -o $(BINARY) ./cmd/sallyport

# Starts the embedded default in development mode and prints the next steps, ready to paste.
run: build
	$(BINARY) serve --dev --data sallyport-data

# All tests, the clients' among them. test-deps installs what those need and is quick when they are there.
test: test-deps test-go test-race test-rehearsed test-postgres test-pkcs11 test-oracle test-clients

test-deps:
	test/install

test-go:
	go test ./...

# The packages in which goroutines share something. The race detector needs a C compiler.
test-race:
	CGO_ENABLED=1 go test -timeout 20m -race ./internal/store ./internal/keys ./internal/token ./internal/signin ./internal/server ./internal/assertion ./internal/explain ./internal/sigv4

# Every transaction twice, the first time for nothing, as after a conflict.
test-rehearsed:
	TEST_REHEARSE=1 go test -timeout 20m ./internal/...

# The same tests on a private PostgreSQL, and the attack catalogue; what touches the database most on the newest PostgreSQL, too.
test-postgres:
	go run ./test/postgres go test -timeout 20m ./internal/... ./test/attacks
	go run ./test/postgres -newest go test ./internal/store ./internal/keys ./internal/token

# The root key in a token: SoftHSM stands for the hardware. It needs a C compiler.
test-pkcs11:
	CGO_ENABLED=1 go vet -tags pkcs11 ./internal/keys && CGO_ENABLED=1 go test -tags pkcs11 -count=1 -run PKCS11 ./internal/keys

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

# What was acknowledged survives, what is single-use is used once: under kill -9, power cuts, full disks, fail-over and more, on both databases.
prove: test-deps
	go run ./test/prove -database both -at-once 2

prove-short: test-deps
	go run ./test/prove -short -database both

# Every fuzz target for so long each.
FUZZTIME ?= 10s
fuzz:
	go run ./test/fuzz -time $(FUZZTIME)

# Ten thousand waiting devices over TLS, for so long.
SOAKTIME ?= 30m
soak:
	go run ./test/soak -for $(SOAKTIME)

# Every figure that docs/performance.md has a goal for, ten minutes at most.
bench:
	go run ./test/bench/figures

lint:
	@unformatted=$$(gofmt -l cmd internal test); if [ -n "$$unformatted" ]; then echo "not gofmt-clean: $$unformatted"; exit 1; fi
	go vet ./... && go vet -tags clients,terraform ./test/... ./internal/completion
	go run $(STATICCHECK) ./... && go run $(STATICCHECK) -tags clients,terraform ./test/... ./internal/completion
	CGO_ENABLED=1 go run $(STATICCHECK) -tags pkcs11 ./internal/keys
	test/vulncheck $(GOVULNCHECK)

clean:
	rm -rf bin out
