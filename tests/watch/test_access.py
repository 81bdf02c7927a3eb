"""Who may read the page of broadcasts, and who may pause and resume them: the page itself, and no other page."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from watched_ledger import PEOPLE, message

from skymms.broadcast import Ledger, Phase
from skymms.errors import ConfigurationError
from skymms.watch import WatchServer


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class Page:
    """A server, and requests as a page or a program sends them."""

    def __init__(self, server: WatchServer, ledger: Ledger) -> None:
        self.ledger = ledger
        parts = urlsplit(server.url)
        self.port, self.path = parts.port, parts.path
        self.host = f"127.0.0.1:{self.port}"
        found = re.search(rb'name="skymms-token" content="([^"]+)"', self.request("GET", "").body)
        assert found is not None
        self.token = found[1].decode()

    def request(self, method: str, name: str, body: Any = None, *, path: str | None = None, **headers: str | None) -> Answer:
        """Send a request with these headers (underscores are hyphens) in place of the page's own; None leaves one out."""
        given: dict[str, str | None] = {"Host": self.host}
        if method == "POST":
            given |= {
                "Origin": f"http://{self.host}",
                "Sec-Fetch-Site": "same-origin",
                "Content-Type": "application/json",
                "X-Skymms-Token": self.token,
            }
        given |= {header.replace("_", "-"): value for header, value in headers.items()}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.putrequest(method, self.path + name if path is None else path, skip_host=True)
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        for header, value in given.items():
            if value is not None:
                connection.putheader(header, value)
        if method == "POST":
            connection.putheader("Content-Length", str(len(data)))
        connection.endheaders(data)
        response = connection.getresponse()
        answer = Answer(response.status, {key.lower(): value for key, value in response.getheaders()}, response.read())
        connection.close()
        return answer

    def phase(self, name: str = "spring") -> Phase:
        return self.ledger[name].status(unreported_after=None).phase

    def order(self, **more: Any) -> dict[str, Any]:
        return {"broadcast": self.ledger["spring"].id, **more}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with Ledger(tmp_path_factory.mktemp("watch") / "ledger.db") as ledger:
        for name in ("winter", "spring"):
            ledger.create(name, message(name), PEOPLE[:2])
        with WatchServer(ledger) as server:
            yield Page(server, ledger)


@pytest.fixture
def page(shared: Page) -> Page:
    if shared.phase() is Phase.PAUSED:
        shared.ledger["spring"].resume()
    return shared


def test_the_page_itself_pauses_and_resumes(page: Page) -> None:
    paused = page.request("POST", "pause", page.order(why="lunch"))
    assert (paused.status, json.loads(paused.body)) == (200, {"phase": "paused"})
    assert page.ledger["spring"].status().why == "lunch"
    assert json.loads(page.request("POST", "resume", page.order()).body) == {"phase": "planned"}
    assert [one["verb"] for one in page.ledger.audit()][-2:] == ["pause", "resume"]


FOREIGN: list[dict[str, str | None]] = [
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "https://{host}"},
    {"Origin": "http://localhost:{port}"},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": None},
    {"Sec_Fetch_Site": "cross-site"},
    {"Sec_Fetch_Site": "same-site"},
    {"Sec_Fetch_Site": "none"},
    {"X_Skymms_Token": None},
    {"X_Skymms_Token": ""},
    {"X_Skymms_Token": "x" * 43},
    {"X_Skymms_Token": "{token}x"},
    {"X_Skymms_Token": "é"},
    {"Host": "evil.example:{port}"},
    {"Host": "evil.example:{port}", "Origin": "http://evil.example:{port}"},
    {"Host": "127.0.0.1.nip.io:{port}", "Origin": "http://127.0.0.1.nip.io:{port}"},
    {"Host": ""},
    {"Host": None},
]


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_request_of_another_page_changes_nothing(page: Page, verb: str, headers: dict[str, str | None]) -> None:
    if verb == "resume":
        page.ledger["spring"].pause()
    before = page.phase()
    values = {"host": page.host, "port": page.port, "token": page.token}
    sent = {name: value and value.format_map(values).encode().decode("latin-1") for name, value in headers.items()}
    answer = page.request("POST", verb, page.order(), **sent)
    assert answer.status == 403
    assert page.token.encode() not in answer.body
    assert page.phase() is before


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data", "", None])
def test_a_body_that_a_form_can_send_changes_nothing(page: Page, content_type: str | None) -> None:
    assert page.request("POST", "pause", page.order(), Content_Type=content_type).status == 415
    assert page.phase() is Phase.PLANNED


@pytest.mark.parametrize("name", ["", "feed", "pause", "resume", "pause?broadcast=2", "feed?broadcast=2&why=x"])
def test_reading_changes_nothing(page: Page, name: str) -> None:
    verbs = [one["verb"] for one in page.ledger.audit()]
    token = {"X_Skymms_Token": page.token, "Origin": f"http://{page.host}", "Sec_Fetch_Site": "same-origin"}
    assert page.request("GET", name, **token).status == (405 if name.partition("?")[0] in ("pause", "resume") else 200)
    assert page.phase() is Phase.PLANNED
    assert [one["verb"] for one in page.ledger.audit()] == verbs


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"])
def test_other_methods_are_refused(page: Page, method: str) -> None:
    assert page.request(method, "pause").status in (405, 501)
    assert page.request("POST", "feed").status == 405


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.nip.io", "localhost.evil.example", ""])
@pytest.mark.parametrize("name", ["", "feed"])
def test_a_domain_that_was_pointed_at_this_machine_reads_nothing(page: Page, name: str, host: str) -> None:
    answer = page.request("GET", name, Host=host and f"{host}:{page.port}")
    assert answer.status == 403
    assert b"spring" not in answer.body
    assert page.token.encode() not in answer.body


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "skymms.localhost"])
def test_the_names_of_this_machine_may_be_used(page: Page, host: str) -> None:
    assert page.request("GET", "feed", Host=f"{host}:{page.port}").status == 200
    origin = f"http://{host}:{page.port}"
    assert page.request("POST", "pause", page.order(), Host=f"{host}:{page.port}", Origin=origin).status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_may_link_to_the_page_and_not_read_its_feed(page: Page, site: str) -> None:
    assert page.request("GET", "feed", Sec_Fetch_Site=site).status == 403
    assert page.request("GET", "", Sec_Fetch_Site=site).status == 200


@pytest.mark.parametrize(
    "path", ["/", "/feed", "/pause", "/x/", "/x/feed", "//", "{word}", "{path}feed/", "{path}other", "{path}../"]
)
def test_without_the_word_of_the_address_there_is_nothing(page: Page, path: str) -> None:
    answer = page.request("GET", "", path=path.format(path=page.path, word=page.path.rstrip("/") + "x"))
    assert answer.status == 404
    assert b"skymms broadcast watch" in answer.body
    assert page.request("POST", "", page.order(), path=path.format(path=page.path, word="/y/")).status == 404


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 9000,
        b"{}",
        b'{"broadcast": "2"}',
        b'{"broadcast": true}',
        b'{"broadcast": 2.0}',
        b'{"broadcast": null}',
        b'{"broadcast": 2, "why": 3}',
        b'{"broadcast": 2, "why": "a\\nb"}',
        b'{"broadcast": 2, "why": "' + b"x" * 301 + b'"}',
        b'{"broadcast": 2, "why": "' + b"x" * 20_000 + b'"}',
        b"\xff\xfe",
    ],
    ids=repr,
)
def test_a_body_of_another_form_is_refused(page: Page, body: bytes) -> None:
    assert page.request("POST", "pause", body).status == 400
    assert page.phase() is Phase.PLANNED


def test_what_cannot_be_paused_or_resumed_is_said(page: Page) -> None:
    assert page.request("POST", "resume", page.order()).body == b"the broadcast 'spring' is not paused\n"
    assert page.request("POST", "pause", {"broadcast": 99}).status == 404
    assert page.request("POST", "pause", {"broadcast": 10**30}).status == 404
    page.ledger["winter"].cancel()
    answer = page.request("POST", "pause", page.order(broadcast=page.ledger["winter"].id))
    assert (answer.status, answer.body) == (409, b"the broadcast 'winter' is cancelled, so it cannot be paused\n")


def test_the_responses_forbid_what_the_page_does_not_need(page: Page) -> None:
    headers = page.request("GET", "").headers
    rules = {rule.partition(" ")[0]: rule.partition(" ")[2] for rule in headers["content-security-policy"].split("; ")}
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == rules["frame-ancestors"] == "'none'"
    assert (rules["require-trusted-types-for"], rules["trusted-types"]) == ("'script'", "'none'")
    assert re.fullmatch(r"'sha256-\S{44}'", rules["script-src"])
    assert "unsafe" not in headers["content-security-policy"]
    for name in ("", "feed", "pause", "/"):
        headers = page.request("GET", name).headers
        assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
        assert (headers["referrer-policy"], headers["server"]) == ("no-referrer", "skymms-watch")


def test_each_server_has_a_token_and_an_address_of_its_own(page: Page) -> None:
    with WatchServer(page.ledger, only="winter") as other:
        second = Page(other, page.ledger)
        assert second.token != page.token
        assert second.path != page.path
        assert second.request("POST", "pause", page.order(), X_Skymms_Token=page.token).status == 403
        # It shows one broadcast, and does not touch another.
        assert [one["name"] for one in json.loads(second.request("GET", "feed").body)["broadcasts"]] == ["winter"]
        assert second.request("POST", "pause", page.order()).status == 404
    assert page.phase() is Phase.PLANNED


def test_a_broadcast_that_does_not_exist_and_a_port_in_use_are_named(page: Page) -> None:
    with pytest.raises(ConfigurationError, match="there is no broadcast 'autumn'"):
        WatchServer(page.ledger, only="autumn")
    assert page.port is not None
    with pytest.raises(ConfigurationError, match=f"cannot listen on 127.0.0.1, port {page.port}: Address already in use"):
        WatchServer(page.ledger, port=page.port)


def test_a_ledger_that_cannot_be_read_is_named(page: Page, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    with Ledger(tmp_path / "gone.db") as ledger, WatchServer(ledger) as server:
        other = Page(server, ledger)
        ledger.close()
        (tmp_path / "gone.db").write_bytes(b"no database")
        answer = other.request("GET", "feed")
        assert answer.status == 503
        assert b"gone.db: file is not a database" in answer.body
