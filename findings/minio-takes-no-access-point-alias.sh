#!/usr/bin/env bash
# Guess: minio takes whatever Amazon S3 takes in the place of a bucket's name, so also the alias of an access point, which S3
# makes up to be used there (`NAME-HASH-s3alias`); if not, it says that aliases are not supported.
# Finding: every call, of whatever kind, raises ValueError before anything is sent: the rule for the names of new buckets is
# asked of all. It is meant for S3 alone, but `and` ties that to the first of its three conditions only, so that it holds for
# any other server, too; and its message speaks of '--s3alias', which no alias ends with. botocore takes the alias.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check minio==7.2.20 botocore==1.42.30
venv/bin/python - <<'PY'
from importlib.metadata import version
from urllib.parse import urlsplit

import botocore.session
from minio import Minio

NAMES = {
    "a bucket": "game-assets",
    "an access point's alias": "game-assets-abcdefghijklmnopqrstuvwxyz012345-s3alias",
    "a name that only S3 refuses": "xn--game-assets",
}
SERVERS = {"S3": "s3.eu-west-1.amazonaws.com", "a server of one's own": "127.0.0.1:9000"}
print("minio", version("minio"), "botocore", version("botocore"))
seen = {}
for server, address in SERVERS.items():
    client = Minio(endpoint=address, access_key="key", secret_key="secret", region="eu-west-1")
    for kind, name in NAMES.items():
        try:
            client.presigned_get_object(bucket_name=name, object_name="sword.png")
            seen[server, kind] = "taken"
        except ValueError as error:
            seen[server, kind] = f"ValueError: {error}"
        print(f"minio, {server}, {kind}: {seen[server, kind]}")
session = botocore.session.get_session()
peer = session.create_client(
    "s3", region_name="eu-west-1", aws_access_key_id="key", aws_secret_access_key="secret"
)
alias = NAMES["an access point's alias"]
host = urlsplit(peer.generate_presigned_url("get_object", Params={"Bucket": alias, "Key": "sword.png"})).netloc
print(f"botocore, S3, an access point's alias: {host}")
assert host.startswith(alias)
assert [text == "taken" for text in seen.values()] == [True, False, False, True, False, True], "the finding no longer holds"
assert all("xn--" in seen[server, "an access point's alias"] for server in SERVERS), "the finding no longer holds"
PY
