#!/bin/sh
# Builds the real OpenTelemetry Collector and the real Jaeger from Go modules, for machines without docker, or what
# else is named: "build.sh prometheus promtool". Result: .backends/bin/otelcol and .backends/bin/jaeger, and so on.
# A second call does nothing unless a version changed.
set -eu

OTELCOL_VERSION=0.159.0 # keep equal to the versions in otelcol.yaml
JAEGER_VERSION=1.76.0   # the same commit as Jaeger 2.13.0; Go refuses the v2 tags
JAEGER_MODULE=github.com/jaegertracing/jaeger
PROMETHEUS_VERSION=3.16.0 # keep equal to docker-compose.yml, and the module's version to it
PROMETHEUS_GO=v0.316.0
PROMETHEUS_MODULE=github.com/prometheus/prometheus

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
backends=$(CDPATH='' cd -- "$here/../.." && pwd)/.backends
bin=$backends/bin
logs=$backends/log

# fresh NAME STAMP: true when NAME was built from exactly this STAMP.
fresh() {
    [ -x "$bin/$1" ] && [ "$(cat "$bin/$1.stamp" 2>/dev/null)" = "$2" ]
}

# build NAME STAMP FUNCTION: runs FUNCTION in an empty folder and keeps the binary NAME that it leaves there.
build() {
    if fresh "$1" "$2"; then
        echo "$1: up to date ($2)"
        return
    fi
    echo "$1: building, takes a few minutes; log in $logs/$1.log"
    work=$(mktemp -d "$backends/build.XXXXXX")
    set +e # "if ! (...)" would be shorter, but it makes the shell ignore errors inside
    (set -ex && cd "$work" && "$3") >"$logs/$1.log" 2>&1
    status=$?
    set -e
    if [ "$status" -ne 0 ]; then
        tail -n 20 "$logs/$1.log" >&2
        echo "$1: build failed, full log in $logs/$1.log" >&2
        exit 1
    fi
    # Moved, not copied: a reader sees the old binary or the new one, never half of one.
    mv "$work/$1" "$bin/$1"
    echo "$2" >"$bin/$1.stamp"
    rm -rf "$work"
    work=
    echo "$1: built ($2), $(du -m "$bin/$1" | cut -f1) MB"
}

# The official way: a generator writes a main package from the manifest and compiles it.
build_otelcol() {
    GOBIN=$PWD go install "go.opentelemetry.io/collector/cmd/builder@v$OTELCOL_VERSION"
    ./builder --config="$here/otelcol.yaml"
    mv otelcol otelcol.d
    mv otelcol.d/otelcol otelcol
}

# dependency MODULE VERSION COMMAND FLAGS...: compiles a command of a module that cannot be built with "go install"
# (its go.mod has replace lines) as a dependency. Its own go.mod and go.sum are taken along: they pin what it was
# released with.
dependency() {
    module=$1 version=$2 command=$3
    shift 3
    go mod download "$module@$version"
    source=$(go env GOMODCACHE)/$module@$version
    sed -e 's|^module .*|module local/built|' -e '/^toolchain /d' "$source/go.mod" >go.mod
    cat "$source/go.sum" >go.sum
    printf '//go:build tools\n\npackage tools\n\nimport _ "%s/cmd/%s"\n' "$module" "$command" >tools.go
    go mod edit -require="$module@$version"
    GOFLAGS="$GOFLAGS -mod=mod" go build -trimpath "$@" -o "$command" "$module/cmd/$command"
}

build_jaeger() {
    dependency "$JAEGER_MODULE" "v$JAEGER_VERSION" jaeger -ldflags='-s -w'
}

# Without the clients of all clouds, which is two thirds of it, and without web pages: targets are listed by hand here.
of_prometheus() {
    dependency "$PROMETHEUS_MODULE" "$PROMETHEUS_GO" "$1" -tags=netgo,remove_all_sd \
        -ldflags="-s -w -X github.com/prometheus/common/version.Version=$PROMETHEUS_VERSION"
}

build_prometheus() { of_prometheus prometheus; }

build_promtool() { of_prometheus promtool; }

# Grafana's own types, from the kit that it gives out for writing dashboards.
build_dashboardcheck() {
    cp "$here/dashboardcheck/"* .
    go build -trimpath -ldflags='-s -w' -o dashboardcheck .
}

stamp() {
    case $1 in
        otelcol) echo "$OTELCOL_VERSION manifest $(cksum <"$here/otelcol.yaml" | cut -d' ' -f1)" ;;
        jaeger) echo "$JAEGER_VERSION" ;;
        prometheus | promtool) echo "$PROMETHEUS_VERSION" ;;
        dashboardcheck) cat "$here/dashboardcheck/"* | cksum | cut -d' ' -f1 ;;
        *) echo "build.sh cannot build $1; it can: otelcol jaeger prometheus promtool dashboardcheck" >&2 && return 1 ;;
    esac
}

[ "$#" -gt 0 ] || set -- otelcol jaeger
mkdir -p "$bin" "$logs"

stale=
for name in "$@"; do
    wanted=$(stamp "$name")
    fresh "$name" "$wanted" || stale="$stale $name"
done
if [ -z "$stale" ]; then
    echo "up to date in $bin: $*"
    exit 0
fi
if ! command -v go >/dev/null 2>&1; then
    echo "SKIPPED:$stale: not built, because the 'go' command is missing."
    echo "Install Go 1.25 or newer (https://go.dev/dl) and call this again, or use docker: docker compose up"
    exit 0
fi

# Two compilers at a time: linking Jaeger is hungry for memory. No cgo: the result needs no C library.
GOFLAGS="$(go env GOFLAGS) -p=2"
CGO_ENABLED=0
export GOFLAGS CGO_ENABLED
work=
trap 'if [ -n "$work" ]; then rm -rf "$work"; fi' EXIT
trap 'exit 130' INT TERM

for name in "$@"; do
    build "$name" "$(stamp "$name")" "build_$name"
done
