"""Receive postbacks (the gateway's reports about messages) in a WSGI application.

Run ``application`` with any WSGI server. Run as a script, this file starts a server, posts a report to it twice, and ends.
"""

import threading
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from skymms import DeliveryReport, EncodingReport, ProtocolError, read_postbacks

seen: set[str] = set()  # in a service: a database table with a unique key


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    try:
        notices = read_postbacks(body, environ.get("CONTENT_TYPE"))
    except ProtocolError:
        start_response("400 Bad Request", [("Content-Length", "0")])
        return []
    for notice in notices:
        # The gateway posts again if it got no response. The repetition has the same identity.
        if notice.identity in seen:
            continue
        seen.add(notice.identity)
        match notice:
            case DeliveryReport(delivered=True):
                print("delivered:", notice.tracking_id, "to", notice.to)
            case DeliveryReport(failed=True):
                print("failed:", notice.tracking_id, notice.details)
            case EncodingReport(ready=True):
                print("ready to send:", notice.mms_id)
            case _:
                print("other:", notice.code, notice.meaning)
    # Respond within ten seconds. Do slow work afterwards, outside the request.
    start_response("200 OK", [("Content-Length", "0")])
    return []


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


if __name__ == "__main__":
    report = (
        b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N102</CODE><STATUS>Message Sent/Delivered</STATUS>"
        b"<TO>15551234888</TO><TRACKINGID>MMS_12345</TRACKINGID></POSTBACK>"
    )
    with make_server("127.0.0.1", 0, application, handler_class=Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for _ in range(2):  # the second post is a repetition
            urllib.request.urlopen(f"http://127.0.0.1:{server.server_port}/", report).close()
        server.shutdown()
