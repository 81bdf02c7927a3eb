"""URLs of files: what a gateway cannot fetch or would read differently is refused, and the reason names the character."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
import strategies  # noqa: F401 (loads hypothesis' profile)
from hypothesis import given
from hypothesis import strategies as st

from skymms import Account, Client, MediaUnreachableError, SaveMMS, SendMMS, Slide, Slideshow
from skymms.cellcast import CellcastAccount, CellcastSend
from skymms.files import read_file
from skymms.sandbox import Sandbox
from skymms.slide import FILES
from skymms.validation.hosts import ascii_url, url_problem
from skymms.wire.dialects import DIALECTS, DialectName

GOOD = [
    "http://a.example/a.jpg",
    "HTTPS://A.Example",
    "https://a.example:8443/a%20b.jpg?x=1&y=[2]#z",
    "http://user:secret@a.example/a.jpg",
    "http://192.0.2.7/a.jpg",
    "http://[2001:db8::1]:80/a.jpg",
    "http://a_b.example./a.jpg",
    "http://a.example?x",
    "http://a.example/\u00fc.jpg",
    "http://a.example/\U0001f600.jpg",
    "http://a.example:65535/",
]
BAD = {
    "http://:80/a.jpg": "host is missing",
    "http://@/": "host is missing",
    "http://user@:80/": "host is missing",
    "http://": "host is missing",
    "http:///a.jpg": "host is missing",
    "http://?a": "host is missing",
    "http://a.example:/a.jpg": "from 1 to 65535",
    "http://a.example:0/a.jpg": "from 1 to 65535",
    "http://a.example:65536/a.jpg": "from 1 to 65535",
    "http://a.example:080/a.jpg": "from 1 to 65535",
    "http://a.example:-80/a.jpg": "from 1 to 65535",
    "http://a.example:http/a.jpg": "from 1 to 65535",
    "http://a.example:\u0668\u0660/a.jpg": "from 1 to 65535",
    "http://[2001:db8::1/a.jpg": "IPv6 in square brackets",
    "http://2001:db8::1/a.jpg": "from 1 to 65535",
    "http://a..example/a.jpg": "wrong host",
    "http://.a.example/a.jpg": "wrong host",
    "http://a.example\\@b.example/a.jpg": "wrong host",
    "http://a%20b.example/a.jpg": "wrong host",
    "http://a@b@c.example/a.jpg": "wrong host",
    "http://a<b>.example/": "wrong host",
    "http://\u2603\u2603.example\u3002\u3002/": "wrong host",
    "http://%s.example/" % ("\u00fc" * 300): "wrong host",
    "http:/a.example/a.jpg": "begins with http:// or https://",
    "ftp://a.example/a.jpg": "begins with http:// or https://",
    "//a.example/a.jpg": "begins with http:// or https://",
    "a.example/a.jpg": "begins with http:// or https://",
    "": "begins with http:// or https://",
    "javascript:alert(1)//http://": "begins with http:// or https://",
}
#: Blanks and characters that show nothing, or change the direction of what follows.
UNSEEN = [
    *"\u00a0\u1680\u2000\u2003\u2009\u202f\u205f\u3000\u2028\u2029\u0085\x7f\x1b\x00",
    *"\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2069\ufeff\U000e0041",
    *"\u034f\u115f\u1160\u17b4\u2800\u3164\ufe0f\uffa0\U000e0100",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_url_is_accepted(url: str) -> None:
    assert url_problem(url) is None


@pytest.mark.parametrize(("url", "reason"), BAD.items(), ids=lambda it: ascii(it)[:50])
def test_a_url_is_refused_with_the_reason(url: str, reason: str) -> None:
    problem = url_problem(url)
    assert problem is not None
    assert reason in problem


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize("character", UNSEEN, ids=lambda it: f"U+{ord(it):04X}")
def test_an_invisible_character_is_refused_and_named(kind: str, character: str) -> None:
    for url in (f"http://a.example/a{character}.jpg", f"http://a{character}.example/a.jpg", f"http://a.example/{character}"):
        parts: dict[str, Any] = {kind: url}
        with pytest.raises(MediaUnreachableError) as caught:
            Slideshow("n", subject="s").slide("Hi!", **parts)
        assert f"U+{ord(character):04X} " in caught.value.info
        assert quote(character) in caught.value.info


@pytest.mark.parametrize("blank", list(" \t\r\n"))
def test_a_space_or_a_line_break_is_refused_wherever_it_is(blank: str) -> None:
    for url in (f"{blank}http://a.example/", f"http://a.example/{blank}", f"http://a{blank}b.example/", f"http://a/b{blank}c"):
        assert url_problem(url) is not None
    assert "write %20" in str(url_problem(f"http://a.example/a{blank}b.jpg"))


# ------------------------------------------------------------------------------------------------ names in other scripts


@pytest.mark.parametrize(
    ("url", "written"),
    [
        ("http://b\u00fccher.example/\u00fc.jpg", "http://xn--bcher-kva.example/\u00fc.jpg"),
        ("https://B\u00dcCHER.example:8443/a?x=\u00fc", "https://xn--bcher-kva.example:8443/a?x=\u00fc"),
        ("http://u:p@\u4f8b\u3048.example/", "http://u:p@xn--r8jz45g.example/"),
        ("http://fa\u00df.example", "http://xn--fa-hia.example"),
        ("http://\uff41.example/", "http://a.example/"),
        ("http://a\u3002example/", "http://a.example/"),
    ],
)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_host_in_another_script_is_sent_in_ascii(dialect: DialectName, url: str, written: str) -> None:
    assert ascii_url(url) == written
    show = Slideshow("n", subject="s", fallback_text="f").slide("Hi!", image=url)
    service: dict[str, Any] = {"service_id": "1"} if dialect.startswith("sinch") else {}
    with Sandbox() as sandbox, Client(sandbox.account(dialect)) as client:
        client.call(SendMMS(show, to="15551234888", sender="60856", **service))
        sent: Any = sandbox.sent[-1]
        assert sent.slideshow.slides[0].image == written
    assert show.slides[0].image == url


def test_cellcast_sends_it_in_ascii_too() -> None:
    for account in (CellcastAccount.v3("not-a-key"), CellcastAccount.v1("not-a-key")):
        send = CellcastSend(Slide("Hi!", image="https://b\u00fccher.example/a.gif"), to="0491570156")
        assert account.problems(send) == ()
        assert b"https://xn--bcher-kva.example/a.gif" in (account.encode(send).body or b"")
        hidden = CellcastSend(Slide("Hi!", image="https://a.example/\u202efig.gif"), to="0491570156")
        assert [problem[:3] for problem in account.problems(hidden)] == [("FIELD_INVALID", 1, "image")]


def test_a_file_is_judged_by_the_same_rule() -> None:
    content = read_file('name = "n"\nsubject = "s"\n[[slide]]\nimage = "http://a.example/\u200b.jpg"\n'.encode())
    assert content.slideshow is not None
    assert [problem[:3] for problem in content.slideshow.problems()] == [("E351", 1, "image")]


@given(st.sampled_from(["http://", "https://u@"]), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
def test_every_accepted_url_is_sent_with_an_ascii_host_and_no_other_change(scheme: str, rest: str) -> None:
    url = scheme + rest
    if url_problem(url) is None:
        written = ascii_url(url)
        host, separator, path = written.removeprefix(scheme).partition("/")
        assert url_problem(written) is None
        assert separator + path == "".join(rest.partition("/")[1:]) or "?" in host or "#" in host
        Account("not-a-key").encode(SaveMMS(Slideshow("n", subject="s").slide("Hi!", image=url)))
    assert url_problem(url) is None or isinstance(url_problem(url), str)
