"""An OIDC token endpoint for one client, which gives out what the test says."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final
from urllib.parse import parse_qsl

CLIENT: Final = "tagger"
SECRET: Final = "the-right-secret"  # noqa: S105 - of an endpoint that lives as long as a test
_AUTHORIZATION: Final = f"Basic {base64.b64encode(f'{CLIENT}:{SECRET}'.encode()).decode()}"


@dataclass(slots=True)
class TokenEndpoint:
    """Where it listens, and the forms that were sent to it."""

    url: str
    forms: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def token_endpoint(make_token: Callable[[], str], life_seconds: float = 300.0) -> Iterator[TokenEndpoint]:
    """Serve tokens for the length of a block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
            endpoint.forms.append(form)
            if self.headers["authorization"] == _AUTHORIZATION and form["grant_type"] == "client_credentials":
                self._answer(200, {"access_token": make_token(), "token_type": "bearer", "expires_in": life_seconds})
            else:
                self._answer(401, {"error": "invalid_client"})

        def _answer(self, status: int, document: dict[str, Any]) -> None:
            data = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        endpoint = TokenEndpoint(f"http://127.0.0.1:{server.server_address[1]}/token")
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield endpoint
        finally:
            server.shutdown()
            thread.join()
