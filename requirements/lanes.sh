#!/bin/sh
# Run the tests in one environment after another: the oldest supported versions, the packages built on LangChain,
# those that need version 2 of `mcp`, then every Python found.
# Environments are kept in .lanes and made anew when their requirements change.
#
# What leans on versions most is tested in every lane; TESTS=tests runs everything. Random examples lean on
# versions least: few are tried.
set -eu
cd "$(dirname "$0")/.."
export HYPOTHESIS_PROFILE="${HYPOTHESIS_PROFILE:-quick}"

find_python() {
    for candidate in "python$1" "$HOME/.pyenv/versions/$1".*/bin/python; do
        if "$candidate" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
}

lane() { # name, Python version, requirements, tests
    python=$(find_python "$2")
    if [ -z "$python" ]; then
        echo "lane $1: skipped, no Python $2 found"
        return
    fi
    lane=.lanes/$1
    if ! cmp -s "$3" "$lane/requirements.txt"; then
        rm -rf "$lane"
        "$python" -m venv "$lane"
        "$lane/bin/python" -m pip install --quiet --disable-pip-version-check -r "$3" -e .
        cp "$3" "$lane/requirements.txt"
    fi
    echo "lane $1: $("$lane/bin/python" --version), $3"
    # shellcheck disable=SC2086 # a list of folders
    "$lane/bin/python" -m pytest -q -n auto ${TESTS:-$4}
}

most="tests/contract tests/integration tests/unit"
for name in ${*:-oldest ecosystem mcp2 3.12 3.13 3.14}; do
    case $name in
    oldest) lane oldest 3.11 requirements/oldest.txt "$most" ;;
    ecosystem) lane ecosystem 3.11 requirements/ecosystem.txt tests/ecosystem ;;
    mcp2) lane mcp2 3.11 requirements/mcp2.txt 'tests/ecosystem/test_mcp_*.py' ;;
    *) lane "$name" "$name" requirements/newest.txt "$most" ;;
    esac
done
