#!/bin/sh
# Builds what checks these files without a cluster, from Go modules: kustomize and kubectl-validate, and beside them
# the schemas of the custom resources that the operators' modules bring along. Result: .backends/bin and .backends/crds.
# A second call does nothing unless a version changed.
set -eu

KUSTOMIZE_VERSION=5.8.1
KUBECTL_VALIDATE_VERSION=0.0.4 # knows Kubernetes 1.23 to 1.30
OPENTELEMETRY_OPERATOR_VERSION=0.140.0
PROMETHEUS_OPERATOR_VERSION=0.81.0

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
backends=$(CDPATH='' cd -- "$here/../.." && pwd)/.backends
bin=$backends/bin
crds=$backends/crds
mkdir -p "$bin" "$crds"

# fresh FILE STAMP: true when FILE was made from exactly this STAMP.
fresh() {
    [ -e "$1" ] && [ "$(cat "$1.stamp" 2>/dev/null)" = "$2" ]
}

# install NAME PACKAGE VERSION
install() {
    if fresh "$bin/$1" "$3"; then
        echo "$1: up to date ($3)"
        return
    fi
    echo "$1: building, takes a few minutes"
    GOBIN="$bin" GOFLAGS="$(go env GOFLAGS) -p=2" go install "$2@v$3"
    echo "$3" >"$bin/$1.stamp"
}

# schemas MODULE VERSION FOLDER NAME...: copies NAME.yaml of the module's FOLDER.
schemas() {
    module=$1
    version=$2
    folder=$3
    shift 3
    for name; do
        fresh "$crds/$name.yaml" "$version" || {
            go mod download "$module@v$version"
            cp "$(go env GOMODCACHE)/$module@v$version/$folder/$name.yaml" "$crds/"
            chmod u+w "$crds/$name.yaml"
            echo "$version" >"$crds/$name.yaml.stamp"
            echo "$name: there ($version)"
        }
    done
}

if ! command -v go >/dev/null 2>&1; then
    echo "SKIPPED: kustomize and kubectl-validate were not built, because the 'go' command is missing."
    echo "Install Go 1.25 or newer (https://go.dev/dl) and call this again."
    exit 0
fi

install kustomize sigs.k8s.io/kustomize/kustomize/v5 "$KUSTOMIZE_VERSION"
install kubectl-validate sigs.k8s.io/kubectl-validate "$KUBECTL_VALIDATE_VERSION"
schemas github.com/open-telemetry/opentelemetry-operator "$OPENTELEMETRY_OPERATOR_VERSION" config/crd/bases \
    opentelemetry.io_instrumentations opentelemetry.io_opentelemetrycollectors
schemas github.com/prometheus-operator/prometheus-operator "$PROMETHEUS_OPERATOR_VERSION" \
    example/prometheus-operator-crd monitoring.coreos.com_prometheusrules monitoring.coreos.com_podmonitors
