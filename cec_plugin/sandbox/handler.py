"""Read requests from a connection and send what the registry answers."""

from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from cec_plugin.sandbox.line import SocketLine
from cec_plugin.sandbox.wire import Answer, Call, answer_error

if TYPE_CHECKING:
    from cec_plugin.sandbox.server import SandboxServer

LARGEST_BODY = 4 * 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    """One connection, kept open as long as the client likes."""

    server: "SandboxServer"
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def serve(self) -> None:
        """Answer one request."""
        body = self._body()
        if isinstance(body, Answer):
            self.close_connection = True  # what follows on the line is no request
            self._deliver(body)
            return
        try:
            call = self._call(body)
        except ValueError:
            message = "The path must be percent-encoded UTF-8."
            self._deliver(answer_error(400, "bad_request", message))
            return
        self._deliver(self.server.front.answer(call))

    # The names are http.server's.
    do_GET = do_HEAD = do_PUT = do_POST = serve  # noqa: N815
    do_PATCH = do_DELETE = do_OPTIONS = serve  # noqa: N815

    def handle(self) -> None:
        """Answer until the client leaves, however it leaves."""
        try:
            super().handle()
        except OSError:
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is no HTTP, in JSON as everything else."""
        self.close_connection = True
        self._deliver(answer_error(code, "bad_request", message or explain or "Not understood."))

    def log_message(self, *_args: object) -> None:
        """Stay quiet; the journal has the calls."""

    def _call(self, body: bytes) -> Call:
        target = urlsplit(self.path)
        if not self.path.isascii() or not target.path.startswith("/"):
            raise ValueError
        parts = target.path[1:].split("/") if target.path != "/" else []
        query = parse_qs(target.query, keep_blank_values=True, errors="strict", max_num_fields=50)
        return Call(
            method=self.command,
            target=self.path,
            segments=tuple(unquote(part, errors="strict") for part in parts),
            query={name: tuple(values) for name, values in query.items()},
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body,
            client=self.client_address[0],
        )

    def _body(self) -> bytes | Answer:
        if "Transfer-Encoding" in self.headers:
            return answer_error(411, "length_required", "The length has to be told beforehand.")
        told = set(self.headers.get_all("Content-Length", ["0"]))
        length = told.pop().strip()
        if told or not (length.isascii() and length.isdigit()):
            return answer_error(400, "bad_request", "The length is no number.")
        if len(length) > 18 or int(length) > LARGEST_BODY:
            return answer_error(413, "too_large", f"At most {LARGEST_BODY} bytes.")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionAbortedError
        return body

    def _deliver(self, answer: Answer) -> None:
        line = SocketLine(
            self.connection, close=self._hang_up, closing=self.server.front.board.closing
        )
        keep = not self.close_connection
        self.close_connection = not answer.manner.deliver(line, answer, keep=keep)

    def _hang_up(self) -> None:
        self.rfile.close()  # it shares the socket, which closes with the last of the two
        self.connection.close()
