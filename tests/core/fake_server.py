"""A file server for tests: ranges, ETags, redirects, refusals, broken connections."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FakeServer:
    """Attributes to set: `files` by path, `etag`, `cut` (bytes after which to hang up, by request),
    `ranges` (whether they are answered), `login` (wanted Authorization), `redirect`, `headers`,
    `status` (answer every request with it). `seen` lists the headers of each request.
    """

    def __init__(self, url):
        self.url = url
        self.files = {}
        self.etag = '"v1"'
        self.cut = []
        self.ranges = True
        self.login = None
        self.redirect = {}
        self.headers = {}
        self.status = None
        self.seen = []


@contextmanager
def fake_server():
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):
            fake.seen.append((self.path, dict(self.headers)))
            if fake.status or self.path not in fake.files | fake.redirect:
                return self.refuse(fake.status or 404)
            if (
                fake.login
                and self.path.startswith("/api")
                and (self.headers.get("Authorization") != fake.login)
            ):
                return self.refuse(403)
            if self.path in fake.redirect:
                self.send_response(302)
                self.send_header("Location", fake.redirect[self.path])
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None
            content, start = fake.files[self.path], 0
            wanted = self.headers.get("Range")
            if wanted and fake.ranges and self.headers.get("If-Range") == fake.etag:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                if start >= len(content):
                    return self.refuse(416)
                self.send_response(206)
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            else:
                self.send_response(200)
            if fake.etag:
                self.send_header("ETag", fake.etag)
            for name, value in fake.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            body = content[start:]
            self.wfile.write(body[: fake.cut.pop(0)] if fake.cut else body)
            self.wfile.flush()
            self.close_connection = True
            return None

        def refuse(self, status):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake = FakeServer(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
