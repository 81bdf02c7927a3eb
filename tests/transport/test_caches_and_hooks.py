"""Sessions of the caller that answer from a cache, or read a response before the client does."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import aiohttp
import aiohttp_client_cache
import cellcast_vectors as vectors
import pytest
import requests
import requests_cache
from cellcast_server import account as cellcast_account
from client_calls import CANARY, SEND
from misbehaving_server import SENT, Faulty, drop, http, refused

from skymms import Account, Client, ListMMS, ProtocolError, RecipientError
from skymms.aio import AsyncClient
from skymms.cellcast import Responses

LISTED = b"<RESPONSE><STATUS>Success</STATUS><MMSIDS>1,2</MMSIDS></RESPONSE>"


def get_account(server: Faulty) -> Account:
    return Account(CANARY, dialect="skycore-get", url=server.url)


def call_with(session: Any, server: Faulty, times: int = 1, account: Any = None, operation: Any = SEND) -> Any:
    """Call with a client of requests or aiohttp; ``session`` makes the session. Return the last reply."""
    account = account or Account(CANARY, url=server.url)

    async def job() -> Any:
        async with session() as one, AsyncClient(account, session=one, retries=0) as client:
            return [await client.call(operation) for _ in range(times)][-1]

    if (isinstance(session, type) and issubclass(session, aiohttp.ClientSession)) or getattr(session, "is_async", False):
        return asyncio.run(job())
    with session() as one, Client(account, session=one, retries=0) as client:
        return [client.call(operation) for _ in range(times)][-1]


# ------------------------------------------------------------------------------------------------ caches


#: The package does not declare what it exports.
CachedSession: Any = aiohttp_client_cache.CachedSession  # type: ignore[attr-defined]


def caching() -> requests_cache.CachedSession:
    return requests_cache.CachedSession(backend="memory", allowable_methods=("GET", "POST"))


def obedient() -> Any:
    return CachedSession(cache=aiohttp_client_cache.CacheBackend(cache_control=True))


obedient.is_async = True  # type: ignore[attr-defined]


@pytest.mark.parametrize("session", [caching, obedient], ids=["requests", "aiohttp"])
class TestCacheThatObeysNoStore:
    def test_each_send_is_a_request(self, session):
        with Faulty(http(SENT)) as server:
            call_with(session, server, 3, get_account(server))
            assert len(server.requests) == 3

    def test_each_listing_is_a_request(self, session):
        with Faulty(http(LISTED)) as server:
            call_with(session, server, 3, get_account(server), ListMMS())
            assert len(server.requests) == 3

    def test_each_listing_of_cellcast_is_a_request(self, session):
        with Faulty(http(vectors.RESPONSES_V3)) as server:
            call_with(session, server, 3, cellcast_account(server), Responses(1))
            assert len(server.requests) == 3


@pytest.mark.parametrize(("dialect", "times"), [("skycore", 3), ("skycore-get", 3)])
def test_with_a_cache_installed_for_all_sessions_each_send_is_a_request(dialect, times):
    with Faulty(http(SENT)) as server, requests_cache.enabled(backend="memory", allowable_methods=("GET", "POST")):
        with Client(Account(CANARY, dialect=dialect, url=server.url)) as client:
            for _ in range(times):
                client.call(SEND)
            assert client.fetch(server.url) == client.fetch(server.url) == SENT
        assert len(server.requests) == times + 2


class Disobedient(requests_cache.CachedSession):
    """A cache that never sees ``Cache-Control``."""

    def send(self, request: Any, *args: Any, **options: Any) -> Any:
        request.headers.pop("Cache-Control", None)
        return super().send(request, *args, **options)


def disobedient() -> Disobedient:
    return Disobedient(backend="memory")


def stale() -> Disobedient:
    return Disobedient(backend="memory", expire_after=1e-6, stale_if_error=True)


def heedless() -> Any:
    return CachedSession(cache=aiohttp_client_cache.CacheBackend())


heedless.is_async = True  # type: ignore[attr-defined]


class TestCacheThatIgnoresNoStore:
    @pytest.mark.parametrize("session", [disobedient, heedless], ids=["requests", "aiohttp"])
    def test_a_cached_answer_is_not_the_reply_to_a_send(self, session):
        with Faulty(http(SENT)) as server:
            with pytest.raises(ProtocolError, match=r"a cache answered .*; nothing was sent") as raised:
                call_with(session, server, 2, get_account(server))
            assert len(server.requests) == 1
        assert raised.value.sent_maybe is False
        assert CANARY not in str(raised.value)

    @pytest.mark.parametrize("session", [disobedient, heedless], ids=["requests", "aiohttp"])
    def test_a_cached_answer_is_not_the_reply_to_a_listing(self, session):
        with Faulty(http(LISTED)) as server, pytest.raises(ProtocolError, match="a cache answered"):
            call_with(session, server, 2, get_account(server), ListMMS())

    def test_an_expired_answer_means_that_the_request_may_have_arrived(self):
        with Faulty(http(SENT), drop) as server:
            with pytest.raises(ProtocolError, match=r"a cache answered .* may have arrived") as raised:
                call_with(stale, server, 2, get_account(server))
            assert len(server.requests) == 2
        assert raised.value.sent_maybe is True

    def test_a_header_of_a_cache_does_not_show_that_nothing_was_sent(self, kind):
        # hishel marks its answers with a header, which a gateway could write too.
        with (
            Faulty(http(SENT, X_Hishel_From_Cache="true")) as server,
            kind(get_account(server)) as client,
            pytest.raises(ProtocolError, match="a cache answered") as raised,
        ):
            client.call(SEND)
        assert raised.value.sent_maybe is True

    def test_a_cached_file_is_not_returned(self):
        with Faulty(http(b"a file")) as server, disobedient() as session:
            client = Client(Account(CANARY, url=server.url), session=session)
            assert client.fetch(server.url) == b"a file"
            with pytest.raises(ProtocolError, match="a cache answered"):
                client.fetch(server.url)


# ------------------------------------------------------------------------------------------------ hooks, middlewares, traces


def hooked(hook: Any) -> Any:
    def make() -> requests.Session:
        session = requests.Session()
        session.hooks["response"].append(hook)
        return session

    return make


def with_middleware(use: Any) -> Any:
    async def middleware(request: Any, handler: Any) -> Any:
        response = await handler(request)
        await use(response)
        return response

    def make() -> aiohttp.ClientSession:
        return aiohttp.ClientSession(middlewares=(middleware,))

    make.is_async = True  # type: ignore[attr-defined]
    return make


def with_trace(use: Any) -> Any:
    def make() -> aiohttp.ClientSession:
        async def ended(session: Any, context: Any, params: Any) -> None:
            await use(params.response)

        trace = aiohttp.TraceConfig()
        trace.on_request_end.append(ended)
        return aiohttp.ClientSession(trace_configs=[trace])

    make.is_async = True  # type: ignore[attr-defined]
    return make


def reads_text(response: Any, **options: Any) -> None:
    assert isinstance(response.text, str)


def reads_content(response: Any, **options: Any) -> None:
    assert isinstance(response.content, bytes)


def raises_for_status(response: Any, **options: Any) -> None:
    response.raise_for_status()


def returns_a_copy(response: Any, **options: Any) -> requests.Response:
    copy = requests.Response()
    copy.status_code, copy.headers, copy._content = response.status_code, response.headers, response.content
    return copy


async def awaits_text(response: Any) -> None:
    await response.text()


async def awaits_read(response: Any) -> None:
    await response.read()


READERS = [
    pytest.param(hooked(reads_text), id="hook, text"),
    pytest.param(hooked(reads_content), id="hook, content"),
    pytest.param(hooked(raises_for_status), id="hook, raise_for_status"),
    pytest.param(hooked(returns_a_copy), id="hook, another response"),
    pytest.param(with_middleware(awaits_text), id="middleware, text"),
    pytest.param(with_middleware(awaits_read), id="middleware, read"),
    pytest.param(with_trace(awaits_text), id="trace, text"),
    pytest.param(with_trace(awaits_read), id="trace, read"),
]


@pytest.mark.parametrize("session", READERS)
class TestResponseThatWasReadBefore:
    def test_the_reply_is_read_from_what_was_read_before(self, session):
        with Faulty(http(SENT)) as server:
            assert call_with(session, server, 3).tracking_id == "MMS_12345"
            assert (len(server.requests), server.connections) == (3, 1)

    def test_a_refusal_is_read_from_what_was_read_before(self, session):
        with Faulty(http(refused("E110"), "400 Bad Request")) as server, pytest.raises(RecipientError) as raised:
            call_with(session, server)
        assert raised.value.sent_maybe is False

    def test_a_response_without_a_body_is_a_protocol_error(self, session):
        with Faulty(http(b"")) as server, pytest.raises(ProtocolError) as raised:
            call_with(session, server)
        assert raised.value.sent_maybe is True

    def test_too_long_a_response_is_a_protocol_error(self, session):
        with Faulty(http(SENT + b" " * 70_000)) as server, pytest.raises(ProtocolError, match="more than 65,536 bytes"):
            call_with(session, server)


@pytest.mark.parametrize(
    "session", [hooked(reads_content), with_middleware(awaits_read)], ids=["requests", "aiohttp"]
)  # fmt: skip
def test_a_compressed_response_that_was_read_before_is_decompressed_once(session):
    with Faulty(http(gzip.compress(SENT), Content_Encoding="gzip")) as server:
        assert call_with(session, server).tracking_id == "MMS_12345"


def drains(response: Any, **options: Any) -> None:
    for _ in response.iter_content(100):
        pass


def begins(response: Any, **options: Any) -> None:
    response.raw.read(10)


def returns_nothing(response: Any, **options: Any) -> requests.Response:
    empty = requests.Response()
    empty.status_code = 200
    return empty


async def drains_chunks(response: Any) -> None:
    async for _ in response.content.iter_chunked(100):
        pass


@pytest.mark.parametrize(
    "session",
    [hooked(drains), hooked(begins), with_middleware(drains_chunks), with_trace(drains_chunks)],
    ids=["hook, chunks", "hook, beginning", "middleware, chunks", "trace, chunks"],
)
def test_a_response_that_was_consumed_is_an_error_that_says_so(session):
    with Faulty(http(SENT)) as server, pytest.raises(ProtocolError, match="has consumed the response") as raised:
        call_with(session, server)
    assert raised.value.sent_maybe is True


def test_a_hook_that_returns_an_empty_response_is_a_protocol_error():
    with Faulty(http(SENT)) as server, pytest.raises(ProtocolError) as raised:
        call_with(hooked(returns_nothing), server)
    assert raised.value.sent_maybe is True
