#!/bin/sh
# The official image's contract: options, or `haproxy` and options, start HAProxy as master and worker in the foreground; anything else is a
# command of its own.
set -e
if [ "${1#-}" != "$1" ]; then set -- haproxy "$@"; fi
if [ "$1" = haproxy ]; then
  shift
  set -- haproxy -W -db "$@"
fi
exec "$@"
