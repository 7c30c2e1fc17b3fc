#!/bin/sh
# Install Debian's Chromium and Chinese fonts for the browser tests, where that is allowed.
set -eu
if command -v chromium >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q .; then exit 0; fi
sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
  echo "Installing chromium and fonts-noto-cjk …"
  { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq chromium fonts-noto-cjk fontconfig; } >/dev/null ||
    echo "apt-get could not install them." >&2
fi
