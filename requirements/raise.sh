#!/bin/sh
# Raise the pins in newest.txt, ecosystem.txt and mcp2.txt to the newest versions that fit together, for every
# supported Python and system.
set -eu
cd "$(dirname "$0")/.."

oldest=$(sed -n 's/^requires-python = ">=\(.*\)"$/\1/p' pyproject.toml)
if ! [ -x .lanes/pins/bin/uv ]; then
    "${PYTHON:-python3}" -m venv .lanes/pins
    .lanes/pins/bin/python -m pip install --quiet --disable-pip-version-check uv
fi
compile() { # file, options
    file=$1
    shift
    .lanes/pins/bin/uv pip compile --quiet --upgrade --universal --python-version "$oldest" \
        --no-header --no-annotate "$@" --output-file "requirements/$file" pyproject.toml
}

compile newest.txt --group dev
compile ecosystem.txt --group dev --group ecosystem
compile mcp2.txt --group mcp2
