#!/bin/sh
# Install Debian's GDAL and QGIS for the tests with programs that staff use, where that is allowed.
set -eu
has_qgis() { /usr/bin/python3 -c 'import qgis.core' 2>/dev/null; }
if command -v ogr2ogr >/dev/null && has_qgis; then exit 0; fi
sudo=
[ "$(id -u)" = 0 ] || sudo='sudo -n'
if command -v apt-get >/dev/null && { [ -z "$sudo" ] || $sudo true 2>/dev/null; }; then
  echo "Installing gdal-bin and python3-qgis …"
  { $sudo apt-get update -qq && $sudo env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends gdal-bin python3-qgis; } >/dev/null ||
    echo "apt-get could not install them." >&2
fi
