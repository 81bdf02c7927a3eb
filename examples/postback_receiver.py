"""Receive postbacks (the gateway's reports about messages) with an inbox, which stores them before it answers.

Serve it with `export SKYMMS_INBOX_SECRET=$(skymms inbox secret)` and `uvicorn --factory postback_receiver:application`. Run as
a script, this file starts a server, posts a report to it twice, lets the handler run, and ends.
"""

import tempfile
import threading
import urllib.request
from collections.abc import Callable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from skymms import DeliveryReport
from skymms.inbox import Inbox, Message, Secret
from skymms.sandbox import PostbackBodies


def create_inbox(store: str, secret: Secret) -> Inbox:
    inbox = Inbox(store, secret=secret)

    @inbox.on(DeliveryReport)
    def report_arrived(report: DeliveryReport, message: Message) -> None:
        print(f"{message.state}: {report.tracking_id} to {report.to}")

    return inbox


def application() -> Callable[..., object]:
    return create_inbox("postbacks.db", Secret.from_env()).asgi  # .wsgi for gunicorn and Flask, .django for Django


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


if __name__ == "__main__":
    report, secret = PostbackBodies().delivered("MMS_12345", to="15551234888"), Secret.generate()
    with (
        tempfile.TemporaryDirectory() as folder,
        create_inbox(f"{folder}/postbacks.db", secret) as inbox,
        make_server("127.0.0.1", 0, inbox.wsgi, handler_class=Quiet) as server,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/mms/{secret.reveal()}"
        for _ in range(2):  # the second post is a repetition
            urllib.request.urlopen(urllib.request.Request(address, report.body, report.headers)).close()
        server.shutdown()
        inbox.work(until_idle=True)
