#!/bin/sh
# Makes the images that deploy/operator/Dockerfile begins with, for an engine without a registry: busybox, and this
# machine's Python under both names. Its Alpine is no Alpine, so what is built from it is no test of musl.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
. "$root/tools/compose/images.sh"

# version NAME: the default of the Dockerfile's argument.
version() {
    sed -n "s/^ARG $1=//p" "$root/deploy/operator/Dockerfile"
}

need "install busybox-static, or set BUSYBOX_BIN" "${busybox:-busybox}"

image=busybox:$(version BUSYBOX_VERSION)
if missing "$image"; then
    with_shell
    make 0 'CMD ["sh"]'
fi
for kind in slim alpine; do
    image=python:$(version PYTHON_VERSION)-$kind
    if missing "$image"; then
        with_shell
        with_python
        make 0 "ENV PATH=$prefix/bin:/bin" "ENV LD_LIBRARY_PATH=$prefix/lib" 'CMD ["python3"]'
    fi
done
