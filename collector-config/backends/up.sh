#!/bin/sh
# Starts the locally built Jaeger and collector with the shipped configuration, on loopback, in the background.
# Returns when both accept data. Stop them with down.sh.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
config=$(CDPATH='' cd -- "$here/.." && pwd)
backends=$(CDPATH='' cd -- "$here/../.." && pwd)/.backends
run=${BACKENDS_RUN:-$backends/run} # process ids and logs
otelcol=${OTELCOL_BIN:-$backends/bin/otelcol}
jaeger=${JAEGER_BIN:-$backends/bin/jaeger}
otelcol_health=http://127.0.0.1:${OTELCOL_HEALTH_PORT:-13133}/
jaeger_health=http://127.0.0.1:${JAEGER_HEALTH_PORT:-14133}/status
attempts=150 # five a second: half a minute
started=

# running NAME: true when the process we noted is alive and still ours (a process id can be given to another).
# -ww: the whole command line, however narrow the terminal is said to be.
running() {
    [ -f "$run/$1.pid" ] && ps -ww -p "$(cat "$run/$1.pid")" -o args= 2>/dev/null | grep -qF "$config/"
}

answers() {
    if command -v curl >/dev/null 2>&1; then
        curl -fs --noproxy '*' --max-time 2 -o /dev/null "$1"
    else
        wget -q -Y off -T 2 -O /dev/null "$1"
    fi
}

# start NAME BINARY CONFIG HEALTH: starts BINARY and waits until HEALTH answers.
start() {
    if running "$1"; then
        echo "$1: already running (pid $(cat "$run/$1.pid"))"
        return
    fi
    if answers "$4" 2>/dev/null; then
        give_up "$1: something else already answers at $4; stop it, or set other ports (see $3)"
    fi
    started="$1 $started"
    nohup "$2" --config="$3" >"$run/$1.log" 2>&1 </dev/null &
    echo "$!" >"$run/$1.pid"
    left=$attempts
    until answers "$4" 2>/dev/null; do
        left=$((left - 1))
        # Not "running": right after its start the process is still this shell, by its command line.
        if [ "$left" -eq 0 ] || ! kill -0 "$(cat "$run/$1.pid")" 2>/dev/null; then
            tail -n 5 "$run/$1.log" >&2
            give_up "$1: did not start; full log in $run/$1.log"
        fi
        sleep 0.2
    done
    echo "$1: running (pid $(cat "$run/$1.pid")), log in $run/$1.log"
}

# give_up MESSAGE: stops what this call started, and nothing that ran before.
give_up() {
    echo "$1" >&2
    # shellcheck disable=SC2086  # a list of names
    [ -z "$started" ] || sh "$here/down.sh" $started >&2
    exit 1
}

if ! command -v ps >/dev/null 2>&1 || ! { command -v curl || command -v wget; } >/dev/null 2>&1; then
    echo "This script needs 'ps' and one of 'curl' and 'wget'." >&2
    exit 1
fi
for binary in "$otelcol" "$jaeger"; do
    if [ ! -x "$binary" ]; then
        echo "$binary is missing. Build it with: make backends (needs Go), or use docker: docker compose up" >&2
        exit 1
    fi
done

mkdir -p "$run"
JAEGER_UI_CONFIG=$config/jaeger-ui.json
# What has to outlive the processes.
JAEGER_DATA_DIR=${JAEGER_DATA_DIR:-$run/jaeger}
OTELCOL_QUEUE_DIR=${OTELCOL_QUEUE_DIR:-$run/queue}
export JAEGER_UI_CONFIG JAEGER_DATA_DIR OTELCOL_QUEUE_DIR

start jaeger "$jaeger" "$config/jaeger.yaml" "$jaeger_health"
start otelcol "$otelcol" "$config/collector.yaml" "$otelcol_health"

echo
echo "Send OTLP to   http://127.0.0.1:${OTELCOL_HTTP_PORT:-4318} (HTTP) or http://127.0.0.1:${OTELCOL_GRPC_PORT:-4317} (gRPC)"
echo "Jaeger answers http://127.0.0.1:${JAEGER_UI_PORT:-16686} (API; its web pages are not part of the Go module, docker has them)"
