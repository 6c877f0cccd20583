#!/bin/sh
# Makes images under the names that docker-compose.yml uses, for a machine with an engine and without a registry:
# the collector and Jaeger of "make backends", busybox of Debian's package busybox-static, this machine's Python.
# What an image of that name already is stays. Remove the stand-ins with: docker image rm $(docker images -q --filter label=langspan.standin)
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
bin=$root/.backends/bin
busybox=${BUSYBOX_BIN:-$(command -v busybox || true)}
python=${PYTHON:-python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# wanted NAME: the image that the compose file asks for, unless it is there.
wanted() {
    image=$(docker compose -f "$root/docker-compose.yml" --profile '*' config --images | grep -m 1 "$1")
    ! docker image inspect "$image" >/dev/null 2>&1
}

# make CHANGE...: the image from what lies in $work/root.
make() {
    set -- "$@" "LABEL langspan.standin=1"
    for change do
        set -- "$@" --change "$change"
        shift
    done
    tar -C "$work/root" -c . | docker import "$@" - "$image" >/dev/null
    rm -rf "$work/root"
    echo "$image: made"
}

# with_shell: busybox and the names that it answers to.
with_shell() {
    mkdir -p "$work/root/bin" "$work/root/tmp" "$work/root/etc"
    chmod 1777 "$work/root/tmp"
    cp "$busybox" "$work/root/bin/busybox"
    for name in $("$busybox" --list); do
        [ "$name" = busybox ] || ln -s busybox "$work/root/bin/$name"
    done
}

# with_python: the interpreter, its library, and every shared library that one of the two needs.
with_python() {
    prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
    mkdir -p "$work/root$prefix" "$work/root/etc/ssl"
    cp -a "$prefix/." "$work/root$prefix/"
    find "$work/root$prefix" -name __pycache__ -prune -exec rm -rf {} +
    rm -rf "$work/root$prefix"/lib/python3*/site-packages/[a-oq-z]* "$work/root$prefix"/lib/python3*/test
    find "$prefix" \( -name '*.so*' -o -path "$prefix/bin/python3*" \) -type f -exec ldd {} + 2>/dev/null |
        grep -o '/[^ ]*' | grep -v ':$' | sort -u |
        while read -r library; do
            mkdir -p "$work/root$(dirname "$library")"
            cp -L "$library" "$work/root$library"
        done
    [ ! -d /etc/ssl/certs ] || cp -aL /etc/ssl/certs "$work/root/etc/ssl/" 2>/dev/null || true
    [ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$work/root/etc/"
}

for need in "$bin/jaeger" "$bin/otelcol" "${busybox:-busybox}"; do
    if ! [ -x "$need" ]; then
        echo "$need is missing: run 'make backends' (needs Go), and install busybox-static or set BUSYBOX_BIN" >&2
        exit 1
    fi
done

if wanted /jaeger; then
    with_shell
    mkdir -p "$work/root/cmd/jaeger"
    cp "$bin/jaeger" "$work/root/cmd/jaeger/jaeger"
    make 'USER 10001' 'ENTRYPOINT ["/cmd/jaeger/jaeger"]' 'VOLUME /tmp' # as the real one has
fi
if wanted collector; then
    mkdir -p "$work/root"
    cp "$bin/otelcol" "$work/root/otelcol-contrib"
    make 'USER 10001:10001' 'ENTRYPOINT ["/otelcol-contrib"]'
fi
if wanted busybox; then
    with_shell
    make 'CMD ["sh"]'
fi
if wanted python; then
    with_shell
    with_python
    make "ENV PATH=$prefix/bin:/bin" "ENV LD_LIBRARY_PATH=$prefix/lib" 'CMD ["python3"]'
fi
