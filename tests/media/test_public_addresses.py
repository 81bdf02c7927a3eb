"""Which addresses are requested: only public ones, on two ports, unless the caller allows others."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest
from media_files import png, served
from misbehaving_server import Faulty

from skymms import ConfigurationError, Slide
from skymms.media import preflight
from skymms.media.addresses import is_public
from skymms.media.fetching import open_file

PUBLIC = ["93.184.216.34", "8.8.8.8", "2606:2800:220:1::1", "2a00:1450:4001:800::200e", "::ffff:8.8.8.8"]
NOT_PUBLIC = {
    "loopback": "127.0.0.1",
    "another loopback": "127.255.255.254",
    "unspecified": "0.0.0.0",
    "this network": "0.1.2.3",
    "private 10": "10.1.2.3",
    "private 172.16": "172.16.0.1",
    "private 192.168": "192.168.1.1",
    "link-local, where clouds have their metadata": "169.254.169.254",
    "shared": "100.64.0.1",
    "Azure's": "168.63.129.16",
    "Oracle's": "192.0.0.192",
    "documentation": "203.0.113.7",
    "benchmarks": "198.18.0.1",
    "multicast": "224.0.0.1",
    "reserved": "240.0.0.1",
    "broadcast": "255.255.255.255",
    "6to4 relay": "192.88.99.1",
    "IPv6 loopback": "::1",
    "IPv6 unspecified": "::",
    "IPv4-mapped": "::ffff:127.0.0.1",
    "IPv4-mapped metadata": "::ffff:169.254.169.254",
    "IPv4-compatible": "::127.0.0.1",
    "NAT64": "64:ff9b::7f00:1",
    "local NAT64": "64:ff9b:1::7f00:1",
    "6to4": "2002:7f00:1::",
    "Teredo": "2001:0:7f00:1::1",
    "unique local": "fd00::1",
    "IPv6 link-local": "fe80::1",
    "site-local": "fec0::1",
    "IPv6 multicast": "ff02::1",
    "IPv6 documentation": "2001:db8::1",
    "newer IPv6 documentation": "3fff::1",
    "discard": "100::1",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_an_address_that_leads_elsewhere_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.fixture
def server():
    with Faulty(served("image")) as running:
        yield running


def resolver(*addresses: str) -> tuple[Any, list[str]]:
    """A replacement of `getaddrinfo` that gives these addresses for every name, and the names it was asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        family = {4: socket.AF_INET, 6: socket.AF_INET6}
        return [
            (family[ip_address(one).version], socket.SOCK_STREAM, 6, "", (one, port) + (0, 0) * (ip_address(one).version == 6))
            for one in addresses
        ]

    return getaddrinfo, asked


#: Hosts as they stand in URLs; resolvers accept all of them for this machine.
LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]"]


class TestNotAllowed:
    @pytest.mark.skymms_live  # the guard would refuse some of these forms before they are looked at
    @pytest.mark.parametrize("host", LOOPBACK_HOSTS)
    def test_this_computer_is_not_requested_in_any_notation(self, host):
        (problem,) = preflight(Slide(image=f"http://{host}/a.png")).problems
        assert problem.code == "E351"
        assert "not a public address" in problem.message
        assert "--private" in problem.message

    @pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
    def test_a_name_that_leads_elsewhere_is_not_requested(self, address, monkeypatch):
        replacement, _ = resolver(address)
        monkeypatch.setattr(socket, "getaddrinfo", replacement)
        (problem,) = preflight(Slide(pdf="http://files.localhost/a.pdf")).problems
        assert (problem.code, "not a public address" in problem.message) == ("E357", True)

    def test_one_private_address_among_public_ones_is_enough(self, monkeypatch):
        replacement, _ = resolver("93.184.216.34", "127.0.0.1")
        monkeypatch.setattr(socket, "getaddrinfo", replacement)
        monkeypatch.setattr(socket, "socket", None)  # no connection is attempted
        (problem,) = preflight(Slide(image="http://files.localhost/a.png")).problems
        assert "127.0.0.1 is not a public address" in problem.message

    def test_a_port_other_than_80_and_443_is_not_requested(self, server):
        (problem,) = preflight(Slide(image=f"http://127.0.0.1:{server.port}/a.png")).problems
        assert (problem.code, f"port {server.port} is not requested" in problem.message) == ("E351", True)
        assert server.requests == []

    def test_a_user_name_is_not_accepted(self):
        (problem,) = preflight(Slide(image="http://media.example@127.0.0.1/a.png")).problems
        assert (problem.code, "user name" in problem.message) == ("E351", True)

    def test_each_kind_of_file_has_its_code(self):
        slides = {"image": "E351", "audio": "E352", "video": "E353", "vcard": "E355", "ical": "E356", "pdf": "E357"}
        for kind, code in slides.items():
            given: dict[str, Any] = {kind: "http://127.0.0.1/a"}
            assert [one.code for one in preflight(Slide(**given)).problems] == [code]


class TestAllowed:
    def test_private_allows_this_computer_and_every_port(self, server):
        assert preflight(Slide(image=f"http://127.0.0.1:{server.port}/a.png"), private=True)

    def test_private_sends_the_user_name_of_the_url(self, server):
        assert preflight(Slide(image=f"http://ann:secret@127.0.0.1:{server.port}/a.png"), private=True)
        assert b"authorization: Basic YW5uOnNlY3JldA==" in server.requests[0]

    def test_the_host_is_looked_up_once_and_its_addresses_are_tried_in_turn(self, server, monkeypatch):
        # Nothing listens at the first address. A second look-up could lead to another machine.
        replacement, asked = resolver("127.0.0.2", "127.0.0.1")
        monkeypatch.setattr(socket, "getaddrinfo", replacement)
        assert preflight(Slide(image=f"http://files.localhost:{server.port}/a.png"), private=True)
        assert asked == ["files.localhost"]
        assert f"host: files.localhost:{server.port}".encode() in server.requests[0].lower()

    def test_a_redirect_is_not_followed(self):
        with Faulty(served("image", png(), status="302 Found", Location="http://127.0.0.1/")) as server:
            (problem,) = preflight(Slide(image=f"http://127.0.0.1:{server.port}/a.png"), private=True).problems
            assert len(server.requests) == 1
        assert "a redirect" in problem.message


def test_a_certificate_is_checked_for_the_name_and_not_for_the_address():
    with Faulty(served("image"), tls=True) as server:
        (problem,) = preflight(Slide(image=f"https://localhost:{server.port}/a.png"), private=True).problems
        assert server.requests == []
    assert (problem.code, problem.message) == ("E351", "its server has a certificate that is not trusted")


def test_a_url_that_may_not_be_requested_raises_before_anything_is_sent():
    for url in ("ftp://media.example/a", "file:///etc/passwd", "http://127.0.0.1/", "gopher://x/"):
        with pytest.raises(ConfigurationError), open_file(url, ends=float("inf")):
            pass
