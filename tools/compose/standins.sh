#!/bin/sh
# Makes images under the names that docker-compose.yml uses, for a machine with an engine and without a registry:
# the collector and Jaeger of "make backends", Prometheus of "make backends-prometheus" if it is there, busybox of
# Debian's package busybox-static, this machine's Python, and something that is not Grafana (see below).
# What an image of that name already is stays. Remove the stand-ins with: docker image rm $(docker images -q --filter label=langspan.standin)
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
. "$root/tools/compose/images.sh"

need "run 'make backends' (needs Go)" "$bin/jaeger" "$bin/otelcol"
need "install busybox-static, or set BUSYBOX_BIN" "${busybox:-busybox}"

if wanted docker-compose.yml /jaeger; then
    with_shell
    mkdir -p "$work/root/cmd/jaeger"
    cp "$bin/jaeger" "$work/root/cmd/jaeger/jaeger"
    make 0 'USER 10001' 'ENTRYPOINT ["/cmd/jaeger/jaeger"]' 'VOLUME /tmp' # as the real one has
fi
if wanted docker-compose.yml collector; then
    mkdir -p "$work/root"
    cp "$bin/otelcol" "$work/root/otelcol-contrib"
    make 0 'USER 10001:10001' 'ENTRYPOINT ["/otelcol-contrib"]'
fi
if wanted docker-compose.yml busybox; then
    with_shell
    make 0 'CMD ["sh"]'
fi
if wanted docker-compose.yml python; then
    with_shell
    with_python
    make 0 "ENV PATH=$prefix/bin:/bin" "ENV LD_LIBRARY_PATH=$prefix/lib" 'CMD ["python3"]'
fi

if ! [ -x "$bin/prometheus" ]; then
    echo "no Prometheus, so the profile 'metrics' is not tried: run 'make backends-prometheus' (needs Go)"
elif wanted docker-compose.yml prometheus; then
    with_shell
    with_user nobody 65534
    mkdir -p "$work/root/prometheus"
    cp "$bin/prometheus" "$work/root/bin/prometheus"
    make 65534 'USER nobody' 'WORKDIR /prometheus' 'VOLUME /prometheus' 'ENTRYPOINT ["/bin/prometheus"]'
fi
# Not Grafana, and nothing of it: a web server that says that it is healthy, once it has read every file that Grafana
# would read, as the user and at the places that the compose file names, and has made the folders that Grafana would.
# So that container, mounts, health check and order are tried; what Grafana makes of the files is not.
if wanted docker-compose.yml grafana; then
    with_shell
    with_user grafana 472
    mkdir -p "$work/root/www/api"
    echo '{"standin": "not Grafana"}' >"$work/root/www/api/health"
    cat >"$work/root/run.sh" <<'RUN'
#!/bin/sh
set -eu
cat "$GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH" $(find "$GF_PATHS_PROVISIONING"/*/ -type f) >/dev/null
mkdir -p "$GF_PATHS_DATA" "$GF_PATHS_PLUGINS" "$GF_PATHS_LOGS"
exec httpd -f -p 3000 -h /www
RUN
    chmod 755 "$work/root/run.sh"
    make 0 'USER 472' 'ENTRYPOINT ["/run.sh"]'
fi
