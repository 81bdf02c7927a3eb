"""Passwords and networks, both optional."""

from __future__ import annotations

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inbox_server import basic

from skymms import ConfigurationError
from skymms.inbox.access import Networks, Passwords

# ------------------------------------------------------------------------------------------------ passwords


def test_without_passwords_none_is_needed() -> None:
    assert Passwords([]).allow(None)
    assert Passwords([]).allow("Basic anything")


def test_any_of_several_pairs_is_accepted() -> None:
    passwords = Passwords([("gateway", "new:€"), ("gateway", "old")])
    assert passwords.allow(basic("gateway", "new:€"))
    assert passwords.allow(basic("gateway", "old").replace("Basic", "bAsIc"))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic Z",
        "Basic " + b64encode(b"gateway:\xff").decode(),
        basic("gateway", "other"),
        basic("other", "old"),
        basic("gateway", ""),
        basic("gateway", "old").replace("Basic", "Bearer"),
        basic("gateway", "old") + "," + basic("gateway", "old"),
        basic("gateway", "old")[:-1] + "é",
    ],
)
def test_anything_else_is_refused(header: str | None) -> None:
    assert not Passwords([("gateway", "old")]).allow(header)


@given(st.text(max_size=50))
def test_no_header_raises_an_error(header: str) -> None:
    assert not Passwords([("gateway", "old")]).allow(header)
    assert not Passwords([("gateway", "old")]).allow("Basic " + header)


@pytest.mark.parametrize(
    "pairs", [[("a:b", "password-1")], [("", "password-1")], [("user", "")], ["user:password-1"], [("user", b"password-1")]]
)
def test_a_wrong_pair_is_an_error_that_does_not_show_the_password(pairs) -> None:
    with pytest.raises(ConfigurationError, match="pairs of user and password") as caught:
        Passwords(pairs)
    assert "password-1" not in str(caught.value)


def test_the_repr_has_no_password() -> None:
    assert repr(Passwords([("gateway", "password-1")])) == "Passwords(*** × 1)"


# ------------------------------------------------------------------------------------------------ networks

GATEWAY = ["192.0.2.0/24", "2001:db8::/32"]


def test_without_networks_every_address_is_allowed() -> None:
    assert Networks([], []).allow("198.51.100.7", None)
    assert Networks([], []).allow(None, "nonsense")


@pytest.mark.parametrize("peer", ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "[2001:db8::1]:443", "192.0.2.1:4711"])
def test_addresses_in_a_network_are_allowed(peer: str) -> None:
    assert Networks(GATEWAY, []).allow(peer, None)


@pytest.mark.parametrize("peer", ["198.51.100.7", "::ffff:198.51.100.7", "2001:db9::1", "", None, "localhost", "unix:"])
def test_other_addresses_are_refused(peer: str | None) -> None:
    assert not Networks(GATEWAY, []).allow(peer, None)


def test_a_header_of_a_stranger_is_not_believed() -> None:
    # The peer is no proxy of ours, so what it writes says nothing.
    assert not Networks(GATEWAY, ["10.0.0.0/8"]).allow("198.51.100.7", "192.0.2.1")
    assert not Networks(GATEWAY, []).allow("198.51.100.7", "192.0.2.1")


@pytest.mark.parametrize(
    ("forwarded", "allowed"),
    [
        ("192.0.2.1", True),
        ("192.0.2.1, 10.0.0.9", True),  # through two proxies of ours
        ("198.51.100.7, 192.0.2.1", True),  # the left entry is ignored, whatever it is
        ("nonsense, 192.0.2.1", True),
        ("::ffff:192.0.2.1", True),
        ("192.0.2.1:5678", True),
        ("[2001:db8::1]:443", True),
        ("192.0.2.1, 198.51.100.7", False),  # the stranger 198.51.100.7 wrote the left entry
        ("192.0.2.1, 198.51.100.7, 10.0.0.9", False),
        ("192.0.2.1, 10.0.0.9, 198.51.100.7", False),
        ("192.0.2.1,", False),
        ("192.0.2.1, unknown", False),
        ("unknown", False),
        ("", False),
        (None, False),  # a request of the proxy itself
        ("10.0.0.9", False),
    ],
)
@pytest.mark.parametrize("peer", ["10.0.0.1", "::ffff:10.0.0.1"])
def test_the_header_is_read_from_the_right_past_named_proxies(peer: str, forwarded: str | None, allowed: bool) -> None:
    assert Networks(GATEWAY, ["10.0.0.0/8"]).allow(peer, forwarded) is allowed


@pytest.mark.parametrize("peer", [None, ""])
def test_a_proxy_behind_a_unix_socket_has_to_be_named(peer: str | None) -> None:
    assert Networks(GATEWAY, ["unix"]).allow(peer, "192.0.2.1")
    assert not Networks(GATEWAY, ["unix"]).allow(peer, "198.51.100.7")
    assert not Networks(GATEWAY, ["unix"]).allow(peer, None)
    assert not Networks(GATEWAY, ["10.0.0.0/8"]).allow(peer, "192.0.2.1")


@given(st.lists(st.ip_addresses().map(str)), st.ip_addresses())
def test_no_header_makes_a_stranger_one_of_the_networks(forged: list[str], stranger) -> None:
    networks = Networks(["192.0.2.1"], ["10.0.0.1"])
    if str(stranger) != "192.0.2.1":
        assert not networks.allow("10.0.0.1", ",".join([*forged, "192.0.2.1", str(stranger)])) or str(stranger) == "10.0.0.1"


def test_networks_of_mapped_addresses_are_those_of_ipv4() -> None:
    assert Networks(["::ffff:192.0.2.0/120"], []).allow("192.0.2.9", None)


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        (["192.0.2.1/24"], "has host bits set"),
        (["gateway.example"], "'gateway.example' is not an address or a network"),
        ("192.0.2.0/24", "expected a list"),
        ([None], "is not an address"),
        (["unix"], "is not an address"),
    ],
)
def test_a_wrong_network_is_an_error(networks, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Networks(networks, [])
