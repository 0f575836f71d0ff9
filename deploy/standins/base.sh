#!/usr/bin/env bash
# Makes a stand-in for the image that the Dockerfile starts from, where nothing can be pulled: Debian bookworm with its
# Python 3.11, by debootstrap. For tests alone. Needs root and debootstrap.
#   base.sh IMAGE
set -euo pipefail

image=$1
command -v debootstrap >/dev/null || {
    echo "base.sh: $image cannot be pulled, and debootstrap is missing to make it: apt-get install debootstrap" >&2
    exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv bookworm "$work/root" >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    exit 1
}
cd "$work/root"
# Whom this machine trusts, so that builds reach the same package registries as it does.
cp /etc/ssl/certs/ca-certificates.crt etc/ssl/certs/
ln -s /usr/bin/python3 usr/local/bin/python
# As the slim images do.
rm -rf var/cache/apt/* var/lib/apt/lists/* var/log/* usr/share/doc/* usr/share/man/* usr/share/locale/*
find . -xdev -name __pycache__ -prune -exec rm -rf {} +
tar --create . | docker import --change 'LABEL aegis.standin=true' - "$image" >/dev/null
