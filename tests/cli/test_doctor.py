"""`skymms doctor`: what it finds at servers that are right, and at servers that misbehave in one way each."""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from email.utils import formatdate
from importlib.metadata import PackageNotFoundError
from typing import Any
from urllib.parse import urlsplit

import pytest
from cli_process import CANARY, COUPON, TO_AND_FROM
from misbehaving_server import CERTIFICATE, SENT, Faulty, closed_url, drop, http, refused, reset, stall

from skymms import Account, Client, ConfigurationError, StorageError
from skymms.broadcast import Ledger
from skymms.cli import doctor_gateway, doctor_network, doctor_versions
from skymms.inbox import Inbox, Secret
from skymms.sandbox import Sandbox
from skymms.transport import guard
from skymms.wire.dialects import DIALECTS

UNUSED = "HTTPS_PROXY is set and not used:"
LISTING = b"<RESPONSE><STATUS>Success</STATUS><MMSIDS>1,2,3</MMSIDS></RESPONSE>"


@pytest.fixture(autouse=True)
def no_settings(monkeypatch, tmp_path, environment) -> None:
    """No proxy, no certificates and no profile of the machine that runs the tests."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr(guard, "is_active", lambda: False)
    find = socket.getaddrinfo

    def find_here(host: str, *arguments: Any, **options: Any) -> Any:
        # Nothing beyond this machine is asked for.
        if host not in {"127.0.0.1", "localhost"}:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return find(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", find_here)


Diagnose = Callable[..., dict[str, Any]]


@pytest.fixture
def diagnose(run) -> Diagnose:
    """Runs `skymms doctor --json` and returns the findings by their names; the exit status has to agree with them."""

    def diagnosed(*argv: str) -> dict[str, Any]:
        timeout = () if "--timeout" in argv else ("--timeout", "2")
        result = run("doctor", "--json", *timeout, *argv)
        document = result.json
        is_bad = any(one["grade"] == "failure" for one in document["checks"])
        assert (result.status, document["ok"]) == (int(is_bad), not is_bad)
        for one in document["checks"]:
            assert bool(one["fix"]) == (one["grade"] in {"warning", "failure"}), one
        return {one["check"]: one for one in document["checks"]}

    return diagnosed


def grade_and_text(found: Mapping[str, Any], name: str) -> tuple[str, str]:
    return found[name]["grade"], found[name]["text"]


# ------------------------------------------------------------------------------------------------ all is well


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_sandbox_is_fine_in_every_dialect_and_gets_no_message(diagnose, sandbox, monkeypatch, dialect):
    monkeypatch.setenv("SKYMMS_URL", sandbox.account(dialect).address)
    before = len(sandbox.sent)
    found = diagnose("--dialect", dialect)
    # No list tells whether the path is right in sinch-json, and the sandbox answers 404 to a GET there.
    assert [name for name, one in found.items() if one["grade"] not in {"ok", "skipped"}] == ["reach"] * (
        dialect == "sinch-json"
    )
    assert grade_and_text(found, "dialect") == ("ok", f"{dialect} (--dialect)")
    assert grade_and_text(found, "url") == ("ok", f"{sandbox.account(dialect).address} (SKYMMS_URL)")
    assert found["clock"]["text"] == "within 0 s of the gateway's"
    listing = found["key at the gateway"]
    if dialect == "sinch-json":
        assert "sinch-json has no request that sends nothing" in listing["text"]
    else:
        assert listing["text"] == "accepted: ListMMS was answered, 0 stored slideshows; nothing was sent"
    assert len(sandbox.sent) == before


@pytest.mark.parametrize("generation", ["v3", "v1"])
def test_cellcast_is_asked_for_its_balance(diagnose, sandbox, monkeypatch, generation):
    monkeypatch.setenv("SKYMMS_CELLCAST_KEY", CANARY)
    monkeypatch.setenv("SKYMMS_CELLCAST_URL", sandbox.account(f"cellcast-{generation}").address)
    found = diagnose("--generation", generation)
    assert grade_and_text(found, "key at the gateway") == ("ok", "accepted: Balance was answered; nothing was sent")
    assert found["key"]["text"].endswith("(SKYMMS_CELLCAST_KEY)")


def test_the_text_has_a_line_for_each_check_and_ends_with_the_result(run, gateway):
    result = run("doctor")
    assert (result.status, result.err) == (0, "Nothing is wrong.\n")
    assert re.search(r"^ok       reach: HTTP \d+ to a request without a key and without a message$", result.out, re.MULTILINE)
    assert re.search(r"^skipped  certificate: http:// has none", result.out, re.MULTILINE)
    result = run("doctor", "--url", closed_url(), "--offline", "--ledger", "nowhere.db")
    assert result.err == "1 warning\n"
    assert "\n         To do: `skymms broadcast create` makes one" in result.out


# ------------------------------------------------------------------------------------------------ settings


def test_every_setting_says_where_it_comes_from(diagnose, monkeypatch, tmp_path):
    (tmp_path / "mms.key").write_text(f"{CANARY}\n")
    (tmp_path / "config.toml").write_text(
        '[profiles.live]\ndialect = "sinch"\nsender = "15551234888"\nservice_id = "7"\nrate = 14.5\nwaived = ["subject"]\n'
        'api_key_file = "mms.key"\n'
    )
    monkeypatch.setenv("SKYMMS_CONFIG", str(tmp_path / "config.toml"))
    monkeypatch.setenv("SKYMMS_PROFILE", "live")
    monkeypatch.delenv("SKYMMS_API_KEY")
    monkeypatch.setenv("SKYMMS_SERVICE_ID", "8")
    found = diagnose("--offline", "--dialect", "sinch-json")
    assert {name: found[name]["text"] for name in ("dialect", "sender", "service id", "rate", "waived")} == {
        "dialect": "sinch-json (--dialect)",
        "sender": "a number of 11 digits (profile live)",
        "service id": "8 (SKYMMS_SERVICE_ID)",
        "rate": "14.5 (profile live)",
        "waived": "subject (profile live)",
    }
    assert found["profile"]["text"] == f"live in {tmp_path / 'config.toml'}"
    assert found["key"]["text"].startswith(f"***, {len(CANARY)} characters")
    assert found["key"]["text"].endswith("(profile live)")
    assert "the vendor's own" in found["address"]["text"]
    monkeypatch.delenv("SKYMMS_PROFILE")
    assert "none is chosen" in diagnose("--offline")["profile"]["text"]


@pytest.mark.parametrize(
    ("argv", "variables", "check", "text"),
    [
        ((), {"SKYMMS_PROFILE": "nope"}, "settings", "there is no configuration file"),
        (("--url", "gateway.example"), {}, "settings", "url='gateway.example'"),
        (("--waive", "nope"), {}, "settings", "there is no such field"),
        (("--cellcast",), {}, "generation", "it is not known"),
        (("--cellcast", "--url", "ftp://x"), {"SKYMMS_CELLCAST_GENERATION": "v3"}, "settings", "url='ftp://x'"),
        ((), {"SKYMMS_API_KEY": ""}, "key", "there is no API key"),
        ((), {"SKYMMS_API_KEY": "two words"}, "key", "the account's key contains a blank"),
        ((), {"SKYMMS_API_KEY_FILE": "/nowhere/mms.key"}, "key", "SKYMMS_API_KEY_FILE='/nowhere/mms.key' cannot be read"),
    ],
)
def test_a_wrong_setting_is_a_failure(diagnose, monkeypatch, argv, variables, check, text):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    found = diagnose("--offline", *argv)
    assert found[check]["grade"] == "failure"
    assert text in found[check]["text"]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ('"0123456789abcdef"', "it begins or ends with a quote"),
        ("SKYMMS_API_KEY=0123456789", "it begins with SKYMMS_API_KEY="),
        ("your-api-key", "it is a placeholder"),
        ("12345", "so short a text is not masked"),
    ],
)
def test_a_key_that_looks_wrong_is_a_warning_that_does_not_show_it(run, monkeypatch, key, text):
    monkeypatch.setenv("SKYMMS_API_KEY", key)
    result = run("doctor", "--offline")
    assert result.status == 0
    assert text in result.out
    assert key not in result.out


@pytest.mark.parametrize(
    ("key", "form"),
    [
        ("0123456789", "***, 10 characters, digits"),
        ("0123456789abcdef", "***, 16 characters, hexadecimal digits"),
        ("0123456789xyz", "***, 13 characters, letters and digits"),
        ("0123-4567-89", "***, 12 characters, letters, digits and others"),
    ],
)
def test_of_a_key_only_its_form_is_shown(diagnose, monkeypatch, key, form):
    monkeypatch.setenv("SKYMMS_API_KEY", key)
    assert grade_and_text(diagnose("--offline"), "key") == ("ok", f"{form} (SKYMMS_API_KEY)")


def test_an_address_without_encryption_is_a_warning(diagnose):
    found = diagnose("--offline", "--url", "http://user:secret@mms.example.com/API", "--allow-http")
    assert found["address"]["grade"] == "warning"
    assert "the API key is sent unencrypted" in found["address"]["text"]
    assert "secret" not in json.dumps(found)


# ------------------------------------------------------------------------------------------------ the network


def named_server() -> tuple[socket.socket, str]:
    """A socket that accepts connections and does not answer, and its https URL."""
    server = socket.create_server(("127.0.0.1", 0))
    return server, f"https://127.0.0.1:{server.getsockname()[1]}/"


@pytest.mark.parametrize(
    ("url", "check", "text"),
    [
        (lambda: "https://mms.invalid/", "name", "mms.invalid was not found: "),
        (closed_url, "connection", "no connection to 127.0.0.1, port "),
    ],
    ids=["name", "connection"],
)
def test_a_step_that_fails_is_the_last_one(diagnose, url, check, text):
    found = diagnose("--url", url())
    assert found[check]["grade"] == "failure"
    assert text in found[check]["text"]
    assert grade_and_text(found, "reach") == ("skipped", "the step above has failed")


def test_a_name_server_that_does_not_answer_is_not_waited_for(diagnose, monkeypatch):
    never = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: never.wait(20))
    try:
        assert grade_and_text(diagnose("--url", "https://mms.example/", "--timeout", "0.1"), "name") == (
            "failure",
            "mms.example was not found within 0.1 s",
        )
    finally:
        never.set()


def test_a_host_that_drops_packets_is_not_waited_for(diagnose, monkeypatch):
    def connect(*_: object, **__: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", connect)
    assert "within 2 s" in diagnose("--url", "https://127.0.0.1:9/")["connection"]["text"]


def test_a_certificate_that_signs_itself_is_refused(diagnose):
    with Faulty(http(SENT), tls=True) as server:
        found = diagnose("--url", server.url)
    assert grade_and_text(found, "certificate") == (
        "failure",
        "the certificate of 127.0.0.1 is refused: it is signed by itself (trusted: requests)",
    )
    assert "REQUESTS_CA_BUNDLE" in found["certificate"]["fix"]
    assert server.requests == []


def test_a_certificate_that_is_trusted_says_until_when(diagnose, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with Faulty(http(b"", Date=formatdate(usegmt=True)), http(LISTING), tls=True) as server:
        found = diagnose("--url", server.url)
    assert re.fullmatch(
        r"TLSv1\.\d, valid until \d{4}-\d\d-\d\d, issued by .+ \(trusted: REQUESTS_CA_BUNDLE\)", found["certificate"]["text"]
    )
    assert found["key at the gateway"]["text"] == "accepted: ListMMS was answered, 3 stored slideshows; nothing was sent"
    assert [request.split(b" ")[0] for request in server.requests] == [b"GET", b"POST"]
    assert CANARY.encode() not in server.requests[0]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory) -> Callable[..., str]:
    """Makes certificates for a name and a time, with openssl."""

    def make(name: str, subject: str, days: int) -> str:
        file = tmp_path_factory.mktemp("certificates") / f"{name}.pem"
        argv = [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            "/O=Example/CN=x",
        ]
        subprocess.run(
            [*argv, "-keyout", f"{file}.key", "-out", file, "-days", str(days), "-addext", f"subjectAltName={subject}"],
            check=True,
            capture_output=True,
        )
        file.write_bytes(file.read_bytes() + (file.parent / f"{name}.pem.key").read_bytes())
        return str(file)

    return make


@pytest.fixture
def serve_tls(monkeypatch) -> Iterator[Callable[[str], str]]:
    """Serves with a certificate that is also the one that is trusted, and returns the URL."""
    servers: list[Faulty] = []

    def serve(file: str) -> str:
        monkeypatch.setattr("misbehaving_server.CERTIFICATE", file)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", file)
        servers.append(Faulty(http(LISTING), tls=True))
        return servers[-1].url

    yield serve
    for server in servers:
        server.__exit__()


def test_a_certificate_for_another_host_is_refused(diagnose, certificates, serve_tls):
    by_address = diagnose("--url", serve_tls(certificates("other", "DNS:other.example", 30)))
    assert "it is not for this address" in by_address["certificate"]["text"]
    by_name = diagnose("--url", serve_tls(certificates("another", "IP:127.0.0.1", 30)).replace("127.0.0.1", "localhost"))
    assert "it is for other names" in by_name["certificate"]["text"]


def test_a_certificate_that_ends_soon_is_a_warning(diagnose, certificates, serve_tls):
    found = diagnose("--url", serve_tls(certificates("soon", "IP:127.0.0.1", 3)))
    assert found["certificate"]["grade"] == "warning"
    assert found["certificate"]["text"].endswith(("issued by Example (trusted: REQUESTS_CA_BUNDLE): 2 days", ": 3 days"))


@pytest.mark.parametrize(("begin", "end", "text"), [(-20, -10, "it has expired"), (10, 20, "it is not valid yet")])
def test_a_certificate_at_the_wrong_time_is_refused(diagnose, certificates, serve_tls, monkeypatch, begin, end, text):
    # openssl makes certificates from now on only, so what is moved is the code of the refusal, as OpenSSL raises it.
    code = 10 if end < 0 else 9
    error = ssl.SSLCertVerificationError(1, "refused")
    error.verify_code, error.verify_message = code, "refused"

    def refuse(*_: object, **__: object) -> None:
        raise error

    url = serve_tls(certificates(f"days{begin}", "IP:127.0.0.1", 30))
    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", refuse)
    found = diagnose("--url", url)
    assert text in found["certificate"]["text"]
    assert "clock" in found["certificate"]["fix"]


def test_a_file_of_certificates_that_cannot_be_used_is_named(diagnose, monkeypatch, tmp_path):
    (tmp_path / "empty.pem").touch()
    monkeypatch.setenv("CURL_CA_BUNDLE", str(tmp_path / "empty.pem"))
    with Faulty(http(SENT), tls=True) as server:
        found = diagnose("--url", server.url)
    assert "CURL_CA_BUNDLE names the file" in found["certificate"]["text"]
    assert found["certificate"]["fix"] == "correct CURL_CA_BUNDLE, or unset it"


def test_a_directory_of_certificates_is_used(diagnose, monkeypatch, tmp_path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    with Faulty(http(SENT), tls=True) as server:
        assert "it is signed by itself" in diagnose("--url", server.url)["certificate"]["text"]


def test_a_server_that_does_not_speak_tls_is_told_from_a_certificate(diagnose):
    with Faulty(http(SENT)) as server:
        found = diagnose("--url", server.url.replace("http:", "https:"), "--timeout", "0.3")
    assert found["certificate"]["text"].startswith("no TLS with 127.0.0.1, port ")
    silent, url = named_server()
    with silent:
        assert "within 0.2 s" in diagnose("--url", url, "--timeout", "0.2")["certificate"]["text"]


@pytest.mark.parametrize(
    ("answer", "text"), [(b"HTTP/1.1 400 Bad Request\r\n\r\n", "wrong version number"), (None, "Connection reset by peer")]
)
def test_a_server_that_answers_something_else_than_tls(diagnose, answer, text):
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for _ in range(2):  # the step before opens a connection, too, and sends nothing
                connection, _ = server.accept()
                with connection:
                    if not connection.recv(5):
                        continue
                    if answer is None:
                        reset(connection, threading.Event())
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        found = diagnose("--url", f"https://127.0.0.1:{server.getsockname()[1]}/")
        thread.join(10)
    assert text in found["certificate"]["text"]


# ------------------------------------------------------------------------------------------------ proxies


@pytest.mark.parametrize(
    ("variables", "url", "grade", "text"),
    [
        ({}, "https://127.0.0.1:9/", "ok", "none"),
        ({"HTTPS_PROXY": "http://u:p@proxy.invalid:1"}, "https://mms.invalid/", "ok", "http://proxy.invalid:1 (HTTPS_PROXY)"),
        ({"ALL_PROXY": "proxy.invalid:1"}, "https://mms.invalid/", "ok", "http://proxy.invalid:1 (ALL_PROXY)"),
        ({"https_proxy": "http://a", "HTTPS_PROXY": "http://b"}, "https://mms.invalid/", "ok", "http://a (https_proxy)"),
        ({"HTTPS_PROXY": "http://p:x"}, "https://mms.invalid/", "failure", "http://p:x is not a URL (HTTPS_PROXY)"),
        ({"HTTPS_PROXY": "http://p"}, "https://127.0.0.1:9/", "ok", f"{UNUSED} the host is this machine"),
        (
            {"HTTPS_PROXY": "http://p", "NO_PROXY": "mms.invalid"},
            "https://mms.invalid/",
            "ok",
            f"{UNUSED} NO_PROXY names the host",
        ),
    ],
)  # fmt: skip
def test_the_proxy_and_its_variable_are_named(diagnose, monkeypatch, variables, url, grade, text):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert grade_and_text(diagnose("--url", url), "proxy") == (grade, text)


def test_a_proxy_that_refuses_is_told_from_the_gateway(diagnose, monkeypatch):
    with Faulty(http(b"", "407 Proxy Authentication Required", Connection="close")) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:pass%20word@127.0.0.1:{proxy.port}")
        found = diagnose("--url", "https://mms.example/")
    assert "the proxy did not connect to mms.example, port 443: Tunnel connection failed: 407" in found["certificate"]["text"]
    assert b"Proxy-Authorization: Basic dXNlcjpwYXNzIHdvcmQ=" in proxy.requests[0]
    assert not re.search("pass(%20| )word(?!,)", json.dumps(found))


def test_a_proxy_that_is_no_proxy(diagnose, monkeypatch):
    with Faulty(b"nonsense\r\n\r\n") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{proxy.port}")
        text = diagnose("--url", "https://mms.example/")["certificate"]["text"]
    assert text.startswith("the proxy does not answer as a proxy does")


def test_a_plain_proxy_that_wants_a_password(diagnose, monkeypatch):
    with Faulty(http(b"", "407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        found = diagnose("--url", "http://mms.internal/")
    assert found["reach"]["grade"] == "failure"
    assert "the proxy wants a user name" in found["reach"]["text"]


@pytest.mark.parametrize(("proxy", "check"), [("https://127.0.0.1:1", "connection"), ("socks5://127.0.0.1:1", "connection")])
def test_other_kinds_of_proxies_are_looked_at_as_far_as_possible(diagnose, monkeypatch, proxy, check):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    found = diagnose("--url", "https://mms.example/")
    assert found[check]["grade"] == ("skipped" if proxy.startswith("socks") else "failure")


def test_no_certificate_is_looked_at_through_a_proxy_with_one() -> None:
    way = doctor_network._Way(urlsplit("https://mms.example/"), urlsplit("https://proxy.example"))
    assert doctor_network._certificate(way, 1).grade == "skipped"


# ------------------------------------------------------------------------------------------------ the gateway


@pytest.mark.parametrize(
    ("answer", "grade", "text"),
    [
        (http(b"", "405 Method Not Allowed"), "ok", "HTTP 405 to a request without a key and without a message"),
        (http(b"", "404 Not Found"), "ok", "HTTP 404 to"),
        (http(b"", "503 Service Unavailable"), "warning", "HTTP 503 to"),
        (http(b"", "301 Moved", Location="https://other.example/?k=v"), "failure", "redirects to https://other.example/?…"),
        (drop, "failure", "the request may have arrived"),
        (stall, "failure", "no complete response"),
    ],
)  # fmt: skip
def test_what_the_gateway_answers_to_nothing(diagnose, answer, grade, text):
    with Faulty(answer) as server:
        found = diagnose("--url", server.url, "--timeout", "0.3")
    assert found["reach"]["grade"] == grade
    assert text in found["reach"]["text"]


@pytest.mark.parametrize(
    ("seconds", "grade", "text"),
    [
        (0, "ok", "within "),
        (100, "warning", "this machine is 100 s ahead of the gateway"),
        (-100, "warning", "this machine is 100 s behind the gateway"),
        (-600, "failure", "this machine is 10 min behind the gateway"),
        (86400, "failure", "this machine is 24 h ahead of the gateway"),
        (None, "skipped", "the gateway does not say what time it is"),
        ("yesterday", "skipped", "the gateway does not say what time it is"),
    ],
)
def test_the_clock_is_compared_with_the_gateways(seconds, grade, text):
    now = 1_800_000_000.5
    date = seconds if isinstance(seconds, str) else None if seconds is None else formatdate(now - 0.5 - seconds, usegmt=True)
    found = doctor_gateway._clock(doctor_gateway._Answer(200, date, None, now))
    assert found.grade == grade
    assert found.text.startswith(text)


def test_a_wrong_clock_at_a_real_server_fails(diagnose):
    with Faulty(http(b"", Date=formatdate(time.time() + 4000, usegmt=True)), http(LISTING)) as server:
        found = diagnose("--url", server.url)
    assert grade_and_text(found, "clock") == ("failure", "this machine is 67 min behind the gateway")


@pytest.mark.parametrize(
    ("answer", "text", "fix"),
    [
        (http(refused("E104")), "ListMMS: E104", "check that the key is for this address and this dialect"),
        (http(refused("E112")), "ListMMS: E112", ""),
        (http(b"<html>15551234888</html>"), "ListMMS: ", "the address may be wrong"),
        (drop, "ListMMS: ", "the address may be wrong"),
    ],
)
def test_a_list_that_is_refused_says_what_to_do(diagnose, answer, text, fix):
    with Faulty(http(b""), answer) as server:
        found = diagnose("--url", server.url)
    assert found["key at the gateway"]["grade"] == "failure"
    assert text in found["key at the gateway"]["text"]
    assert fix in found["key at the gateway"]["fix"]
    # The finding and what to do do not have the same sentence.
    assert found["key at the gateway"]["fix"] not in found["key at the gateway"]["text"]
    assert "skymms explain" not in found["key at the gateway"]["text"]
    assert "15551234888" not in json.dumps(found)


def test_without_a_key_the_network_is_looked_at_all_the_same(diagnose, gateway, monkeypatch):
    monkeypatch.delenv("SKYMMS_API_KEY")
    found = diagnose()
    assert (found["key"]["grade"], found["reach"]["grade"]) == ("failure", "ok")
    assert grade_and_text(found, "key at the gateway") == ("skipped", "there is no key to try")


def test_a_setting_that_is_found_only_while_sending_is_a_failure(monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise ConfigurationError("the proxy cannot be used")

    monkeypatch.setattr(Client, "call", refuse)
    found = doctor_gateway._listing(Account(CANARY, url="http://127.0.0.1:9/"), 1)
    assert (found.text, found.fix) == ("ListMMS: the proxy cannot be used", "correct the setting")


# ------------------------------------------------------------------------------------------------ stores


def test_stores_that_open_say_their_version(diagnose, tmp_path):
    Ledger(tmp_path / "skymms.db").close()
    Inbox(tmp_path / "postbacks.db", secret=Secret.generate()).close()
    found = diagnose("--offline")
    assert grade_and_text(found, "ledger") == ("ok", "skymms.db opens; its tables have version 3 of 3")
    assert grade_and_text(found, "inbox") == ("ok", "postbacks.db opens; its tables have version 1 of 1")


def version(file: str, number: int) -> None:
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE skymms_schema SET version = ? WHERE component = 'broadcast'", (number,))
    connection.close()


@pytest.mark.parametrize(
    ("number", "grade", "text"),
    [
        (2, "ok", "old.db opens; its tables have version 2 of 3, and the next command brings them to 3"),
        (9, "failure", "old.db opens; its tables have version 9 of 3"),
    ],
)
def test_a_ledger_of_another_version_is_not_changed(diagnose, number, grade, text):
    Ledger("old.db").close()
    version("old.db", number)
    for _ in range(2):
        assert grade_and_text(diagnose("--offline", "--ledger", "old.db"), "ledger") == (grade, text)


def test_what_is_wrong_with_a_store(diagnose, tmp_path):
    Ledger("ledger.db").close()
    (tmp_path / "copy.db").write_bytes((tmp_path / "ledger.db").read_bytes())
    with sqlite3.connect("other.db") as connection:
        connection.execute("CREATE TABLE other (id)")
    connection.close()
    (tmp_path / "text.db").write_text("text" * 1000)
    before = (tmp_path / "other.db").read_bytes()
    cases = {
        "missing.db": ("warning", "missing.db does not exist"),
        "copy.db": ("failure", "is a copy, or its file copy.db.original was deleted"),
        "other.db": ("failure", "other.db has no tables of skymms"),
        "text.db": ("failure", "text.db cannot be read: file is not a database"),
        "postgresql://127.0.0.1:1/x": ("failure", "connect"),
        "mysql://x": ("failure", "mysql:// is not a store"),
    }
    for where, (grade, text) in cases.items():
        found = diagnose("--ledger", where, "--url", closed_url())["ledger"]
        assert (found["grade"], text in found["text"]) == (grade, True), found
    assert (tmp_path / "other.db").read_bytes() == before
    assert diagnose("--offline", "--store", "ledger.db")["inbox"]["text"] == "ledger.db opens and has no tables of an inbox"
    offline = diagnose("--offline", "--ledger", "postgresql://127.0.0.1:1/x")
    assert offline["ledger"]["grade"] == "skipped"


def test_a_database_without_tables_is_told_from_one_that_cannot_be_reached(diagnose, monkeypatch):
    class Empty:
        name = "postgresql://127.0.0.1/x"

        def reading(self) -> Any:
            raise StorageError("relation skymms_schema does not exist")

        def close(self) -> None:
            pass

    monkeypatch.setattr("skymms.cli.doctor_stores.open_store", lambda where: Empty())
    found = diagnose("--ledger", "postgresql://127.0.0.1/x", "--url", closed_url())["ledger"]
    assert found["text"] == "postgresql://127.0.0.1/x: relation skymms_schema does not exist"
    assert found["fix"] == "the database may have no ledger yet: `skymms broadcast create` makes one"


def test_there_is_always_a_line_for_the_dialect(diagnose, monkeypatch):
    monkeypatch.delenv("SKYMMS_DIALECT", raising=False)
    assert diagnose("--offline")["dialect"]["text"] == "skycore (default)"


# ------------------------------------------------------------------------------------------------ versions


def test_the_versions_are_those_that_are_installed(diagnose, monkeypatch):
    found = diagnose("--offline")
    assert re.match(r"Python 3\.\d+", found["python"]["text"])
    assert re.match(r"skymms \d.*requests \d", found["skymms"]["text"])
    assert "click" in found["extra cli"]["text"]
    assert not any(name in found for name in ("extra lint", "extra test"))

    def missing(name: str) -> Any:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(doctor_versions, "version", missing)
    found = diagnose("--offline")
    assert not any(name.startswith("extra ") for name in found)
    assert re.match(r"not installed: .*\bcli\b.*\bmedia\b", found["other extras"]["text"])

    def without_rich(name: str) -> str:
        return missing(name) if name == "rich" else "8.0"

    monkeypatch.setattr(doctor_versions, "version", without_rich)
    assert "click 8.0, rich is not installed" in diagnose("--offline")["extra cli"]["text"]
    monkeypatch.setattr(doctor_versions, "metadata", missing)
    assert "the package's metadata is not installed" in diagnose("--offline")["skymms"]["text"]


def test_doctor_after_a_message_does_not_print_its_number(run, gateway):
    assert run("send", "f", *TO_AND_FROM, f=COUPON).status == 0
    result = run("doctor")
    assert TO_AND_FROM[1] not in result.out + result.err
    assert isinstance(gateway, Sandbox)


@pytest.mark.parametrize("seconds", ["nan", "inf", "1e10"])
def test_a_time_that_no_clock_can_wait_is_wrong_usage(run, seconds):
    result = run("doctor", "--timeout", seconds, "--url", "http://127.0.0.1:9/x")
    assert (result.status, result.out) == (2, "")
    assert "give seconds above 0 and up to 1,000,000,000" in result.err
