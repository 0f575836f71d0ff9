#!/usr/bin/env bash
# Guess: a consumer with group_instance_id is a static member as KIP-345 has it: of two processes with one id the older is
# fenced, and raises an error that says so.
# Finding: aiokafka sends the id when it joins and syncs, but its requests for heartbeats and commits have no field for it, so
# that a broker cannot fence by them; and where a broker does answer FENCED_INSTANCE_ID (82), aiokafka knows no such code and
# makes UnknownError of it, as of INVALID_RECORD (87). Two processes of one id take each other's place for as long as both run.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check aiokafka==0.14.0
venv/bin/python - <<'PY'
from importlib.metadata import version

from aiokafka.errors import for_code
from aiokafka.protocol import commit, group

FIELD = "group_instance_id"


def says_it(module, request):
    """Whether any version of the request has the field."""
    names = [name for name in dir(module) if name.startswith(f"{request}_v")]
    assert names, f"{request} is no more where it was"
    return any(FIELD in getattr(module, name).SCHEMA.names for name in names)


print(f"aiokafka {version('aiokafka')}")
seen = {
    request: says_it(module, request)
    for module, request in (
        (group, "JoinGroupRequest"),
        (group, "SyncGroupRequest"),
        (group, "HeartbeatRequest"),
        (commit, "OffsetCommitRequest"),
    )
}
for request, said in seen.items():
    print(f"{request}: {'has' if said else 'lacks'} {FIELD}")
codes = {code: for_code(code).__name__ for code in (82, 87)}
for code, name in codes.items():
    print(f"code {code}: {name}")
assert list(seen.values()) == [True, True, False, False], "the finding no longer holds"
assert set(codes.values()) == {"UnknownError"}, "the codes are known now"
PY
