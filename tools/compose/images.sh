# Read by the scripts beside it: how an image is made without a registry, from files of this machine.
# Expects: root, the repository; work, an empty folder. Each image is put together in $work/root.

bin=$root/.backends/bin
busybox=${BUSYBOX_BIN:-$(command -v busybox || true)}
python=${PYTHON:-python3}

# need HINT FILE...: ends with the hint unless each file can be run.
need() {
    hint=$1
    shift
    for file do
        if ! [ -x "$file" ]; then
            echo "$file is missing: $hint" >&2
            exit 1
        fi
    done
}

# wanted FILE NAME: the image that a compose file asks for, unless it is there.
wanted() {
    image=$(docker compose -f "$root/$1" --profile '*' config --images | grep -m 1 "$2")
    missing "$image"
}

missing() {
    ! docker image inspect "$1" >/dev/null 2>&1
}

# make USER CHANGE...: the image $image from what lies in $work/root, where everything belongs to USER, a number.
make() {
    user=$1
    shift
    set -- "$@" "LABEL langspan.standin=1"
    for change do
        set -- "$@" --change "$change"
        shift
    done
    tar -C "$work/root" --numeric-owner "--owner=$user" "--group=$user" -c . | docker import "$@" - "$image" >/dev/null
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

# with_user NAME NUMBER
with_user() {
    mkdir -p "$work/root/etc"
    printf 'root:x:0:0:root:/:/bin/sh\n%s:x:%s:%s::/tmp:/bin/sh\n' "$1" "$2" "$2" >"$work/root/etc/passwd"
    printf 'root:x:0:\n%s:x:%s:\n' "$1" "$2" >"$work/root/etc/group"
}

# with_libraries FILE...: every shared library that one of the files needs, where it is here.
with_libraries() {
    ldd "$@" 2>/dev/null |
        grep -o '/[^ ]*' | grep -v ':$' | sort -u |
        while read -r library; do
            case $library in "$work"/*) continue ;; esac
            mkdir -p "$work/root$(dirname "$library")"
            cp -L "$library" "$work/root$library"
        done
}

# with_python: the interpreter, its library, and every shared library that one of the two needs.
with_python() {
    prefix=$("$python" -c 'import sys; print(sys.base_prefix)')
    mkdir -p "$work/root$prefix" "$work/root/etc/ssl"
    cp -a "$prefix/." "$work/root$prefix/"
    find "$work/root$prefix" -name __pycache__ -prune -exec rm -rf {} +
    rm -rf "$work/root$prefix"/lib/python3*/site-packages/[a-oq-z]* "$work/root$prefix"/lib/python3*/test
    with_libraries $(find "$prefix" \( -name '*.so*' -o -path "$prefix/bin/python3*" \) -type f)
    [ ! -d /etc/ssl/certs ] || cp -aL /etc/ssl/certs "$work/root/etc/ssl/" 2>/dev/null || true
    [ ! -f /etc/pip.conf ] || cp /etc/pip.conf "$work/root/etc/"
}
