"""The ASGI application, called as a server calls it: callers that end early, that are slow, and a store that is too new."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from skymms import StorageError
from skymms.broadcast import Ledger
from skymms.inbox import Inbox, Secret

SECRET = "s" * 43


def call(inbox: Inbox, messages: list[dict[str, Any]], *, method: str = "POST") -> list[dict[str, Any]]:
    """Call the application with these messages, and return what it sends. After the last message the caller is silent."""
    scope = {
        "type": "http", "method": method, "path": f"/{SECRET}", "headers": [], "query_string": b"", "http_version": "1.1",
        "client": ("127.0.0.1", 1), "root_path": "",
    }  # fmt: skip
    sent: list[dict[str, Any]] = []
    waiting = iter(messages)

    async def receive() -> Any:
        found = next(waiting, None)
        return found if found is not None else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(inbox.asgi(scope, receive, send))
    return sent


def stored(file: Path) -> int:
    with sqlite3.connect(file) as connection:
        return connection.execute("SELECT count(*) FROM skymms_post").fetchone()[0]


def test_a_caller_that_ends_in_the_middle_of_its_body_stores_nothing(tmp_path: Path) -> None:
    file = tmp_path / "postbacks.db"
    inbox = Inbox(file, secret=Secret(SECRET), work=False)
    begun = {"type": "http.request", "body": b"<POSTBACK>", "more_body": True}
    assert call(inbox, [begun, {"type": "http.disconnect"}]) == []
    inbox.close()
    assert stored(file) == 0


def test_a_body_that_is_not_complete_in_time_is_answered_408_and_not_stored(tmp_path: Path) -> None:
    file = tmp_path / "postbacks.db"
    inbox = Inbox(file, secret=Secret(SECRET), answer_within=0.2, work=False)
    sent = call(inbox, [{"type": "http.request", "body": b"<POSTBACK>", "more_body": True}])
    inbox.close()
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]
    assert stored(file) == 0


def test_a_body_in_pieces_is_one_post(tmp_path: Path) -> None:
    file = tmp_path / "postbacks.db"
    inbox = Inbox(file, secret=Secret(SECRET), work=False)
    body = b"<POSTBACK><ORIGIN>MMS_MT</ORIGIN><CODE>N101</CODE><TRACKINGID>MMS_1</TRACKINGID></POSTBACK>"
    pieces = [{"type": "http.request", "body": body[at : at + 10], "more_body": True} for at in range(0, len(body), 10)]
    sent = call(inbox, [*pieces, {"type": "http.request", "body": b"", "more_body": False}])
    inbox.close()
    assert sent[0]["status"] == 200
    assert stored(file) == 1


@pytest.mark.parametrize("kind", ["inbox", "broadcast"])
def test_a_store_of_a_newer_version_is_refused_and_closed(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "newer.db"

    def open_it() -> None:
        (Inbox(file, secret=Secret(SECRET), work=False) if kind == "inbox" else Ledger(file)).close()

    open_it()
    with sqlite3.connect(file) as connection:
        assert connection.execute("UPDATE skymms_schema SET version = 99 WHERE component = ?", [kind]).rowcount == 1
    connection.close()
    with pytest.raises(StorageError, match="newer version of skymms"):
        open_it()
