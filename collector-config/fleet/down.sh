#!/bin/sh
# Stops what up.sh started, and nothing else, in the order in which spans pass: each sends on what it still holds.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
BACKENDS_RUN=$(CDPATH='' cd -- "$here/../.." && pwd)/.backends/fleet
export BACKENDS_RUN
exec sh "$here/../backends/down.sh" agent gateway-1 gateway-2 ingester jaeger-write jaeger-query kafka opensearch
