"""The judge: a web server that knows nothing of the product. `python -m tests.faults.receiver FILE SECRET`.

Every request is verified with the reference library of Standard Webhooks and noted as one line of JSON before it
is answered. A third of the messages is asked to come again when it comes for the first time (503). Prints its port.
"""

import hashlib
import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

REFUSED_EVERY = 3


class Book:
    """The file of what arrived, in the order of arrival."""

    def __init__(self, path: str, secret: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._webhook = Webhook(secret)
        self._known: set[str] = set()
        self._lock = threading.Lock()

    def note(self, headers: dict[str, str], body: bytes, whole: bool) -> int:
        """Write the request down; the status to answer with."""
        trouble = self._trouble(headers, body) if whole else "torn"
        line: dict[str, Any] = {"id": headers.get("webhook-id", ""), "trouble": trouble}
        line["body"] = hashlib.sha256(body).hexdigest()
        if trouble == "":
            document = json.loads(body)
            data = document["data"]
            line |= {"type": document["type"], "update": data.get("update", {}).get("id")}
            line["incident"] = data.get("incident", {}).get("id")
        with self._lock:
            new = line["id"] not in self._known and trouble == ""
            if new:
                self._known.add(line["id"])
            line["status"] = 400 if trouble else 503 if new and len(self._known) % REFUSED_EVERY == 0 else 204
            os.write(self._file, json.dumps(line).encode() + b"\n")
        return int(line["status"])

    def _trouble(self, headers: dict[str, str], body: bytes) -> str:
        try:
            self._webhook.verify(body, headers)
        except (WebhookVerificationError, ValueError) as error:
            return f"not verified: {error}"
        return ""


def handler(book: Book) -> type[BaseHTTPRequestHandler]:
    """Requests into the book."""

    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            headers = {name.lower(): value for name, value in self.headers.items()}
            status = book.note(headers, body, whole=len(body) == length)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Senders are killed while we answer: nothing to say of it."""


def main(path: str, secret: str) -> None:
    """Serve for ever."""
    server = Server(("127.0.0.1", 0), handler(Book(path, secret)))
    os.write(1, f"{server.server_address[1]}\n".encode())
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
