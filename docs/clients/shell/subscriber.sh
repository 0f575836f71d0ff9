#!/bin/sh
# Prints every asset that has a tag, and what people say of it, and goes on: subscriber.sh TAG; needs kcat and jq.
set -eu
prefix="${AEGIS_TOPIC_PREFIX:-}"
kcat -b "$AEGIS_KAFKA_BOOTSTRAP" -G "${GROUP:-my-shell-service}" -X auto.offset.reset=earliest -q -u -J \
    "${prefix}asset-tagged" "${prefix}asset-reviewed" |
    jq --unbuffered --raw-output --arg wanted "$1" '
        if .payload == null then "\(.key) removed" else
            .payload | fromjson | .asset_id as $id | .by as $by | if .verdict then
                .verdict | select(.tag == $wanted) | "\($id) \(.word) by \($by)"
            else
                .tags[] | select(.tag == $wanted) | "\($id) \(.confidence)"
            end
        end'
