"""Partners that the tests tell how to behave, over plain HTTP and over SOAP."""

from __future__ import annotations

import html
import http.server
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

STOCK = Path(__file__).with_name("stock.wsdl").read_text(encoding="utf-8")
"""The WSDL of the SOAP partner: the one of the guide."""
_ENVELOPE = '<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>{}</S:Body></S:Envelope>'
_SKU = re.compile(r"sku>([^<]*)<")


class Target:
    """A partner: what it does to a request is told it by a function (target, request); it keeps the keys of the requests that it took.

    With ``soap`` it is the service of :data:`STOCK`; the key is the article, elsewhere the body.
    """

    def __init__(self, behave: Callable[[Any, Any], None], *, soap: bool = False) -> None:
        self.taken: list[str] = []
        self.calls = 0
        self.begun = threading.Event()
        self.leave = threading.Event()
        target = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                told = self.rfile.read(int(self.headers["Content-Length"])).decode()
                found = _SKU.search(told) if soap else None
                self.body = html.unescape(found[1]) if found else told.strip()
                target.calls += 1
                target.begun.set()
                behave(target, self)

            do_PUT = do_POST  # noqa: N815 -- the library's names

            def answer(self, status: int, body: str = "fine", **headers: str) -> None:
                """Answer, and have had the effect if it is a good status."""
                if status < 300:
                    target.taken.append(self.body)
                if soap and status < 300:
                    sku = html.escape(self.body)
                    body = f'<CheckResponse xmlns="urn:example:stock"><item sku="{sku}">1</item></CheckResponse>'
                    body, headers = _ENVELOPE.format(body), {"Content_Type": "text/xml", **headers}
                octets = body.encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name.replace("_", "-"), value)
                self.send_header("Content-Length", str(len(octets)))
                self.end_headers()
                self.wfile.write(octets)

            def fault(self, status: int, code: str, detail: str = "", **headers: str) -> None:
                """Answer with a SOAP fault."""
                told = f"<S:Fault><faultcode>S:{code}</faultcode><faultstring>no</faultstring>{detail}</S:Fault>"
                self.answer(status, _ENVELOPE.format(told), Content_Type="text/xml", **headers)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False
            request_queue_size = 64

            def handle_error(self, *_: Any) -> None:
                pass  # callers that have left

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving; whoever hangs is let go."""
        self.leave.set()
        self.server.shutdown()
        self.server.server_close()


def call(port: int, *, soap: bool, deadline: int, idempotent: bool, method: str = "POST") -> str:
    """The steps that call a partner with the body, in YAML, as the value of ``steps``. ``deadline`` in milliseconds."""
    if not soap:
        options = f"responseTimeout={deadline}&httpMethod={method}{'&idempotent=true' if idempotent else ''}"
        return f"[{{to: 'http://127.0.0.1:{port}/target?{options}'}}]"
    declared = ", idempotent: Check" if idempotent else ""
    parameters = (
        f"operation: Check, address: 'http://127.0.0.1:{port}/target', timeout: {deadline}, retries: 0{declared}"
    )
    return (
        "[{convertBodyTo: {type: String}}, {setBody: {python: \"{'sku': [body]}\"}}, "
        f"{{to: {{uri: 'soap:stock.wsdl', parameters: {{{parameters}}}}}}}]"
    )
