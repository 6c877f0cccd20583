#!/bin/sh
# Makes what tests of the fleet need beside Jaeger: its collector from Go modules, Kafka and OpenSearch from Maven.
# Result: .backends/bin/otelcol-fleet, .backends/kafka, .backends/opensearch. A second call makes only what changed.
set -eu

OTELCOL_VERSION=0.159.0 # keep equal to the versions in otelcol-fleet.yaml

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
backends=$(CDPATH='' cd -- "$here/../.." && pwd)/.backends
logs=$backends/log

# make NAME FROM TARGET FUNCTION: runs FUNCTION in an empty folder, moves its TARGET to .backends/NAME, unless that was
# made before from the same file or files in the folder FROM.
make() {
    stamp=$(find "$2" -type f -exec cat {} + | cksum)
    if [ -e "$backends/$1" ] && [ "$(cat "$backends/$1.stamp" 2>/dev/null)" = "$stamp" ]; then
        echo "$1: up to date"
        return
    fi
    echo "$1: making it; log in $logs/$3.log"
    work=$(mktemp -d "$backends/build.XXXXXX")
    set +e # "if ! (...)" would be shorter, but it makes the shell ignore errors inside
    (set -ex && cd "$work" && "$4") >"$logs/$3.log" 2>&1
    status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$logs/$3.log" >&2
        echo "$1: failed, full log in $logs/$3.log" >&2
        exit 1
    fi
    rm -rf "${backends:?}/$1"
    mv "$work/$3" "$backends/$1"
    echo "$stamp" >"$backends/$1.stamp"
    rm -rf "$work"
    work=
    echo "$1: made, $(du -sm "$backends/$1" | cut -f1) MB"
}

build_otelcol() {
    GOBIN=$PWD go install "go.opentelemetry.io/collector/cmd/builder@v$OTELCOL_VERSION"
    ./builder --config="$here/otelcol-fleet.yaml"
    mv otelcol-fleet otelcol-fleet.d
    mv otelcol-fleet.d/otelcol-fleet otelcol-fleet
}

get_kafka() {
    mkdir kafka
    mvn -q -B -f "$here/kafka/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        "-DoutputDirectory=$PWD/kafka/lib"
}

get_opensearch() {
    mkdir opensearch
    mvn -q -B -f "$here/opensearch/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
        "-DoutputDirectory=$PWD/opensearch/lib"
    javac -cp 'opensearch/lib/*' -d opensearch/classes "$here/opensearch/SearchNode.java"
}

for command in go mvn javac; do
    if ! command -v "$command" >/dev/null 2>&1; then
        echo "SKIPPED: nothing was made, because the '$command' command is missing."
        echo "The fleet's tests need Go 1.25, a JDK 17 and Maven 3.8, or newer ones."
        exit 0
    fi
done

mkdir -p "$backends/bin" "$logs"
# One compiler at a time, and politely. No cgo: the result needs no C library.
GOFLAGS="$(go env GOFLAGS) -p=1"
CGO_ENABLED=0
export GOFLAGS CGO_ENABLED
work=
trap 'if [ -n "$work" ]; then rm -rf "$work"; fi' EXIT
trap 'exit 130' INT TERM

make bin/otelcol-fleet "$here/otelcol-fleet.yaml" otelcol-fleet build_otelcol
make kafka "$here/kafka/pom.xml" kafka get_kafka
make opensearch "$here/opensearch" opensearch get_opensearch
