#!/bin/sh
# Install Debian's PostgreSQL with PostGIS, and strace for the tests that cut the power.
set -eu
if ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 &&
  command -v strace >/dev/null; then exit 0; fi
sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
  echo "Installing postgresql, postgis and strace …"
  { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq postgresql postgresql-postgis strace; } >/dev/null ||
    echo "apt-get could not install them." >&2
fi
