"""Whether a gateway answers, whether its clock agrees with this machine's, and whether it knows the key.

Nothing that is requested here can send a message: first the address alone, without a key and without a document; then a list.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple

from ..account import Account
from ..cellcast import Balance, CellcastAccount
from ..client import Client
from ..errors import AuthenticationError, ConfigurationError, MMSError, SkymmsError
from ..http import HttpRequest
from ..model.operations import Operation
from ..model.stored_operations import ListMMS
from ..redaction import masker
from ..transport.errors import no_response
from ..transport.proxies import session_proxies
from ..transport.requests_adapter import DeadlineAdapter
from .doctor_network import trusted_certificates
from .doctor_report import Finding, failure, good, skipped, warning, without_secrets
from .doctor_settings import public_address

#: Seconds by which two clocks may differ, without a remark and without a failure.
_SMALL, _LARGE = 30.0, 300.0


class _Answer(NamedTuple):
    """The answer to a GET of the address: its status, its headers, and when it came on this machine's clock."""

    status: int
    date: str | None
    location: str | None
    at: float


def examine_gateway(account: Account | CellcastAccount, timeout: float, *, has_key: bool) -> Iterator[Finding]:
    """Yield whether the gateway answers, what its clock says, and the result of a request that sends nothing."""
    answer = _request(account.address, timeout)
    if isinstance(answer, str):
        yield failure("reach", answer, "read the text; the checks above say which step works")
        return
    yield _reach(answer, is_all=not has_key or _operation(account) is None)
    yield _clock(answer)
    yield _listing(account, timeout) if has_key else skipped("key at the gateway", "there is no key to try")


# ------------------------------------------------------------------------------------------------ reach


def _request(address: str, timeout: float) -> _Answer | str:
    """Request the address with nothing in it; a text says why there is no answer."""
    import requests

    request = HttpRequest("GET", public_address(address).removesuffix("?…"), {"Accept": "*/*"})
    settings: dict[str, Any] = {
        "proxies": session_proxies(address, {}, use_environment=True),
        "verify": trusted_certificates()[0],
        "cert": None,
    }
    started = time.monotonic()
    with requests.Session() as session:
        session.trust_env = False
        session.mount("https://", DeadlineAdapter())
        session.mount("http://", DeadlineAdapter())
        try:
            with session.get(request.url, timeout=timeout, allow_redirects=False, stream=True, **settings) as response:
                return _Answer(
                    response.status_code, response.headers.get("Date"), response.headers.get("Location"), time.time()
                )
        except (requests.RequestException, OSError) as error:
            return no_response(error, request, started, settings).why


def _reach(answer: _Answer, *, is_all: bool) -> Finding:
    """Judge the answer; ``is_all`` says that no list will be requested, which tells a wrong path from a right one."""
    text = f"HTTP {answer.status} to a request without a key and without a message"
    if answer.location is not None and 300 <= answer.status < 400:
        target = public_address(answer.location)
        return failure(
            "reach",
            f"HTTP {answer.status}: the address redirects to {target}",
            "give that address as --url: skymms follows none",
        )
    if answer.status == 407:
        return failure(
            "reach", f"{text}: the proxy wants a user name", "write them into the proxy's URL: http://user:password@…"
        )
    if answer.status == 404 and is_all:
        return warning(
            "reach", text, "compare --url with the vendor's documents: nothing here can tell whether its path is right"
        )
    if answer.status >= 500:
        return warning("reach", text, "the gateway may have a fault: try again later, and ask its operator")
    return good("reach", text)


def _clock(answer: _Answer) -> Finding:
    try:
        there = parsedate_to_datetime(answer.date or "").timestamp()
    except (ValueError, TypeError, OverflowError):
        return skipped("clock", "the gateway does not say what time it is")
    # Date has whole seconds.
    ahead = answer.at - there - 0.5
    if abs(ahead) <= _SMALL:
        return good("clock", f"within {abs(ahead):.0f} s of the gateway's")
    text = f"this machine is {_span(abs(ahead))} {'ahead of' if ahead > 0 else 'behind'} the gateway"
    fix = "set the clock of this machine, with NTP; if it is right, the gateway's or the proxy's is wrong"
    return (warning if abs(ahead) <= _LARGE else failure)("clock", text, fix)


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.0f} h"


# ------------------------------------------------------------------------------------------------ a request that sends nothing


def _operation(account: Account | CellcastAccount) -> Operation[Any] | None:
    """Return an operation that sends nothing and changes nothing; None if the dialect has none."""
    if isinstance(account, CellcastAccount):
        return Balance()
    return ListMMS() if account.dialect_spec.action(ListMMS) else None


def _listing(account: Account | CellcastAccount, timeout: float) -> Finding:
    check = "key at the gateway"
    operation = _operation(account)
    if operation is None:
        return skipped(check, f"{account.name} has no request that sends nothing, so only a real message would try the key")
    name = type(operation).__name__
    mask = masker(account.api_key)
    try:
        with Client(account, timeout=timeout, retries=0) as client:
            reply: Any = client.call(operation)
    except AuthenticationError as error:
        fix = "check that the key is for this address and this dialect; copy it again from the vendor"
        return failure(check, f"{name}: {without_secrets(_without_remedy(error), mask)}", fix)
    except MMSError as error:
        fix = f"{error.remedy or 'ask the gateway’s support'}"
        return failure(check, f"{name}: {without_secrets(_without_remedy(error), mask)}", fix)
    except ConfigurationError as error:
        return failure(check, f"{name}: {without_secrets(str(error), mask)}", "correct the setting")
    except SkymmsError as error:
        fix = "the address may be wrong: give the gateway's full endpoint as --url"
        return failure(check, f"{name}: {without_secrets(str(error), mask)}", fix)
    listed = "" if isinstance(operation, Balance) else f", {len(reply.mms_ids):,} stored slideshows"
    return good(check, f"accepted: {name} was answered{listed}; nothing was sent")


def _without_remedy(error: MMSError) -> str:
    """Return the text of an error without what to do, which is a line of its own."""
    return error.summary.replace(error.remedy, "").strip() if error.remedy else error.summary
