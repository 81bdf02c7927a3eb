"""The inbox in real applications under real servers."""

from __future__ import annotations

import pytest
from inbox_posts import posts_of
from inbox_server import report

#: A server, and an application under it.
SETUPS = [
    ("uvicorn", "plain_asgi"),
    ("uvicorn", "fastapi"),
    ("uvicorn", "django_asgi"),
    ("gunicorn", "plain_wsgi"),
    ("gunicorn", "flask"),
    ("gunicorn", "django_wsgi"),
    ("werkzeug", "flask"),
]


@pytest.mark.parametrize(("server", "app"), SETUPS, ids=[f"{app} under {server}" for server, app in SETUPS])
def test_each_application_stores_what_it_answers_200(serve, sqlite_where, server, app) -> None:
    running = serve(server, app, sqlite_where)
    assert running.request("GET") == (200, "the inbox is ready: it stores what a gateway posts here\n")
    assert running.request("HEAD") == (200, "")
    assert running.post(report("MMS_1")) == 200
    assert running.post(report("MMS_1")) == 200  # a repeat
    assert running.post(iter([report("MMS_2")[:40], report("MMS_2")[40:]])) == 200  # in chunks
    assert running.post(b"xml=" + report("MMS_3"), Content_Type="application/x-www-form-urlencoded") == 200
    assert running.post(b"not a postback") == 200
    assert running.post(report("MMS_4"), path="/mms/" + "x" * 43) == 404
    assert running.request("PUT", body=report("MMS_4"))[0] == 405
    assert running.request("GET", f"{running.path}?xml=%3CPOSTBACK%2F%3E")[0] == 405
    # A server may close the connection instead of reading the rest.
    assert running.post(b" " * 2_000_000) in {413, 0}
    assert running.post([b" " * 50_000] * 40) in {413, 0}
    if app in {"fastapi", "flask", "django_wsgi", "django_asgi"}:
        assert running.request("GET", "/")[0] == 200
    running.end()
    stored = posts_of(sqlite_where)
    assert [ids for _, _, ids in stored] == [["MMS_1"], ["MMS_2"], ["MMS_3"], []]
    assert [(body, bool(problem)) for body, problem, _ in stored] == [
        (report("MMS_1"), False),
        (report("MMS_2"), False),
        (b"xml=" + report("MMS_3"), False),
        (b"not a postback", True),
    ]
    assert running.log.count("refused a post (413)") == 2
    # The access logs print paths; none prints the secret.
    assert "***" in running.log
    assert running.secret not in running.log
    assert "x" * 43 not in running.log
    assert "Traceback" not in running.log
