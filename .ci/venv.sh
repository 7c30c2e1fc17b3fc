#!/bin/sh
# Make .venv with a Python 3.11 or newer; on Debian, whose Python may lack venv, install that first.
set -eu
cd "$(dirname "$0")/.."
python=
for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do
  if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    python=$name
    break
  fi
done
if [ -z "$python" ]; then
  echo "The atlas needs Python 3.11 or newer; install it, or name it: make PYTHON=/path/to/python3.11" >&2
  exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  sudo=
  [ "$(id -u)" = 0 ] || sudo='sudo -n'
  version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
    echo "Installing python$version-venv …"
    $sudo apt-get update -qq >/dev/null
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "python$version-venv" >/dev/null
  else
    echo "This Python has no venv; install it first: sudo apt-get install python$version-venv" >&2
    exit 1
  fi
fi
rm -rf .venv
"$python" -m venv .venv
