"""How we prove to the object store who we are, and it to us: temporary keys, AWS's chain, a private CA."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from pydantic import ValidationError

from consumer.storage.errors import StoreUnavailableError
from consumer.storage.objects import ObjectStore
from schemas.connections import ObjectStoreConnection
from schemas.settings_errors import explain_settings
from testkit.certificates import Authority
from tests.integration.producer.relay import Relay

_ENDS = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture(autouse=True)
def _nobody_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's own credentials of AWS out of the tests."""
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ROLE_ARN"):
        monkeypatch.delenv(name, raising=False)


class _Answering(BaseHTTPRequestHandler):
    """Answers everything with the server's one text, and remembers what was asked."""

    answer: ClassVar[str]
    asked: ClassVar[list[tuple[str, Mapping[str, str], str]]]

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        self.asked.append((self.path, dict(self.headers), body))
        data = self.answer.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_HEAD = _reply  # noqa: N815 - what http.server calls

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def _answering(text: str) -> Iterator[tuple[str, list[tuple[str, Mapping[str, str], str]]]]:
    """Serve one answer to everything; gives the URL, and a list of what was asked."""
    asked: list[tuple[str, Mapping[str, str], str]] = []
    handler = type("_One", (_Answering,), {"answer": text, "asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", asked
        finally:
            server.shutdown()
            thread.join()


async def _works(connection: ObjectStoreConnection) -> bool:
    async with ObjectStore(connection) as store:
        await store.ensure_bucket()
        await store.put_if_absent("key", b"data", "image/png")
        return await store.get(store.bucket, "key", max_bytes=10) == b"data"


def _aws(environment: Mapping[str, str]) -> ObjectStoreConnection:
    return ObjectStoreConnection(
        endpoint=environment["AEGIS_S3_ENDPOINT"], credentials="aws", bucket=f"t{uuid.uuid4().hex[:12]}"
    )


async def test_the_chain_takes_the_keys_of_aws_s_variables(
    monkeypatch: pytest.MonkeyPatch, stack_environment: Mapping[str, str]
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", stack_environment["AEGIS_S3_ACCESS_KEY"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", stack_environment["AEGIS_S3_SECRET_KEY"])

    assert await _works(_aws(stack_environment))


async def test_the_chain_takes_the_profile(
    monkeypatch: pytest.MonkeyPatch, stack_environment: Mapping[str, str], tmp_path: Path
) -> None:
    keys = (stack_environment["AEGIS_S3_ACCESS_KEY"], stack_environment["AEGIS_S3_SECRET_KEY"])
    (tmp_path / "credentials").write_text(f"[tagging]\naws_access_key_id={keys[0]}\naws_secret_access_key={keys[1]}\n")
    monkeypatch.setenv("AWS_PROFILE", "tagging")

    assert await _works(_aws(stack_environment))


async def test_the_chain_asks_for_the_role_of_the_container(
    monkeypatch: pytest.MonkeyPatch, stack_environment: Mapping[str, str]
) -> None:
    keys = {
        "AccessKeyId": stack_environment["AEGIS_S3_ACCESS_KEY"],
        "SecretAccessKey": stack_environment["AEGIS_S3_SECRET_KEY"],
        "Token": "",
        "Expiration": _ENDS,
    }
    with _answering(json.dumps(keys)) as (url, asked):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{url}/role")

        assert await _works(_aws(stack_environment))

    assert [path for path, _, _ in asked] == ["/role"]


async def test_the_chain_trades_a_web_identity(
    monkeypatch: pytest.MonkeyPatch, stack_environment: Mapping[str, str], tmp_path: Path
) -> None:
    (tmp_path / "identity").write_text("a.b.c")
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(tmp_path / "identity"))
    monkeypatch.setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/tagger")
    answer = f"""<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
        <AssumeRoleWithWebIdentityResult><Credentials>
        <AccessKeyId>{stack_environment["AEGIS_S3_ACCESS_KEY"]}</AccessKeyId>
        <SecretAccessKey>{stack_environment["AEGIS_S3_SECRET_KEY"]}</SecretAccessKey>
        <SessionToken></SessionToken><Expiration>{_ENDS}</Expiration>
        </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""
    with _answering(answer) as (url, asked):
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)

        assert await _works(_aws(stack_environment))

    question = parse_qs(asked[0][0].partition("?")[2] or asked[0][2])
    assert question["WebIdentityToken"] == ["a.b.c"]
    assert question["RoleArn"] == ["arn:aws:iam::1:role/tagger"]


async def test_a_chain_that_finds_nobody_says_so_and_blames_no_object(
    monkeypatch: pytest.MonkeyPatch, stack_environment: Mapping[str, str]
) -> None:
    with _answering("nobody") as (url, _):
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)
        async with ObjectStore(_aws(stack_environment)) as store:
            with pytest.raises(StoreUnavailableError, match="AEGIS_S3_CREDENTIALS=aws finds no credentials in"):
                await store.get(store.bucket, "key", max_bytes=10)


async def test_a_session_token_goes_with_every_request() -> None:
    with _answering("data") as (url, asked):
        connection = ObjectStoreConnection(
            endpoint=url, access_key="k", secret_key="s", session_token="temporary-token"
        )
        async with ObjectStore(connection) as store:
            await store.get("bucket", "key", max_bytes=10)

    (_, headers, _) = asked[0]
    sent = {name.lower(): value for name, value in headers.items()}
    assert sent["x-amz-security-token"] == "temporary-token"
    assert "x-amz-security-token" in sent["authorization"]


async def test_a_store_that_does_not_know_the_session_token_is_no_fault_of_an_object(
    stack_environment: Mapping[str, str],
) -> None:
    connection = ObjectStoreConnection(
        endpoint=stack_environment["AEGIS_S3_ENDPOINT"],
        access_key=stack_environment["AEGIS_S3_ACCESS_KEY"],
        secret_key=stack_environment["AEGIS_S3_SECRET_KEY"],
        session_token="temporary-token",
        bucket=f"t{uuid.uuid4().hex[:12]}",
    )
    async with ObjectStore(connection) as store:
        with pytest.raises(StoreUnavailableError) as refused:
            await store.get(store.bucket, "key", max_bytes=10)
    assert "temporary-token" not in str(refused.value)


async def test_a_private_ca_is_trusted_where_it_is_set_and_missed_in_a_sentence_where_it_is_not(
    stack_environment: Mapping[str, str], tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    target = stack_environment["AEGIS_S3_ENDPOINT"].partition("://")[2]
    with Relay(target, authority.issue("store").server_context()) as relay:
        settings: dict[str, Any] = {
            "endpoint": f"https://{relay.address}",
            "access_key": stack_environment["AEGIS_S3_ACCESS_KEY"],
            "secret_key": stack_environment["AEGIS_S3_SECRET_KEY"],
            "bucket": f"t{uuid.uuid4().hex[:12]}",
        }
        assert await _works(ObjectStoreConnection(**settings, ca_file=str(authority.certificate)))
        async with ObjectStore(ObjectStoreConnection(**settings)) as store:
            with pytest.raises(StoreUnavailableError, match="set AEGIS_S3_CA_FILE to the CA that signed it"):
                await store.ping()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"ca_file": "/nowhere.pem"}, "AEGIS_S3_CA_FILE=/nowhere.pem cannot be read (No such file or directory)"),
        ({"ca_file": __file__}, "holds no certificate: name a CA bundle in PEM"),
        ({"session_token": "t"}, "AEGIS_S3_SESSION_TOKEN belongs to temporary keys"),
        ({"credentials": "aws", "access_key": "k", "secret_key": "s"}, "AEGIS_S3_CREDENTIALS=aws takes no"),
    ],
)
def test_what_cannot_be_meant_is_refused_at_start(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as refused:
        ObjectStoreConnection(endpoint="https://127.0.0.1:1", **settings)

    assert sentence in explain_settings(refused.value)
