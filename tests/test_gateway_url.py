"""The URL of a gateway: completed or refused when the account is made, and plain HTTP only where it is private or allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from yarl import URL

from skymms import Account, Client, ConfigurationError, SendMMS, Slideshow
from skymms.aio import AsyncClient
from skymms.cellcast import CellcastAccount
from skymms.http import is_private_host
from skymms.sandbox import Sandbox
from skymms.validation.hosts import unreachable_host
from skymms.wire.dialects import DIALECTS

KEY = "canary-5fa1c0de-key"

#: Both classes of accounts in all their forms, and the path that the vendor documents for each.
ACCOUNTS: Mapping[str, tuple[Callable[..., Any], str]] = {
    "skycore": (lambda **options: Account(KEY, **options), "/API/wxml/1.3/index.php"),
    "skycore-get": (lambda **options: Account(KEY, dialect="skycore-get", **options), "/API/wxml/1.3/index.php"),
    "sinch": (lambda **options: Account(KEY, dialect="sinch", **options), "/ep/v1/"),
    "sinch-json": (lambda **options: Account(KEY, dialect="sinch-json", **options), "/ep/v2/"),
    "cellcast-v3": (lambda **options: CellcastAccount.v3(KEY, **options), "/api/v3/"),
    "cellcast-v1": (lambda **options: CellcastAccount.v1(KEY, **options), "/api/v1/"),
}
#: All of them judge a URL with the same functions, so one account of each class is enough for other versions of Python.
EACH_ACCOUNT = pytest.mark.parametrize(
    ("account", "path"),
    [
        pytest.param(*given, id=name, marks=pytest.mark.compat if name in {"skycore", "cellcast-v3"} else ())
        for name, given in ACCOUNTS.items()
    ],
)

PRIVATE = [
    *("localhost", "LOCALHOST.", "app.localhost", "127.0.0.1", "127.8.9.10", "0.0.0.0", "[::1]", "[::]"),
    *("10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.7.7"),
    *("[fd12:3456::1]", "[fc00::1]", "[fe80::1]", "[fe80::1%25eth0]", "[::ffff:10.0.0.1]", "[0:0:0:0:0:0:0:1]"),
    # One address, in forms that resolvers accept.
    *("127.1", "127.0.1", "0x7f.1", "0x7F000001", "0177.0.0.1", "2130706433", "017700000001"),
    *("gateway", "mms_gateway", "gateway-1", "gateway.local", "gateway.local.", "a.b.internal", "gw.test", "GW.TEST"),
    # Compatibility characters, which the encoding of host names replaces.
    *("ⓛocalhost", "１２７.0.0.1", "gateway。local"),
]

PUBLIC = [
    *("gateway.example", "mms.example.com", "8.8.8.8", "172.32.0.1", "192.169.0.1", "11.0.0.1", "100.64.0.1", "128.0.0.1"),
    *("[2001:db8::1]", "[::ffff:8.8.8.8]", "[64:ff9b::7f00:1]", "[fec0::1]", "[::7f00:1]"),
    # Numbers without a dot are addresses, not names: these are all 8.8.8.8.
    *("134744072", "0x08080808", "01002004010", "8.525320", "１３４７４４０７２"),
    # Too large for an address, and no name either.
    *("99999999999", "0x1ffffffff"),
    # A name with a final dot is complete, so it is a top-level domain.
    "gateway.",
    *("localhost.example", "local.example", "notlocal", "internal.example", "mylocal.example", "127.0.0.1.example")[:2],
    *("test.example", "127.0.0.1.example", "10.0.0.1.example", "xlocal.example", "gateway。example", "127.0.0.1."),
    "localhost.localdomain",
]


class TestPlainHTTP:
    @EACH_ACCOUNT
    @pytest.mark.parametrize("host", PRIVATE)
    def test_it_is_accepted_on_this_computer_and_in_private_networks(self, account, path, host):
        assert account(url=f"http://{host}:8080/a/").address == f"http://{host}:8080/a/"

    @EACH_ACCOUNT
    @pytest.mark.parametrize("host", PUBLIC)
    def test_it_is_refused_elsewhere_with_the_remedy(self, account, path, host):
        with pytest.raises(ConfigurationError, match=r"key unencrypted.*https://.*allow_http=True.*--allow-http") as raised:
            account(url=f"http://{host}/a/")
        assert KEY not in str(raised.value)

    @EACH_ACCOUNT
    @pytest.mark.parametrize("host", PUBLIC)
    def test_it_is_accepted_elsewhere_if_it_is_allowed(self, account, path, host):
        assert account(url=f"http://{host}/a/", allow_http=True).address == f"http://{host}/a/"

    @EACH_ACCOUNT
    @pytest.mark.parametrize("host", PUBLIC)
    def test_https_needs_no_permission(self, account, path, host):
        assert account(url=f"https://{host}/a/").address == f"https://{host}/a/"
        assert account().address.startswith("https://")

    @pytest.mark.compat
    @pytest.mark.parametrize(
        "url",
        [
            "http://127.0.0.1@gateway.example/a",
            "http://localhost:pw@gateway.example/a",
            "http://127.0.0.1%40gateway.example/a",
            "http://127.0.0.1%2egateway.example/a",
            "http://gateway%2eexample/a",
            "http://gateway.example\\@127.0.0.1/a",
            "http://gateway.example\\.local/a",
            "http://gateway.example#@127.0.0.1/a",
            "http://gateway.example?@127.0.0.1/a",
            "http://gateway.example/@127.0.0.1",
            "http://gateway.example\t.local/a",
            "http://gateway.example\n/a",
            "http://127.0.0.1\\.gateway.example/a",
            "HTTP://gateway.example/a",
            "http:gateway.example/a",
            "http:/gateway.example/a",
            "http:///gateway.example/a",
        ],
    )
    def test_no_spelling_of_a_public_address_passes_for_a_private_one(self, url):
        for account, _ in ACCOUNTS.values():
            with pytest.raises(ConfigurationError, match="url"):
                account(url=url)

    @pytest.mark.compat
    @pytest.mark.parametrize("url", [f"http://{host}/a" for host in (*PRIVATE, "me:pw@127.1", "127.0.0.1@localhost")])
    def test_the_libraries_that_connect_see_the_same_host(self, url):
        # A URL whose host urllib3 or aiohttp reads differently could be private to the check and public to the connection.
        address = Account(KEY, url=url).address
        assert is_private_host(URL(address).host or "")
        try:
            prepared = requests.Request("POST", address).prepare()
        except requests.exceptions.InvalidURL:
            assert not address.isascii()  # urllib3 refuses compatibility characters
        else:
            assert is_private_host(urlsplit(prepared.url or "").hostname or "")

    @EACH_ACCOUNT
    @pytest.mark.parametrize("value", [None, 1, 0, "no", "true", []])
    def test_the_permission_is_true_or_false(self, account, path, value):
        with pytest.raises(ConfigurationError, match="allow_http"):
            account(allow_http=value)

    @pytest.mark.compat
    @pytest.mark.parametrize("prefix", ["SKYMMS", "SKYMMS_CELLCAST"])
    @pytest.mark.parametrize(
        ("text", "allowed"),
        [("1", True), ("true", True), ("YES\r", True), ("on", True), ("", False), ("0", False), ("no", False), ("off", False)],
    )
    def test_the_environment_can_allow_it(self, prefix, text, allowed):
        env = {
            "SKYMMS_API_KEY": KEY,
            "SKYMMS_CELLCAST_KEY": KEY,
            "SKYMMS_CELLCAST_GENERATION": "v3",
            f"{prefix}_URL": "http://gateway.example/a/",
            f"{prefix}_ALLOW_HTTP": text,
        }
        kind = Account if prefix == "SKYMMS" else CellcastAccount
        assert kind.from_env({**env, f"{prefix}_URL": ""}).allow_http is allowed
        if allowed:
            assert kind.from_env(env).address == "http://gateway.example/a/"
            with pytest.raises(ConfigurationError, match="unencrypted"):
                kind.from_env(env, allow_http=False)
        else:
            with pytest.raises(ConfigurationError, match="unencrypted"):
                kind.from_env(env)
            assert kind.from_env(env, allow_http=True).allow_http
        with pytest.raises(ConfigurationError, match=f"{prefix}_ALLOW_HTTP='maybe'"):
            kind.from_env({**env, f"{prefix}_ALLOW_HTTP": "maybe"})

    @pytest.mark.compat
    def test_the_accounts_of_a_sandbox_need_no_permission(self):
        with Sandbox() as sandbox:
            assert not any(sandbox.account(name).allow_http for name in ACCOUNTS)
            # As if it listened on a public address of this computer.
            sandbox.url = sandbox.url.replace("127.0.0.1", "203.0.113.5")
            assert all(sandbox.account(name).allow_http for name in ACCOUNTS)


class TestUnreachableHosts:
    """Files of a slideshow: the same hosts are private, and a gateway cannot fetch from them."""

    @pytest.mark.compat
    @pytest.mark.parametrize("host", PRIVATE)
    def test_private_hosts_are_unreachable(self, host):
        assert unreachable_host(f"https://{host}/a.jpg")

    @pytest.mark.compat
    @pytest.mark.parametrize("host", [host for host in PUBLIC if not host.endswith(".")])
    def test_public_hosts_are_not(self, host):
        assert unreachable_host(f"https://{host}/a.jpg") is None

    @pytest.mark.compat
    @pytest.mark.parametrize("url", [None, 5, "", "https://", "https://[::1/a", f"https://{'ä' * 64}/a", "https://[v1.a:b]/a"])
    def test_a_url_without_a_possible_host_is_for_other_rules(self, url):
        assert unreachable_host(url) is None


class TestURL:
    @EACH_ACCOUNT
    @pytest.mark.parametrize("given", ["https://gateway.example", "https://gateway.example/", "http://127.0.0.1:18025"])
    def test_a_bare_host_gets_the_vendors_path(self, account, path, given):
        assert account(url=given).address == given.removesuffix("/") + path

    @EACH_ACCOUNT
    @pytest.mark.parametrize("after", ["?", "#", "?#", "\r", "\r\n", "\n", "\t", " ", "\xa0", "\u3000", "?\r\n"])
    @pytest.mark.parametrize("before", ["", " ", "\t", "\xa0"])
    def test_white_space_and_an_empty_query_are_not_part_of_it(self, account, path, before, after):
        for url in ("https://gateway.example/mms/index.php/", f"https://gateway.example{path}"):
            assert account(url=before + url + after).address == url
        assert account(url=f"{before}https://gateway.example{after}").address == f"https://gateway.example{path}"

    @pytest.mark.compat
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_a_request_has_one_query_at_most(self, dialect):
        send = SendMMS(Slideshow("n", subject="s", fallback_text="f").slide("Hi!"), to="15551234888", sender="60856")
        send = send if "sinch" not in dialect else SendMMS(send.slideshow, to=send.to, sender=send.sender, service_id="1")
        for end in ("", "?", "#", "\r", "?\t"):
            url = Account(KEY, dialect=dialect, url=f"https://gateway.example/index.php{end}").encode(send).url
            assert url.count("?") == (dialect == "skycore-get")
            assert "#" not in url
            assert url.startswith("https://gateway.example/index.php")
            assert url.isprintable()

    @EACH_ACCOUNT
    @pytest.mark.parametrize(
        "url",
        [
            *(
                "gateway.example",
                "127.0.0.1:18025",
                "//gateway.example/",
                "ftp://gateway.example/",
                "https://",
                " ",
                "\xa0",
                "?",
            ),
            *("https://gate way.example/", "https://gateway.example/a b", "https://gateway.example/a\xa0b", "https://a\tb/"),
            *("https://gateway.example/\u200b", "\ufeffhttps://gateway.example/", "https://gateway.example/\u202egpj"),
            *("https://gateway.example\\a", "https://<host>/", "https://{host}/", "https://gateway.example%2fa/"),
            *("https://gateway.example:/x y", "https://gateway.example:70000/", "https://gateway.example:0/", "https://@/"),
        ],
    )
    def test_anything_else_is_refused_with_the_full_form(self, account, path, url):
        with pytest.raises(ConfigurationError, match=r"url=.*not a gateway's URL") as raised:
            account(url=url)
        assert "such as http" in str(raised.value)
        # The advice is a URL that is accepted.
        assert account(url=str(raised.value).partition("such as ")[2]).address.startswith("http")

    @EACH_ACCOUNT
    def test_the_full_form_has_the_host_that_was_given(self, account, path):
        for url, meant in {
            "gateway.example": f"https://gateway.example{path}",
            "127.0.0.1:18025": f"http://127.0.0.1:18025{path}",
            "localhost:18025/": f"http://localhost:18025{path}",
            "//gateway.example/mms/": "https://gateway.example/mms/",
            "https://gateway.example/\u200b": f"https://gateway.example{path}",
            "https://gate way.example/a/": "https://gateway.example/a/",
            "gateway.example/a?api_key=secret": "https://gateway.example/a",
            **dict.fromkeys(("", "ftp://gateway.example", "me:secret@gateway.example", 5), account().address),
        }.items():
            with pytest.raises(ConfigurationError) as raised:
                account(url=url)
            assert str(raised.value).endswith(f"such as {meant}")

    @pytest.mark.compat
    @pytest.mark.parametrize("character", ["\u200b", "\xa0", " ", "\\"])
    def test_a_character_that_is_easily_overlooked_is_named(self, character):
        with pytest.raises(ConfigurationError, match=rf"contains U\+{ord(character):04X}"):
            Account(KEY, url=f"https://gateway.example/{character}index.php")

    @EACH_ACCOUNT
    @pytest.mark.parametrize("after", ["?api_key=secret-1234", "#secret-1234", "/?x=secret-1234#", "?&"])
    def test_a_query_is_refused_with_the_full_form_and_without_its_values(self, account, path, after):
        for url in ("https://gateway.example", "https://ada:secret-1234@gateway.example"):
            with pytest.raises(ConfigurationError, match="query") as raised:
                account(url=url + after)
            assert f"https://gateway.example{path}" in str(raised.value)
            assert "secret" not in str(raised.value)

    @pytest.mark.compat
    def test_the_key_in_the_query_of_a_malformed_url_is_not_shown(self):
        with pytest.raises(ConfigurationError) as raised:
            Account(KEY, url=f"gateway.example/index.php?api_key={KEY}")
        assert KEY not in str(raised.value)

    @pytest.mark.compat
    @pytest.mark.parametrize("dialect", DIALECTS)
    def test_messages_are_sent_to_a_sandbox_by_its_bare_address(self, dialect):
        slideshow = Slideshow("n", subject="s", fallback_text="f").slide("Hi!")
        service_id = "1" if "sinch" in dialect else None
        send = SendMMS(slideshow, to="15551234888", sender="60856", service_id=service_id)
        with Sandbox() as sandbox:
            for url in (sandbox.url, f"{sandbox.url}/", f"{sandbox.url}\r"):
                account = Account("sandbox-key", dialect=dialect, url=url)
                with Client(account) as client:
                    client.call(send)

                async def call(account=account):
                    async with AsyncClient(account) as client:
                        await client.call(send)

                asyncio.run(call())
            assert len(sandbox.sent) == 6
