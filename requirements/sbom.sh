#!/bin/sh
# What an installation of the wheel brings along, as a CycloneDX list: build/langspan.cdx.json.
# Listed from an environment that has the wheel in it and nothing else, no installer either.
set -eu
cd "$(dirname "$0")/.."
python="${PYTHON:-python3}"
wheel=.lanes/wheel
tool=.lanes/sbom

if ! [ -x "$tool/bin/cyclonedx-py" ]; then
    "$python" -m venv "$tool"
    "$tool/bin/python" -m pip install --quiet --disable-pip-version-check cyclonedx-bom
fi
rm -rf "$wheel"
"$python" -m venv --without-pip "$wheel"
"$tool/bin/python" -m pip --quiet --disable-pip-version-check --python "$wheel/bin/python" install \
    -c requirements/newest.txt dist/langspan-*.whl
mkdir -p build
"$tool/bin/cyclonedx-py" environment --pyproject pyproject.toml --mc-type library --output-reproducible \
    --output-file build/langspan.cdx.json "$wheel/bin/python"
echo "build/langspan.cdx.json"
