"""Kills, a full disk and a locked database: what was answered 200 is in the store, and the inbox recovers by itself."""

from __future__ import annotations

import http.client
import resource
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from inbox_posts import tracking_ids
from inbox_server import InboxServer, report


def post_until(running: InboxServer, stop: threading.Event, prefix: str, stored: list[str]) -> None:
    """Post one report after another over one connection until the server is killed; note those that were answered 200."""
    number = 0
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    while not stop.is_set():
        number += 1
        name = f"MMS_{prefix}_{number}"
        try:
            connection.request("POST", running.path, report(name))
            response = connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException):
            break
        if response.status == 200:
            stored.append(name)
    connection.close()


# Ten kills in each store take about ten seconds: each round starts a server and lets it work.
@pytest.mark.parametrize("where", ["sqlite_where", "postgres_where"])
def test_ten_kills_under_load_lose_nothing_that_was_answered_200(serve, request, where) -> None:
    place = request.getfixturevalue(where)
    running = serve("uvicorn", "plain_asgi", place)
    stored: list[str] = []
    for kill in range(10):
        if kill:
            running.start()
        before, stop = len(stored), threading.Event()
        threads = [threading.Thread(target=post_until, args=(running, stop, f"{kill}_{n}", stored)) for n in range(8)]
        for thread in threads:
            thread.start()
        # Each kill comes at another moment of the load.
        while len(stored) < before + 10 + 7 * kill:
            time.sleep(0.001)
        running.kill()
        stop.set()
        # A connection that no server had accepted would wait for the next one.
        running.renew_socket()
        for thread in threads:
            thread.join()
    kept = tracking_ids(place)
    assert len(stored) > 400
    assert set(stored) <= set(kept)
    assert len(set(kept)) == len(kept)


def test_a_full_disk_is_answered_503_and_nothing_is_lost(serve, sqlite_where) -> None:
    running = serve("uvicorn", "plain_asgi", sqlite_where, answer_within=30)
    stored = [name for name in (f"MMS_{n}" for n in range(5)) if running.post(report(name)) == 200]
    assert len(stored) == 5
    # The system refuses the server to let any file grow, as a full disk does.
    size = max(Path(sqlite_where).stat().st_size, len(running.log))
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    names = [f"FULL_{n}" for n in range(40)]
    statuses = {name: running.post(report(name) + b" " * 20_000) for name in names}
    assert 503 in statuses.values()
    assert set(statuses.values()) <= {200, 503}
    stored += [name for name, status in statuses.items() if status == 200]
    assert set(tracking_ids(sqlite_where)) == set(stored)
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    # The gateway posts again.
    assert {running.post(report(name) + b" " * 20_000) for name in names} == {200}
    running.end()
    assert sorted(tracking_ids(sqlite_where)) == sorted([*[f"MMS_{n}" for n in range(5)], *names])


HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(("server", "app"), [("uvicorn", "plain_asgi"), ("gunicorn", "plain_wsgi")])
def test_a_file_locked_by_another_process_is_answered_503_until_it_is_free(serve, sqlite_where, server, app) -> None:
    running = serve(server, app, sqlite_where, answer_within=0.3)
    while running.post(report("MMS_0")) != 200:  # the first post may be late, because the server is just starting
        pass
    other = subprocess.Popen([sys.executable, "-c", HOLD, sqlite_where], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdin is not None
    assert other.stdout is not None
    with other:
        assert other.stdout.readline() == b"locked\n"
        assert [running.post(report(f"MMS_{n}")) for n in range(1, 4)] == [503] * 3
        other.stdin.close()
    for n in range(1, 4):
        while running.post(report(f"MMS_{n}")) != 200:  # as the gateway does
            pass
    running.end()
    assert sorted(tracking_ids(sqlite_where)) == ["MMS_0", "MMS_1", "MMS_2", "MMS_3"]


def test_a_locked_table_of_postgres_is_answered_503_until_it_is_free(serve, postgres_where) -> None:
    import psycopg

    running = serve("uvicorn", "plain_asgi", postgres_where, answer_within=0.3)
    while running.post(report("MMS_0")) != 200:
        pass
    with psycopg.connect(postgres_where) as other:
        other.execute("LOCK TABLE skymms_post IN ACCESS EXCLUSIVE MODE")
        assert [running.post(report(f"MMS_{n}")) for n in range(1, 4)] == [503] * 3
    for n in range(1, 4):
        while running.post(report(f"MMS_{n}")) != 200:
            pass
    assert sorted(tracking_ids(postgres_where)) == ["MMS_0", "MMS_1", "MMS_2", "MMS_3"]


def test_a_server_whose_database_ended_the_session_recovers(serve, postgres_where) -> None:
    import psycopg

    running = serve("uvicorn", "plain_asgi", postgres_where)
    assert running.post(report("MMS_1")) == 200
    with psycopg.connect(postgres_where, autocommit=True, application_name="another") as other:
        name = postgres_where.rpartition("=")[2]
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [name])
    statuses = [running.post(report("MMS_2")), running.post(report("MMS_2"))]
    assert statuses[1] == 200
    assert tracking_ids(postgres_where) == ["MMS_1", "MMS_2"]


def test_a_damaged_file_is_answered_503(serve, sqlite_where) -> None:
    running = serve("uvicorn", "plain_asgi", sqlite_where)
    assert running.post(report("MMS_1")) == 200
    with sqlite3.connect(sqlite_where) as connection:
        connection.execute("DROP TABLE skymms_identity")
    assert running.post(report("MMS_2")) == 503
    assert "skymms_identity" in running.log
