#!/bin/sh
# Starts a whole fleet on this machine with the shipped configuration, on loopback, in the background: OpenSearch,
# Kafka, two Jaegers, an ingester, two gateways, an agent. Needs "make backends" and "make backends-fleet".
# Stop it with: down.sh. Logs, queues and traces are in .backends/fleet.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
top=$(CDPATH='' cd -- "$here/../.." && pwd)
backends=$top/.backends
run=$backends/fleet
attempts=300 # five a second: a minute

for file in "$backends/bin/jaeger" "$backends/bin/otelcol-fleet" "$backends/kafka" "$backends/opensearch"; do
    if [ ! -e "$file" ]; then
        echo "$file is missing. Make it with: make backends backends-fleet" >&2
        exit 1
    fi
done
cd "$top"
mkdir -p "$run"

answers() {
    curl -fs --noproxy '*' --max-time 2 -o /dev/null "$1"
}

# start NAME HEALTH COMMAND...: starts COMMAND unless it answers, and waits until it does.
start() {
    name=$1 health=$2
    shift 2
    if answers "$health"; then
        echo "$name: something already answers at $health"
        return
    fi
    nohup "$@" >"$run/$name.log" 2>&1 </dev/null &
    echo "$!" >"$run/$name.pid"
    left=$attempts
    until answers "$health"; do
        left=$((left - 1))
        if [ "$left" -eq 0 ] || ! kill -0 "$(cat "$run/$name.pid")" 2>/dev/null; then
            echo "$name: did not start; log in $run/$name.log" >&2
            sh "$here/down.sh" >&2
            exit 1
        fi
        sleep 0.2
    done
    echo "$name: running, log in $run/$name.log"
}

# kafka COMMAND...: runs one of Kafka's classes.
kafka() {
    java "${heap:--Xmx256m}" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$backends/kafka/lib/*" "$@"
}

start_kafka() {
    if [ ! -e "$run/kafka/meta.properties" ]; then
        kafka kafka.tools.StorageTool format -t AAAAAAAAAAAAAAAAAAAAAA -c "$here/kafka.properties" >"$run/kafka.log" 2>&1
    fi
    # Once it runs, nothing is started: the topic is asked for either way.
    if ! { [ -f "$run/kafka.pid" ] && kill -0 "$(cat "$run/kafka.pid")" 2>/dev/null; }; then
        nohup java -Xmx512m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$backends/kafka/lib/*" \
            kafka.Kafka "$here/kafka.properties" >>"$run/kafka.log" 2>&1 </dev/null &
        echo "$!" >"$run/kafka.pid"
    fi
    # Waits for the broker by itself.
    kafka org.apache.kafka.tools.TopicCommand --bootstrap-server 127.0.0.1:29092 --create --if-not-exists \
        --topic otlp_spans --partitions 6 --replication-factor 1 --config max.message.bytes=100663296 >>"$run/kafka.log" 2>&1
    echo "kafka: running, log in $run/kafka.log"
}

start opensearch http://127.0.0.1:29200/_cluster/health java -Xms1g -Xmx1g "-Dstarted.by=$here/up.sh" \
    -cp "$backends/opensearch/classes:$backends/opensearch/lib/*" SearchNode "$run/opensearch" 29200 29300
start_kafka
store=$here/store-opensearch.yaml
start jaeger-write http://127.0.0.1:34133/status "$backends/bin/jaeger" --config "$here/jaeger-write.yaml" --config "$store"
start jaeger-query http://127.0.0.1:35133/status "$backends/bin/jaeger" --config "$here/jaeger-query.yaml" --config "$store"
start ingester http://127.0.0.1:33133/ "$backends/bin/otelcol-fleet" --config "$here/ingester.yaml"
start gateway-1 http://127.0.0.1:24133/ env OTELCOL_QUEUE_DIR=.backends/fleet/gateway-1 \
    "$backends/bin/otelcol-fleet" --config "$here/gateway.yaml"
start gateway-2 http://127.0.0.1:25133/ env OTELCOL_QUEUE_DIR=.backends/fleet/gateway-2 OTELCOL_GRPC_PORT=25317 \
    OTELCOL_HEALTH_PORT=25133 OTELCOL_METRICS_PORT=25889 OTELCOL_OWN_METRICS_PORT=25888 \
    "$backends/bin/otelcol-fleet" --config "$here/gateway.yaml"
start agent http://127.0.0.1:13133/ "$backends/bin/otelcol-fleet" --config "$here/agent.yaml"

echo
echo "Send OTLP to   http://127.0.0.1:4318 (HTTP) or http://127.0.0.1:4317 (gRPC)"
echo "Jaeger answers http://127.0.0.1:16686"
