#!/bin/sh
# Print the command that runs the Python of a QGIS that edits (3.40 or later): the machine's, or
# that of Debian 13 in a folder of its own (2 GB, made once in some minutes; needs root).
set -eu
edits='import sys; from qgis.core import Qgis; sys.exit(Qgis.QGIS_VERSION_INT < 34000)'
if /usr/bin/python3 -c "$edits" 2>/dev/null; then
  echo /usr/bin/python3
  exit 0
fi
root=${QGIS_ROOT:-${XDG_CACHE_HOME:-$HOME/.cache}/shizhong-atlas/trixie}
if ! [ -e "$root/.ready" ]; then
  if ! command -v debootstrap >/dev/null; then
    { apt-get update -qq && apt-get install -y -qq debootstrap; } >/dev/null
  fi
  # The same source of packages as the machine's own.
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Label: Debian' |
    head -n 1)
  echo "Installing QGIS of Debian 13 in $root …" >&2
  rm -rf "$root"
  mkdir -p "$root"
  debootstrap --variant=minbase --include=ca-certificates trixie "$root" "$mirror" >/dev/null
  chroot "$root" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends python3-qgis >/dev/null 2>&1
  touch "$root/.ready"
fi
echo "chroot $root /usr/bin/python3"
