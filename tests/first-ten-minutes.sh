#!/usr/bin/env bash
# A new user's first ten minutes, from the README alone: on a machine with Rust and gcc and nothing
# else of ours, the first command brings a whole bridge to computing, and the four terminals after
# it do, too.
#
#   tests/first-ten-minutes.sh [FOLDER]   works on a fresh clone in FOLDER, or in a temporary one
#
# Needs git, Rust, gcc and a free set of the usual ports. With BINARY set, nothing is built.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
work=${1:-$(mktemp -d)}
begin=$SECONDS

say() { printf '%4d s  %s\n' "$((SECONDS - begin))" "$*"; }
started=()
stop() {
    for process in "${started[@]}"; do kill -TERM "$process" 2>/dev/null || true; done
    wait 2>/dev/null || true
}
trap stop EXIT

# Nothing that a bare machine would not have may be found.
for tool in protoc clang cmake; do
    if command -v "$tool" >/dev/null; then say "note: this machine has $tool; a bare one has not"; fi
done

if [ -z "${BINARY:-}" ]; then
    [ -d "$work/prb" ] || git clone --quiet "$root" "$work/prb"
    cd "$work/prb"
    # The README's first command, which ends once all compute.
    say "cargo run --release --bin prb -- run --dev --until computing"
    cargo run --release --bin prb -- run --dev --until computing --timeout 300
    say "the whole bridge computes"
    BINARY=$work/prb/target/release/prb
else
    say "prb run --dev --until computing"
    "$BINARY" run --dev --until computing --timeout 300
    say "the whole bridge computes"
fi

# The services as processes, by the words of the README.
cd "$(mktemp -d -p "$work")"
prb() { "$BINARY" "$@"; }
begin_service() {
    local name=$1; shift
    "$BINARY" "$@" >"$name.log" 2>&1 &
    started+=("$!")
}
until_said() {
    local name=$1 what=$2
    for _ in $(seq 600); do
        grep -q "$what" "$name.log" && return 0
        # One that has ended will not say it any more.
        kill -0 "${started[-1]}" 2>/dev/null || break
        sleep 0.5
    done
    say "$name never said: $what"; tail -20 "$name.log"; exit 1
}

begin_service devnet run devnet --workers 2
until_said devnet "18001"
begin_service provider run data-provider --data-dir data/provider --key-dir data/keys \
    --para-endpoint ws://127.0.0.1:9944 --relay-endpoint ws://127.0.0.1:9945
begin_service manager run lifecycle --data-dir data/manager --key-dir data/keys \
    --para-endpoint ws://127.0.0.1:9944 --skip-attestation
until_said manager "the lifecycle manager runs"
prb peer list
echo //Alice | prb pool add dev --pid 1 --owner - --data-dir data/manager
prb worker add w1 --pool dev --endpoint http://127.0.0.1:18001 --stake 10000PHA --data-dir data/manager
for _ in $(seq 600); do
    if prb worker explain --data-dir data/manager | grep -q '^w1: earns'; then
        say "the worker earns"
        exit 0
    fi
    sleep 0.5
done
prb worker explain --data-dir data/manager
say "the worker does not earn"
exit 1
