"""A gateway that answers by script: a real HTTP server on a port of its own, in this process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass
class Request:
    """A request as it came in; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content) if self.content else None


@dataclass
class Answer:
    """What to answer; ``drop`` closes the connection instead, without a word."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False


Handler = Callable[[Request], Answer]


def problem(status: int, code: str, detail: str = "", **more: Any) -> Answer:
    retry_after = more.pop("retry_after", None)
    body = {"type": f"urn:x:{code}", "title": "t", "status": status, "detail": detail, "code": code, **more}
    return Answer(status, body, {"retry-after": str(retry_after)} if retry_after is not None else {})


class FakeGateway:
    """Answers come from ``on``; all requests are kept in ``seen``, those of a path in ``requests(path)``."""

    def __init__(self) -> None:
        self.seen: list[Request] = []
        self._routes: dict[tuple[str, str], list[Answer | Handler]] = {}
        gateway = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except ConnectionError:
                    self.close_connection = True

            def answer(self) -> None:
                request = gateway._read(self)
                reply = gateway._reply(request)
                if reply.drop:
                    self.close_connection = True
                    self.connection.close()
                    return
                is_text = isinstance(reply.body, str)
                data = (
                    reply.body.encode() if is_text else b"" if reply.body is None else json.dumps(reply.body).encode()
                )
                self.send_response(reply.status)
                for name, value in {"content-type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *_: Any) -> None:
                return None

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def on(self, method: str, path: str, *answers: Answer | Handler) -> None:
        """The answers to come, in order; the last one is given again and again."""
        self._routes[(method, path)] = list(answers)

    def requests(self, path: str) -> list[Request]:
        return [request for request in self.seen if request.path == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _read(self, door: BaseHTTPRequestHandler) -> Request:
        url = urlsplit(door.path)
        headers = {name.lower(): value for name, value in door.headers.items()}
        content = door.rfile.read(int(headers.get("content-length", 0)))
        request = Request(door.command, url.path, dict(parse_qsl(url.query)), headers, content)
        self.seen.append(request)
        return request

    def _reply(self, request: Request) -> Answer:
        answers = self._routes.get((request.method, request.path))
        if not answers:
            return problem(404, "http.route_not_found", f"{request.method} {request.path}")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        return answer(request) if callable(answer) else answer
