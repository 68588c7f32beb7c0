"""A small hawkBit server: its REST for devices (DDI), for one target, over HTTPS.

It knows what hawkBit itself asks of a device: a token in each request, attributes where it wants to
know them, and feedback until a roll-out is closed, after which it is not offered again.
"""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.lab.authority import Identity
from tests.lab.tls import server_context

HOST = "127.0.0.1"
ACTION = "17"
SLEEP = "00:05:00"


@dataclass
class Feedback:
    """What a device has said of a roll-out."""

    finished: str
    execution: str
    details: list[str] = field(default_factory=list)


class HawkBit:
    """`bundle` is what is rolled out, until the device has closed the action."""

    def __init__(self, identity: Identity, tenant: str, target: str, token: str) -> None:
        self.base, self.token = f"/{tenant}/controller/v1/{target}", token
        self.bundle = b""
        self.version = "1"
        self.attributes: dict[str, str] = {}
        self.feedback: list[Feedback] = []
        self.asked: list[tuple[str, int]] = []
        owner = self

        class Handler(_Handler):
            hawkbit = owner

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self._server.socket = server_context(identity).wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def __enter__(self) -> HawkBit:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def url(self, path: str) -> str:
        return f"https://{HOST}:{self.port}{path}"

    @property
    def is_open(self) -> bool:
        """Tell whether there is something that the device has not closed yet."""
        return bool(self.bundle) and not any(one.execution == "closed" for one in self.feedback)

    def polled(self) -> dict[str, Any]:
        """Return what a device is told that asks what there is."""
        links = {}
        if not self.attributes:
            links["configData"] = {"href": self.url(f"{self.base}/configData")}
        if self.is_open:
            links["deploymentBase"] = {"href": self.url(f"{self.base}/deploymentBase/{ACTION}")}
        return {"config": {"polling": {"sleep": SLEEP}}, "_links": links}

    def deployment(self) -> dict[str, Any]:
        """Return what is to be installed, and where it is."""
        hashes = {name: hashlib.new(name, self.bundle).hexdigest() for name in ("sha1", "sha256")}
        artifact = {
            "filename": "handset.raucb",
            "hashes": hashes,
            "size": len(self.bundle),
            "_links": {"download": {"href": self.url("/handset.raucb")}},
        }
        chunk = {
            "part": "os",
            "version": self.version,
            "name": "handset",
            "artifacts": [artifact],
        }
        how = {"download": "forced", "update": "forced", "chunks": [chunk]}
        return {"id": ACTION, "deployment": how}


class _Handler(BaseHTTPRequestHandler):
    hawkbit: HawkBit
    protocol_version = "HTTP/1.1"
    timeout = 20.0

    def do_GET(self) -> None:
        owner = self.hawkbit
        if not self._is_known():
            return
        if self.path == owner.base:
            self._json(owner.polled())
        elif self.path == f"{owner.base}/deploymentBase/{ACTION}" and owner.is_open:
            self._json(owner.deployment())
        elif self.path == "/handset.raucb":
            self._say(200, owner.bundle, "application/octet-stream")
        else:
            self._say(404, b"{}")

    def do_PUT(self) -> None:
        said = self._body()
        if self._is_known():
            self.hawkbit.attributes = said["data"]
            self._say(200, b"")

    def do_POST(self) -> None:
        said = self._body()
        if self._is_known():
            status = said["status"]
            result = status["result"]["finished"]
            self.hawkbit.feedback.append(
                Feedback(result, status["execution"], status.get("details", []))
            )
            self._say(200, b"")

    def _is_known(self) -> bool:
        """Tell whether the device shows its token; else it is told to."""
        is_known = self.headers.get("Authorization") == self.hawkbit.token
        if not is_known:
            self._say(401, b"{}")
        return is_known

    def _body(self) -> dict[str, Any]:
        said: dict[str, Any] = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        return said

    def _json(self, value: dict[str, Any]) -> None:
        self._say(200, json.dumps(value).encode())

    def _say(self, status: int, data: bytes, kind: str = "application/json") -> None:
        self.hawkbit.asked.append((self.path, status))
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
