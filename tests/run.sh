#!/usr/bin/env bash
# All checks and tests of prb. Installs what they need where it is missing.
#
#   tests/run.sh          what must hold for every commit
#   tests/run.sh --long   also the long profiles: more cases, larger networks
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
exec </dev/null

long=false
for argument in "$@"; do
    case "$argument" in
        --long) long=true ;;
        *)
            echo "tests/run.sh: unknown argument $argument (known: --long)" >&2
            exit 2
            ;;
    esac
done

step() {
    printf '\n== %s (%d s)\n' "$*" "$SECONDS"
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Installs Debian packages, once the lists are fresh, where this user may.
apt_install() {
    have apt-get || { echo "please install: $*" >&2; return 1; }
    local sudo=()
    if [ "$(id -u)" -ne 0 ]; then sudo=(sudo -n); fi
    "${sudo[@]}" apt-get update -q
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "$@"
}

install_missing() {
    local packages=()
    have curl || packages+=(curl)
    have chromium || packages+=(chromium)
    have chromedriver || packages+=(chromium-driver)
    have redis-server || packages+=(redis-server)
    have node || packages+=(nodejs)
    have npm || packages+=(npm)
    have ip || packages+=(iproute2)
    python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
    if [ "${#packages[@]}" -gt 0 ]; then apt_install "${packages[@]}"; fi

    for folder in tests/interop tests/interop/walkie tests/interop/queue examples/grpc-javascript; do
        if [ -f "$folder/package-lock.json" ]; then
            npm ci --prefix "$folder" --no-audit --no-fund --loglevel=error
        fi
    done

    local venv=tests/e2e/.venv
    if [ ! -x "$venv/bin/moto_server" ]; then
        python3 -m venv "$venv" && "$venv/bin/pip" install --quiet 'moto[server,s3]==5.2.5'
    fi

    if ! cargo nextest --version >/dev/null 2>&1; then
        cargo install --locked cargo-nextest || echo "cargo-nextest cannot be had; cargo test runs the tests"
    fi
    if $long && ! cargo deny --version >/dev/null 2>&1; then
        cargo install --locked cargo-deny || echo "cargo-deny cannot be had; its checks are left out"
    fi
}

run_tests() {
    if cargo nextest --version >/dev/null 2>&1; then
        local arguments=()
        if $long; then arguments=(--profile long --run-ignored all); fi
        cargo nextest run --workspace --locked "${arguments[@]}"
    else
        local arguments=()
        if $long; then arguments=(--include-ignored); fi
        cargo test --workspace --locked --lib --bins --tests -- "${arguments[@]}"
    fi
}

if $long; then export PROPTEST_CASES="${PROPTEST_CASES:-4096}"; fi

step "what the tests need"
install_missing

step "formatting"
cargo fmt --all --check

step "lints"
cargo clippy --workspace --all-targets --locked -- -D warnings

if cargo deny --version >/dev/null 2>&1; then
    step "licences, bans, sources"
    cargo deny --log-level error check bans licenses sources
fi

step "documentation tests"
cargo test --workspace --locked --doc

step "tests"
run_tests

if $long; then
    step "a new user's first ten minutes"
    tests/first-ten-minutes.sh
fi

step "all passed"
