#!/bin/sh
# Install Debian's PostgreSQL for the tests of the store, where that is allowed.
set -eu
if [ -d /usr/lib/postgresql ]; then exit 0; fi
sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
  echo "Installing postgresql …"
  { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq postgresql; } >/dev/null ||
    echo "apt-get could not install it." >&2
fi
