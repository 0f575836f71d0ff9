#!/bin/sh
# Prints every texture that is there again, and what one is of the other, and goes on; needs kcat and jq.
set -eu
kcat -b "$AEGIS_KAFKA_BOOTSTRAP" -G "${GROUP:-my-duplicates-service}" -X auto.offset.reset=earliest -q -u -J \
    "${AEGIS_TOPIC_PREFIX:-}asset-related" |
    jq --unbuffered --raw-output '
        if .payload == null then "\(.key) removed" else
            .payload | fromjson | .asset_id as $id | .related[] |
            if .said_of == "this" then "\($id) \(.relation) \(.asset_id)" else "\(.asset_id) \(.relation) \($id)" end
        end'
