"""The secret is accepted in its place, and appears nowhere else: in no log, repr, error, traceback, pickle, or object."""

from __future__ import annotations

import copy
import logging
import pickle
import traceback
from pathlib import Path
from typing import Any

import pytest
from inbox_server import CANARY, basic, report

from skymms import ConfigurationError
from skymms.inbox import Inbox, Secret, mask_paths_in_logs
from skymms.inbox.log_filters import mask_paths

OTHER = "other" + CANARY[5:]


def test_a_generated_secret_has_256_bits_and_is_new() -> None:
    tokens = {Secret.generate().reveal() for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(token) >= 43 for token in tokens)


def test_a_secret_comes_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{CANARY}\n")
    monkeypatch.setenv("SKYMMS_INBOX_SECRET", OTHER)
    assert Secret.from_env().reveal() == OTHER
    assert Secret.from_file(file).reveal() == CANARY
    # The file wins, as with API keys.
    monkeypatch.setenv("SKYMMS_INBOX_SECRET_FILE", str(file))
    assert Secret.from_env().reveal() == CANARY


@pytest.mark.parametrize("separator", [" ", "\n", "\r\n"])
def test_two_secrets_are_accepted_while_one_replaces_the_other(tmp_path: Path, separator: str) -> None:
    file = tmp_path / "secret"
    file.write_bytes(f"{CANARY}{separator}{OTHER}\n".encode())
    secret = Secret.from_file(file)
    assert secret.reveal() == CANARY
    hashes = secret.hashes()
    assert hashes.matches(CANARY)
    assert hashes.matches(OTHER)
    assert not Secret(CANARY).hashes().matches(OTHER)


@pytest.mark.parametrize("wrong", ["", CANARY[:-1], CANARY + "x", CANARY.upper(), "\ud800", "é" * 50, CANARY * 100])
def test_another_text_does_not_match(wrong: str) -> None:
    assert not Secret(CANARY, former=OTHER).hashes().matches(wrong)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (CANARY[:42], "has 42 characters and needs 43"),
        (CANARY + "/", "a character that a URL would escape"),
        (CANARY + "%41", "a character that a URL would escape"),
        (CANARY + "é", "a character that a URL would escape"),
        (CANARY * 20, "more than the 512 allowed"),
        (f"{CANARY} {OTHER} {OTHER}", "has 3 secrets"),
        ("", r"is not set, or empty; create one with `skymms inbox secret`"),
    ],
)
def test_an_error_names_the_remedy_and_not_the_secret(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        Secret.from_env({"SKYMMS_INBOX_SECRET": text})
    assert "canary" not in "".join(traceback.format_exception(caught.value))


def test_wrong_files_and_types_are_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        Secret.from_file(tmp_path / "missing")
    (tmp_path / "empty").touch()
    with pytest.raises(ConfigurationError, match="the file must contain the secret of the inbox and nothing else"):
        Secret.from_file(tmp_path / "empty")
    with pytest.raises(ConfigurationError, match="must be text, not bytes"):
        Secret(CANARY.encode())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError, match="expected a Secret"):
        Inbox(tmp_path / "inbox.db", secret=CANARY)  # type: ignore[arg-type]


def test_a_secret_is_never_shown_or_pickled() -> None:
    secret = Secret(CANARY, former=OTHER)
    for text in (repr(secret), str(secret), f"{secret}", repr([secret]), repr(secret.hashes())):
        assert "canary" not in text
        assert "other" not in text
    for function in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            function(secret)


def texts_in(thing: Any, seen: set[int]) -> list[str | bytes]:
    """All texts that can be reached from an object through attributes and containers."""
    if id(thing) in seen:
        return []
    seen.add(id(thing))
    if isinstance(thing, (str, bytes)):
        return [thing]
    parts: list[Any] = []
    if isinstance(thing, dict):
        parts += [*thing.keys(), *thing.values()]
    elif isinstance(thing, (list, tuple, set, frozenset)):
        parts += thing
    if type(thing).__module__.startswith("skymms"):
        slots = [name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())]
        parts += [*vars(thing).values()] if hasattr(thing, "__dict__") else []
        parts += [getattr(thing, name) for name in slots if hasattr(thing, name)]
    return [text for part in parts for text in texts_in(part, seen)]


def test_an_inbox_keeps_only_hashes(tmp_path: Path) -> None:
    with Inbox(tmp_path / "inbox.db", secret=Secret(CANARY, former=OTHER), basic=[("gateway", "password-1")]) as inbox:
        found = texts_in(inbox, set())
        assert any(isinstance(text, bytes) and len(text) == 32 for text in found)  # the hashes were reached
        for hidden in ("canary", "other0", "password-1"):
            assert not [text for text in found if hidden in str(text)]
        assert repr(inbox) == f"Inbox('{tmp_path / 'inbox.db'}')"


# ------------------------------------------------------------------------------------------------ logs


@pytest.mark.parametrize(
    ("shown", "masked"),
    [
        (f"/mms/{CANARY}", "/mms/***"),
        (f"POST /mms/{CANARY}/?a=b HTTP/1.1", "POST /mms/***/?a=b HTTP/1.1"),
        (f"https://user@a.example/{CANARY[:-3]}", "https://user@a.example/***"),
        (f"%2Fmms%2F{CANARY}", "%2Fmms%2F***"),
        (f"/mms/{''.join(f'%{ord(character):02X}' for character in CANARY)}", "/mms/***"),
        ("/orders/123e4567-e89b-12d3-a456-426614174000", "/orders/123e4567-e89b-12d3-a456-426614174000"),
        ("/static/app.js", "/static/app.js"),
    ],
)
def test_long_segments_of_paths_are_masked(shown: str, masked: str) -> None:
    assert mask_paths(shown) == masked


class Recorded(logging.Handler):
    """Keeps records as a handler prints them."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture
def recorded() -> Any:
    handler = Recorded()
    names = ["uvicorn.access", "gunicorn.access", "werkzeug", "django.request", "my.proxy"]
    for name in names:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.INFO)
    yield handler
    for name in names:
        logging.getLogger(name).removeHandler(handler)
        logging.getLogger(name).setLevel(logging.NOTSET)


class Unprintable:
    def __str__(self) -> str:
        raise ValueError(CANARY)

    __repr__ = __str__


def test_records_of_servers_are_masked_in_every_form(recorded: Recorded) -> None:
    mask_paths_in_logs("my.proxy")
    mask_paths_in_logs("my.proxy")
    access = logging.getLogger("uvicorn.access")
    access.info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:1", "POST", f"/mms/{CANARY}", "1.1", 200)
    logging.getLogger("gunicorn.access").info(
        '%(h)s "%(r)s" %(s)s', {"h": "-", "r": f"POST /mms/{CANARY} HTTP/1.1", "s": "200"}
    )
    logging.getLogger("werkzeug").info(f'127.0.0.1 "POST /mms/{CANARY} HTTP/1.1" 200 -')
    logging.getLogger("my.proxy").info("%s", f"/mms/{CANARY}")
    try:
        raise ValueError(f"/mms/{CANARY}")
    except ValueError:
        logging.getLogger("django.request").exception("Internal Server Error: %s", f"/mms/{CANARY}")
    logging.getLogger("werkzeug").info("%s", Unprintable())
    assert recorded.lines[:4] == [
        '127.0.0.1:1 - "POST /mms/*** HTTP/1.1" 200',
        '- "POST /mms/*** HTTP/1.1" 200',
        '127.0.0.1 "POST /mms/*** HTTP/1.1" 200 -',
        "/mms/***",
    ]
    assert recorded.lines[4].startswith("Internal Server Error: /mms/***\nTraceback")
    assert recorded.lines[4].endswith("ValueError: /mms/***")
    assert "in test_records_of_servers_are_masked_in_every_form" in recorded.lines[4]
    assert not [line for line in recorded.lines if "canary" in line]


@pytest.mark.parametrize(
    ("server", "app"),
    [("uvicorn", "django_asgi"), ("gunicorn", "django_wsgi"), ("werkzeug", "flask")],
)
def test_no_log_of_a_server_has_the_secret_even_at_debug(serve, sqlite_where, server, app) -> None:
    running = serve(server, app, sqlite_where, basic=[["gateway", "password-1"]], networks=["127.0.0.1"])
    allowed = {"Authorization": basic("gateway", "password-1")}
    assert running.post(report(), **allowed) == 200
    assert running.post(b"defect", **allowed) == 200
    assert running.post(b"<broken", **allowed) == 200
    assert running.post(report()) == 401
    assert running.post(report(), Authorization=basic("gateway", "password-2")) == 401
    assert running.request("DELETE", **allowed)[0] == 405
    assert running.post(report(), path=f"/mms/{CANARY[:-1]}", **allowed) == 404
    assert running.post(report(), path=f"/mms/{CANARY}/more", **allowed) == 404
    assert running.post(report(), path=f"/elsewhere/{CANARY[:-1]}?{CANARY}", **allowed) == 404
    running.send_raw(f"POST /mms/{CANARY} HTTP/1.1\r\nHost: x\r\nContent-Length: nonsense\r\n\r\n".encode())
    running.send_raw(f"POST /mms/{CANARY} NONSENSE\r\n\r\n".encode())
    running.end()
    for hidden in ("canary", "password-", basic("gateway", "password-1")[6:], "15551234888"):
        assert [line for line in running.log.splitlines() if hidden in line] == []
    assert "***" in running.log
