"""The simplest of web servers, on loopback; also one that never says how much it will send."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.close_connection = True
        if self.path.startswith("/locked"):
            self.send_error(401)
        elif self.path.startswith("/endless/"):  # as a camera that must promise a length
            self.send_response(200)
            self.send_header("Content-Length", self.path.split("/")[2])
            self.end_headers()
            while True:  # until the client leaves
                self.wfile.write(Path(self.directory, self.path.split("/")[3]).read_bytes())
        elif self.path.startswith("/unsized/"):  # as a camera sends: nobody knows how much will come
            data = Path(self.directory, self.path[9:]).read_bytes()
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data))
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = False

    def handle_error(self, *_: object) -> None:
        """A client that leaves is no error."""


@contextmanager
def web(folder: Path) -> Iterator[str]:
    """Serves a folder as the simplest of web servers does; gives its address."""
    with _Server(("127.0.0.1", 0), partial(_Files, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
