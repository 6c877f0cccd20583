#!/bin/sh
# Makes images for docker-compose.scale.yml, besides those of standins.sh: Kafka, OpenSearch and the fleet's collector
# of "make backends-fleet", with this machine's Java. Layout, users, volumes, and how settings are given are those of
# the published images; what runs is the real Kafka and the real OpenSearch, the latter without its modules.
#
# The collector gets the tag's suffix "-fleet": under the plain one is another, with other components. The published
# image has all of them.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
. "$root/tools/compose/images.sh"
java=$(command -v java || true)
curl=$(command -v curl || true)

# with_java FOLDER: a Java of no more than the two need, in that folder of the image.
with_java() {
    jdk=$("$java" -XshowSettings:properties -version 2>&1 | sed -n 's/^ *java.home = //p')
    need "install a JDK" "$jdk/bin/jlink"
    mkdir -p "$work/root$(dirname "$1")"
    "$jdk/bin/jlink" --output "$work/root$1" --strip-debug --no-header-files --no-man-pages \
        --add-modules java.se,jdk.unsupported,jdk.management,jdk.management.agent,jdk.crypto.ec,jdk.zipfs
    with_libraries $(find "$work/root$1" \( -name '*.so' -o -path '*/bin/java' \) -type f)
    # What jars carry for zstd and the like asks for the C library's other parts, which may be empty today.
    libc=$(ldd "$jdk/bin/java" | grep -o '/[^ ]*/libc\.so[^ ]*')
    for part in pthread dl rt m; do
        cp -L "$(dirname "$libc")/lib$part.so".[0-9] "$work/root$(dirname "$libc")/"
    done
}

# script PATH: a file of the image that can be run, from the standard input.
script() {
    mkdir -p "$work/root$(dirname "$1")"
    cat >"$work/root$1"
    chmod 755 "$work/root$1"
}

need "run 'make backends-fleet' (needs Go, a JDK, Maven)" \
    "$bin/otelcol-fleet" "$root/.backends/kafka" "$root/.backends/opensearch"
need "install busybox-static, or set BUSYBOX_BIN" "${busybox:-busybox}"
need "install a JDK" "${java:-java}"
need "install curl" "${curl:-curl}"

wanted docker-compose.scale.yml collector || true
image=${image%-fleet}-fleet
if missing "$image"; then
    mkdir -p "$work/root"
    cp "$bin/otelcol-fleet" "$work/root/otelcol-contrib"
    make 0 'USER 10001:10001' 'ENTRYPOINT ["/otelcol-contrib"]'
fi

if wanted docker-compose.scale.yml apache/kafka; then
    with_shell
    with_user appuser 1000
    with_java /opt/java/openjdk
    mkdir -p "$work/root/opt/kafka/config" "$work/root/var/lib/kafka/data" "$work/root/etc/kafka/secrets" \
        "$work/root/mnt/shared/config"
    cp -r "$root/.backends/kafka/lib" "$work/root/opt/kafka/libs"
    # What starts the broker in the published image too: it joins the file that was mounted with the variables KAFKA_*,
    # writes that into /opt/kafka/config, and formats the folder.
    script /etc/kafka/docker/run <<'RUN'
#!/bin/sh
set -eu
kafka="java $KAFKA_HEAP_OPTS -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp /opt/kafka/libs/*"
export CLUSTER_ID="${CLUSTER_ID:-AAAAAAAAAAAAAAAAAAAAAA}"
set -f
said=$($kafka kafka.docker.KafkaDockerWrapper setup --default-configs-dir /etc/kafka/docker \
    --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config 2>&1) ||
    echo "$said" | grep -i "already formatted" || { echo "$said"; exit 1; }
exec $kafka kafka.Kafka /opt/kafka/config/server.properties
RUN
    script /opt/kafka/bin/kafka-topics.sh <<'RUN'
#!/bin/sh
set -f
exec java ${KAFKA_HEAP_OPTS:--Xmx256m} -cp '/opt/kafka/libs/*' org.apache.kafka.tools.TopicCommand "$@"
RUN
    : >"$work/root/opt/kafka/config/server.properties"
    # Debian's busybox does not know "nc -z", and its shell prefers its own commands to any file.
    rm "$work/root/bin/nc" "$work/root/bin/sh"
    cp -L /bin/sh "$work/root/bin/sh"
    with_libraries /bin/sh
    script /bin/nc <<'RUN'
#!/bin/sh
[ "$1" = -z ] && shift
exec busybox nc -w 1 "$@" </dev/null
RUN
    make 1000 'ENV PATH=/opt/java/openjdk/bin:/bin' 'USER appuser' \
        'VOLUME ["/etc/kafka/secrets", "/var/lib/kafka/data", "/mnt/shared/config"]' 'CMD ["/etc/kafka/docker/run"]'
fi

if wanted docker-compose.scale.yml opensearch; then
    home=/usr/share/opensearch
    with_shell
    with_user opensearch 1000
    with_java $home/jdk
    mkdir -p "$work/root/usr/bin" "$work/root$home/config" "$work/root$home/data" "$work/root$home/logs"
    cp -r "$root/.backends/opensearch/lib" "$root/.backends/opensearch/classes" "$work/root$home/"
    cp "$curl" "$work/root/usr/bin/curl"
    with_libraries "$curl"
    # A variable with a dot in its name is a setting, as in the published image. A shell may drop such variables, so
    # they are read from where the kernel shows them.
    script $home/opensearch-docker-entrypoint.sh <<'RUN'
#!/bin/sh
set -eu
for setting in $(tr '\0' '\n' </proc/$$/environ | grep -E '^[a-z0-9_]+\.[a-z0-9_.]+='); do
    set -- "$@" "-E$setting"
done
shift # "opensearch"
exec java ${OPENSEARCH_JAVA_OPTS:-} -cp "/usr/share/opensearch/classes:/usr/share/opensearch/lib/*" \
    SearchNode /usr/share/opensearch 9200 9300 -Enetwork.host=0.0.0.0 "$@"
RUN
    make 1000 "ENV PATH=$home/jdk/bin:/bin:/usr/bin" "ENV JAVA_HOME=$home/jdk" "WORKDIR $home" 'USER 1000' \
        'ENTRYPOINT ["./opensearch-docker-entrypoint.sh"]' 'CMD ["opensearch"]'
fi
