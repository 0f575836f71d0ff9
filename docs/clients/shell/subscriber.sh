#!/bin/sh
# Prints every asset that has a tag, and goes on as new ones are tagged: subscriber.sh TAG; needs kcat and jq.
set -eu
topic="${AEGIS_TOPIC_PREFIX:-}asset-tagged"
kcat -b "$AEGIS_KAFKA_BOOTSTRAP" -G "${GROUP:-my-service}" -X auto.offset.reset=earliest -q -u -J "$topic" |
    jq --unbuffered --raw-output --arg wanted "$1" '
        if .payload == null then "\(.key) removed" else
            .payload | fromjson | .asset_id as $id | .tags[] | select(.tag == $wanted) | "\($id) \(.confidence)"
        end'
