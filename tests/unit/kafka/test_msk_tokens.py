"""Logging in to Amazon MSK: by tokens that AWS's own package signs, which is imported only where that is chosen."""

from __future__ import annotations

import base64
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from pydantic import ValidationError

from consumer.kafka.errors import AccessRefusedError
from consumer.kafka.tokens import token_provider
from schemas.connections import MSK_SIGNER, KafkaConnection
from schemas.settings_errors import explain_settings

_MSK: dict[str, Any] = {
    "bootstrap": "127.0.0.1:9098",
    "security_protocol": "SASL_SSL",
    "sasl_mechanism": "AWS_MSK_IAM",
    "aws_region": "eu-central-1",
}
needs_signer = pytest.mark.skipif(find_spec(MSK_SIGNER) is None, reason="pip install 'aegis-tagger[msk]'")


@pytest.fixture(autouse=True)
def _nobody_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_without_the_package_the_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("schemas.connections.find_spec", lambda _: None)

    with pytest.raises(ValidationError) as refused:
        KafkaConnection(**_MSK)

    assert explain_settings(refused.value) == (
        "AEGIS_KAFKA_SASL_MECHANISM=AWS_MSK_IAM needs a package of AWS: pip install 'aegis-tagger[msk]'"
    )


def test_whoever_does_not_choose_it_does_not_import_it() -> None:
    program = f"import sys, consumer.kafka.clients; sys.exit({MSK_SIGNER!r} in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@needs_signer
async def test_a_token_is_a_signed_request_to_the_region(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hidden-key")
    provider = token_provider(KafkaConnection(**_MSK))
    assert provider is not None

    token = await provider.token()

    url = urlsplit(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode())
    asked = parse_qs(url.query)
    assert url.hostname == "kafka.eu-central-1.amazonaws.com"
    assert asked["Action"] == ["kafka-cluster:Connect"]
    assert asked["X-Amz-Credential"][0].startswith("AKIDEXAMPLE/")
    assert "hidden-key" not in url.query


@needs_signer
async def test_without_credentials_of_aws_the_sentence_says_so() -> None:
    provider = token_provider(KafkaConnection(**_MSK))
    assert provider is not None

    with pytest.raises(AccessRefusedError, match="AWS gives no credentials to sign with"):
        await provider.token()
