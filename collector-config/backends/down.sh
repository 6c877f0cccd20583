#!/bin/sh
# Stops what up.sh started, and nothing else: "down.sh" both processes, "down.sh jaeger" one of them.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
config=$(CDPATH='' cd -- "$here/.." && pwd)
run=${BACKENDS_RUN:-$(CDPATH='' cd -- "$here/../.." && pwd)/.backends/run}
attempts=50 # five a second: ten seconds

# ours PID: true when PID is alive and runs with our configuration (a process id can be given to another).
# -ww: the whole command line, however narrow the terminal is said to be.
ours() {
    ps -ww -p "$1" -o args= 2>/dev/null | grep -qF "$config/"
}

stop() {
    if [ ! -f "$run/$1.pid" ]; then
        echo "$1: not running"
        return
    fi
    pid=$(cat "$run/$1.pid")
    left=$attempts
    while ours "$pid"; do
        if [ "$left" -eq "$attempts" ]; then
            kill -TERM "$pid" 2>/dev/null || true
        elif [ "$left" -eq 0 ]; then
            kill -KILL "$pid" 2>/dev/null || true
            break
        fi
        left=$((left - 1))
        sleep 0.2
    done
    rm -f "$run/$1.pid"
    echo "$1: stopped"
}

# The collector first: it sends Jaeger what it still holds.
[ "$#" -gt 0 ] || set -- otelcol jaeger
for name in "$@"; do
    stop "$name"
done
