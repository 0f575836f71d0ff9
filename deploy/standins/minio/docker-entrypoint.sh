#!/bin/sh
# As in the real image: the command may leave out the program's name.
[ "$1" = minio ] || set -- minio "$@"
exec "$@"
