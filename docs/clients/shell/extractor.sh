#!/bin/sh
# Uploads one texture and publishes its event: extractor.sh FILE ASSET_ID; needs curl, jq and kcat.
set -eu
file="$1" asset_id="$2"
bucket="${AEGIS_S3_BUCKET:-aegis-assets}"
topic="${AEGIS_TOPIC_PREFIX:-}asset-extracted"
digest="$(sha256sum "$file" | cut -d ' ' -f 1)"
# Under its own digest, so that equal textures are stored once.
key="sha256/$(echo "$digest" | cut -c 1-2)/$(echo "$digest" | cut -c 3-4)/$digest.${file##*.}"
event_id="$(cat /proc/sys/kernel/random/uuid)"

# Upload first, so that nobody hears of an object that is not there.
curl --fail --silent --show-error --aws-sigv4 "aws:amz:${AEGIS_S3_REGION:-us-east-1}:s3" \
    --user "$AEGIS_S3_ACCESS_KEY:$AEGIS_S3_SECRET_KEY" --upload-file "$file" "$AEGIS_S3_ENDPOINT/$bucket/$key"

# All events of one asset lie in one partition: that which the Java client chooses, murmur2.
event="$(jq --null-input --compact-output --arg event_id "$event_id" --arg occurred_at "$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)" \
    --arg asset_id "$asset_id" --arg bucket "$bucket" --arg key "$key" '
        {$event_id, schema_version: "1.0", $occurred_at, $asset_id, object: {$bucket, $key}}')"
printf '%s\t%s\n' "$asset_id" "$event" | kcat -b "$AEGIS_KAFKA_BOOTSTRAP" -t "$topic" -P -K '\t' \
    -X partitioner=murmur2_random -X acks=all -H ce_specversion=1.0 -H "ce_id=$event_id" \
    -H ce_type=aegis.asset.extracted.v1 -H ce_source=/my-extractor -H content-type=application/json
