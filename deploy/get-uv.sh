#!/bin/sh
# Installs uv into .tools/ of the current folder, for machines that have none.
set -eu
wheels=$(dirname "$0")/uv.txt
want=$(sed -n 's/^\(uv==[^ ]*\).*/\1/p' "$wheels")

python=
for candidate in python3.14 python3.13 python3.12 python3.11 python3; do
    if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))' \
        2>/dev/null; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "rejoinder needs Python 3.11 to 3.14; this machine has: $(python3 --version 2>&1 || true)" >&2
    echo "Install one of these, or uv, which brings its own: https://docs.astral.sh/uv/" >&2
    exit 1
fi

echo "uv is not installed here; putting $want into .tools/"
trap 'rm -rf .tools' EXIT
rm -rf .tools
if "$python" -m venv .tools 2>/dev/null; then
    .tools/bin/python -m pip install --disable-pip-version-check --quiet \
        --require-hashes --only-binary :all: -r "$wheels"
elif "$python" -m pip --version >/dev/null 2>&1; then
    # Debian's Python has venv only with the package python3-venv.
    rm -rf .tools
    "$python" -m pip install --disable-pip-version-check --quiet --target .tools/lib \
        --require-hashes --only-binary :all: -r "$wheels"
    mkdir .tools/bin
    ln -s ../lib/bin/uv .tools/bin/uv
else
    echo "$python has neither venv nor pip. On Debian or Ubuntu: apt-get install python3-venv" >&2
    exit 1
fi
.tools/bin/uv --version
trap - EXIT
